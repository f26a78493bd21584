"""A credential provider that fails, hangs or loses its answer on demand."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from enum import Enum, auto
from typing import Any, TypeAlias

from typing_extensions import override

from core.domain.grant import GrantOrder, IssuedGrant, Secrets
from core.domain.request import Ask
from core.errors import ProviderFailed
from core.ports import Clock, CredentialProvider

SECRET = "s3cret-value"

Distort: TypeAlias = Callable[[IssuedGrant], Any]
"""Makes of a sound answer what a test wants the provider to answer."""


class Mood(Enum):
    """How a call ends."""

    WORK = auto()
    FAIL = auto()
    """It refuses; nothing is granted or ended."""
    HANG = auto()
    """It never answers; nothing is granted or ended."""
    LOSE_ANSWER = auto()
    """It does what was asked, and its answer is lost."""
    CRASH = auto()
    """It raises what nobody foresaw."""


class ScriptedProvider(CredentialProvider):
    """The provider `local` of a test; knows what is in force at the other side."""

    def __init__(self, *, clock: Clock) -> None:
        """Work until told otherwise."""
        self._clock = clock
        self.mood = Mood.WORK
        self.grants: list[str] = []
        self.revocations: list[str] = []
        self.handles: list[str] = []
        self.why = "throttled"
        self.in_force: dict[str, IssuedGrant] = {}
        self.shared_lane: str | None = None
        self.forgets_to_end = False
        self.distort: Distort = lambda issued: issued
        self.ordered: list[GrantOrder] = []
        self.ended: list[GrantOrder] = []
        self.has_granted = asyncio.Event()
        self.before_answering: asyncio.Event | None = None
        self.was_asked_to_end = asyncio.Event()

    @property
    @override
    def name(self) -> str:
        """Return `local`."""
        return "local"

    @override
    def validate(self, ask: Ask) -> None:
        """Accept everything."""

    @override
    def lane(self, requester: str, ask: Ask) -> str | None:
        """Return what the test says that requests share."""
        return self.shared_lane

    @override
    async def grant(self, order: GrantOrder) -> IssuedGrant:
        """Grant, or return the grant made before."""
        self.grants.append(order.request_id)
        self.ordered.append(order)
        await self._endure()
        now = self._clock.now()
        issued = self.in_force.setdefault(
            order.request_id,
            IssuedGrant(
                secrets=Secrets(variables={"KEY": SECRET}),
                issued_at=now,
                expires_at=now + timedelta(seconds=order.duration_seconds),
                handle=f"handle-{order.request_id}",
            ),
        )
        self._lose()
        self.has_granted.set()
        if self.before_answering is not None:
            await self.before_answering.wait()
        answer: IssuedGrant = self.distort(issued)
        return answer

    @override
    async def revoke(self, order: GrantOrder, handle: str) -> None:
        """End the grant, if there is one."""
        self.revocations.append(order.request_id)
        self.handles.append(handle)
        self.was_asked_to_end.set()
        await self._endure()
        self.ended.append(order)
        if not self.forgets_to_end:
            self.in_force.pop(order.request_id, None)
        self._lose()

    @override
    async def is_active(self, order: GrantOrder, handle: str) -> bool:
        """Tell whether the grant is in force."""
        return order.request_id in self.in_force

    @override
    async def check(self) -> str:
        """Return who we are there."""
        await self._endure()
        return "a test"

    @override
    async def close(self) -> None:
        """Close nothing."""

    async def _endure(self) -> None:
        if self.mood is Mood.FAIL:
            raise ProviderFailed(provider=self.name, why=self.why)
        if self.mood is Mood.CRASH:
            message = f"unforeseen, with {SECRET}"
            raise RuntimeError(message)
        if self.mood is Mood.HANG:
            await asyncio.Event().wait()

    def _lose(self) -> None:
        if self.mood is Mood.LOSE_ANSWER:
            raise ProviderFailed(provider=self.name, why="the answer was lost")
