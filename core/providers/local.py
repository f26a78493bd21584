"""The provider `local`: visibly fake credentials, for trying jitsudo out."""

from datetime import timedelta
from typing import Final

from typing_extensions import override

from core.domain.grant import GrantOrder, IssuedGrant, Secrets
from core.domain.request import Ask
from core.ports import Clock, CredentialProvider

NAME: Final = "local"


class LocalProvider(CredentialProvider):
    """Grants nothing anywhere; its credentials say so.

    They follow from the request id, so that granting twice grants the same.
    It exists only where the settings enable it.
    """

    def __init__(self, *, clock: Clock) -> None:
        """Keep the clock that grants count by."""
        self._clock = clock
        self._active: dict[str, IssuedGrant] = {}

    @property
    @override
    def name(self) -> str:
        """Return `local`."""
        return NAME

    @override
    def validate(self, ask: Ask) -> None:
        """Accept everything: there is nothing to grant."""

    @override
    def lane(self, requester: str, ask: Ask) -> None:
        """Return None: each request has fake credentials of its own."""

    @override
    async def grant(self, order: GrantOrder) -> IssuedGrant:
        """Return credentials that work nowhere, the same as before if there are."""
        granted = self._active.get(order.request_id)
        if granted is not None:
            return granted
        now = self._clock.now()
        issued = IssuedGrant(
            secrets=Secrets(
                variables={
                    "LOCAL_ACCESS_KEY": f"fake-access-key-{order.request_id}",
                    "LOCAL_SESSION_TOKEN": f"fake-session-token-{order.request_id}",
                    "LOCAL_ROLE": order.role,
                    "LOCAL_SCOPE": order.resource_scope,
                }
            ),
            issued_at=now,
            expires_at=now + timedelta(seconds=order.duration_seconds),
            handle=f"local:{order.request_id}",
        )
        self._active[order.request_id] = issued
        return issued

    @override
    async def revoke(self, order: GrantOrder, handle: str) -> None:
        """Forget the grant."""
        self._active.pop(order.request_id, None)

    @override
    async def is_active(self, order: GrantOrder, handle: str) -> bool:
        """Tell whether this process granted it and nobody ended it."""
        return order.request_id in self._active

    @override
    async def check(self) -> str:
        """Return that there is nothing to reach."""
        return "fake credentials, on this machine"

    @override
    async def close(self) -> None:
        """Close nothing."""
