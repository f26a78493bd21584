"""What the services need from outside the database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.clock import Deadline
from core.domain.grant import GrantOrder, IssuedGrant, Secrets
from core.domain.identity import GroupsFrom, SignedIn
from core.domain.policy import PolicyAnswer, PolicyHealth, PolicyQuestion
from core.domain.request import Ask
from core.vocabulary import (
    RequestId,
)


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present time, aware, UTC."""
        ...


class PolicyEngine(Protocol):
    """Answers policy questions; an unclear answer is an error, never a yes."""

    async def ask(
        self, question: PolicyQuestion, deadline: Deadline | None = None
    ) -> PolicyAnswer:
        """Answer one question.

        Raises:
            PolicyUnavailable: no answer, or not one that is well formed.
        """
        ...

    async def health(self) -> PolicyHealth:
        """Tell whether questions can be answered; raises nothing."""
        ...

    async def reload(self) -> PolicyHealth:
        """Look for a newer policy now, and tell what is in force then.

        Raises:
            PolicyUnavailable: what is there cannot be loaded; the policy before
                it stays in force.
        """
        ...

    async def close(self) -> None:
        """End connections and child processes."""
        ...


class CredentialProvider(Protocol):
    """Makes and ends grants; idempotent by request id.

    A call may be repeated, also after it was done and its answer lost. What
    requests of the same lane are asked for is never in flight together.
    """

    @property
    def name(self) -> str:
        """Return the name requests use."""
        ...

    def lane(self, requester: str, ask: Ask) -> str | None:
        """Return what only one job at a time may change in the cloud.

        Such as one person's assignment of one role, which every request for it
        shares. None where each request has a grant of its own.
        """
        ...

    def validate(self, ask: Ask) -> None:
        """Refuse what could never be granted.

        Raises:
            Invalid: naming the field.
        """
        ...

    async def grant(self, order: GrantOrder) -> IssuedGrant:
        """Grant, or return the grant made before for this request.

        Raises:
            ProviderFailed: it was not granted, or nobody knows.
        """
        ...

    async def revoke(self, order: GrantOrder, handle: str) -> None:
        """End the grant; returns when that is confirmed, also if there is none.

        A grant whose natural end has passed needs no call where the cloud ends it.

        Args:
            handle: from `IssuedGrant`; empty where the grant's answer was lost.

        Raises:
            ProviderFailed: it may still be in force.
        """
        ...

    async def is_active(self, order: GrantOrder, handle: str) -> bool:
        """Tell whether the grant is in force.

        Raises:
            ProviderFailed: the provider does not say.
        """
        ...

    async def check(self) -> str:
        """Return who jitsudo is there, such as an account's name; changes nothing.

        Raises:
            ProviderFailed: it cannot be reached, or takes no credentials of ours.
        """
        ...

    async def close(self) -> None:
        """Close connections; the provider is not used any more."""
        ...


class Sealer(Protocol):
    """Encrypts credentials, bound to their request."""

    def seal(self, request_id: RequestId, secrets: Secrets) -> bytes:
        """Return ciphertext that names its request inside."""
        ...

    def open(self, request_id: RequestId, sealed: bytes) -> Secrets:
        """Return what was sealed.

        Raises:
            ConfigurationError: no key fits, or it is another request's.
        """
        ...


class Directory(Protocol):
    """Who is in which group, now."""

    async def groups_of(self, email: str) -> frozenset[str]:
        """Return the groups of a person; none for a stranger.

        Raises:
            DirectoryUnavailable: the groups cannot be read.
        """
        ...

    async def knows(self, email: str) -> bool:
        """Tell whether a person is in any group; a stranger is in none.

        Raises:
            DirectoryUnavailable: the groups cannot be read.
        """
        ...

    async def members_of(self, group: str) -> tuple[str, ...]:
        """Return the e-mails in a group, in alphabetical order; empty if unknown.

        Raises:
            DirectoryUnavailable: the groups cannot be read.
        """
        ...

    async def slack_handle_of(self, group: str) -> str | None:
        """Return the id of the group's Slack user group, `S…`, if it has one.

        Raises:
            DirectoryUnavailable: the groups cannot be read.
        """
        ...

    async def explain(self, email: str) -> tuple[GroupsFrom, ...]:
        """Return what each source says of a person; their groups are the union.

        Raises:
            DirectoryUnavailable: the groups cannot be read.
        """
        ...


class Workplace(Protocol):
    """Where people are reached, such as Slack: who can act there, and where."""

    async def why_unreachable(self, email: str) -> str | None:
        """Return why a person cannot act there; None if they can.

        Not for decisions: what it says may be minutes old.

        Raises:
            DependencyError: it does not say.
        """
        ...

    async def why_unpostable(self, channel: str | None) -> str | None:
        """Return why no card can go to a channel; None if it can.

        Args:
            channel: None is the configured one.

        Raises:
            DependencyError: it does not say.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Outside:
    """What a front end lends to core; a process without it does without.

    Attributes:
        slack_groups: who is in which Slack user group.
        workplace: who can be reached.
    """

    slack_groups: Directory | None = None
    workplace: Workplace | None = None


class IdTokens(Protocol):
    """Believes ID tokens of one identity provider, or does not."""

    @property
    def refresh_failures(self) -> int:
        """Return how often this process asked for keys and did not get them."""
        ...

    async def verify(self, token: str, deadline: Deadline | None) -> SignedIn:
        """Return what a token says of its person.

        Raises:
            NotAuthenticated: it is not the issuer's, not for us, not valid now, or
                its e-mail is not verified.
            IssuerUnavailable: it could be, but the issuer's keys cannot be had.
        """
        ...

    async def check(self) -> str:
        """Ask the issuer for its keys now; return who it is and how many there are.

        Raises:
            ConfigurationError: it does not answer, or not as itself; with the
                setting that says where it is.
        """
        ...

    async def close(self) -> None:
        """Close connections; nothing is verified any more."""
        ...
