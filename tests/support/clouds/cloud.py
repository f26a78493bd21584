"""What the contract suite wants of every cloud: orders, and trouble on demand."""

from datetime import timedelta
from enum import Enum, auto
from typing import Protocol

from core.domain.grant import GrantOrder
from core.domain.request import Ask
from core.ports import CredentialProvider
from core.vocabulary import RequestId
from tests.support.builders import ALICE, FrozenClock, a_request_id


class Trouble(Enum):
    """How the cloud's next call ends."""

    THROTTLED = auto()
    """It asks to slow down, and does nothing."""
    EXPIRED_CREDENTIALS = auto()
    """It does not take jitsudo's own credentials, and does nothing."""
    DOWN = auto()
    """The connection breaks before anything is done."""
    LOST_ANSWER = auto()
    """It does what is asked, and the connection breaks before the answer."""


class Cloud(Protocol):
    """A provider, and the stand-in that it talks to over HTTP."""

    clock: FrozenClock

    @property
    def provider(self) -> CredentialProvider:
        """Return the provider, as settings build it."""
        ...

    @property
    def ask(self) -> Ask:
        """Return what can be granted."""
        ...

    async def grants_of(self, requester: str) -> int:
        """Return how many grants of ours the cloud itself has for a person.

        For a cloud that has nothing to look at but what it was told to refuse,
        how many of the sessions it gave out it would still accept.
        """
        ...

    def trouble(self, kind: Trouble, *, calls: int = 1) -> None:
        """Make the next calls that change or read anything end so."""
        ...


def an_order(
    cloud: Cloud,
    *,
    request_id: RequestId | None = None,
    requester: str = ALICE,
    attempt: int = 1,
    is_shared: bool = False,
    duration: timedelta | None = None,
    role: str | None = None,
    scope: str | None = None,
    reason: str | None = None,
) -> GrantOrder:
    """Return alice's order for what can be granted."""
    ask = cloud.ask
    duration = duration or ask.duration
    return GrantOrder(
        request_id=request_id or a_request_id(),
        requester=requester,
        role=role or ask.role,
        resource_scope=scope or ask.resource_scope,
        duration_seconds=int(duration.total_seconds()),
        reason=ask.reason if reason is None else reason,
        attempt=attempt,
        is_shared=is_shared,
    )
