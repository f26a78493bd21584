"""What the Slack front end needs of a jitsudo process: `core.wiring.Jitsudo` fits."""

from collections.abc import Mapping
from typing import Protocol

from core.approvals import Approvals
from core.clock import Deadline
from core.domain.identity import LinkCode, SlackAccount
from core.domain.principal import Actor
from core.ports import Clock, Directory, Store
from core.services.sign_in_consent import BoundConsent
from core.services.signal import Signal
from core.vocabulary import RequestId, Verdict


class JitsudoPort(Protocol):
    """One process's approvals, and what is read to show them."""

    @property
    def clock(self) -> Clock:
        """Return the clock."""
        ...

    @property
    def store(self) -> Store:
        """Return the database."""
        ...

    @property
    def directory(self) -> Directory:
        """Return who is in which group."""
        ...

    @property
    def signal(self) -> Signal:
        """Return what is rung after a commit that enqueued jobs."""
        ...

    def acting(self, actor: Actor, *, deadline: Deadline) -> Approvals:
        """Return the approvals of one actor; nothing begins after the deadline."""
        ...

    def consenting(self, actor: Actor, *, deadline: Deadline) -> BoundConsent:
        """Return what lets one person sign in a terminal."""
        ...

    async def recognise(
        self,
        account: SlackAccount,
        email: str,
        *,
        evidence: Mapping[str, str],
        deadline: Deadline,
        request_id: RequestId | None = None,
        verdict: Verdict | None = None,
    ) -> Actor:
        """Return the actor behind an account that Slack has vouched for.

        Raises:
            NotAuthenticated: the account is not linked so; it is audited.
        """
        ...

    async def offer_link(
        self,
        account: SlackAccount,
        email: str,
        *,
        evidence: Mapping[str, str],
        deadline: Deadline,
    ) -> LinkCode | None:
        """Return a code that links an account to whoever signs in and names it.

        Returns:
            None where it is linked so already.

        Raises:
            RefusedError: it cannot be linked, and why.
        """
        ...

    async def refuse_stranger(
        self,
        *,
        actor: str,
        request_id: RequestId | None,
        verdict: Verdict | None,
        code: str,
        why: str,
        evidence: Mapping[str, str],
        is_submission: bool = False,
    ) -> None:
        """Record that somebody who is not known was refused."""
        ...
