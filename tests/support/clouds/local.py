"""The provider `local`, whose cloud is its own memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from typing_extensions import override

from core.domain.request import Ask
from core.providers.local import LocalProvider
from tests.support.builders import FrozenClock, an_ask
from tests.support.clouds.cloud import Cloud, Trouble


class LocalCloud(Cloud):
    """Nothing that could be down."""

    def __init__(self) -> None:
        """Begin without grants."""
        self.clock = FrozenClock()
        self._provider = LocalProvider(clock=self.clock)

    @property
    @override
    def provider(self) -> LocalProvider:
        """Return the provider."""
        return self._provider

    @property
    @override
    def ask(self) -> Ask:
        """Return anything: it grants everything."""
        return an_ask()

    @override
    async def grants_of(self, requester: str) -> int:
        """Return how many grants the provider remembers."""
        return len(self._provider._active)

    @override
    def trouble(self, kind: Trouble, *, calls: int = 1) -> None:
        """Refuse: `local` calls nobody who could be in trouble."""
        message = f"{kind} cannot happen on this machine"
        raise AssertionError(message)


@asynccontextmanager
async def local_cloud() -> AsyncIterator[Cloud]:
    """Yield the provider `local`."""
    yield LocalCloud()
