"""The provider that `docs/writing-providers.md` shows, taken from there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Final

from typing_extensions import override

from core.domain.request import Ask
from core.ports import CredentialProvider
from tests.support.builders import FrozenClock, an_ask
from tests.support.clouds.cloud import Cloud, Trouble
from tests.support.documents import document

DOOR: Final = document("docs/writing-providers.md").blocks("python")[0][1]
"""The code of the module `door_provider`."""


class DoorCloud(Cloud):
    """A directory of badges."""

    def __init__(self, directory: Path) -> None:
        """Build the provider as its own package would."""
        module = ModuleType("door_provider")
        exec(compile(DOOR, "docs/writing-providers.md", "exec"), vars(module))  # noqa: S102  # our own document
        self.clock = FrozenClock()
        self._directory = directory
        self._provider: CredentialProvider = module.from_settings(
            "laboratory",
            {"directory": str(directory), "doors": ["east", "west"]},
            self.clock,
        )

    @property
    @override
    def provider(self) -> CredentialProvider:
        """Return the provider."""
        return self._provider

    @property
    @override
    def ask(self) -> Ask:
        """Return a visit."""
        return an_ask(provider="laboratory", role="visitor", resource_scope="east")

    @override
    async def grants_of(self, requester: str) -> int:
        """Return how many badges name a person."""
        badges = [path.read_text("utf-8") for path in self._directory.iterdir()]
        return sum(f'"{requester}"' in badge for badge in badges)

    @override
    def trouble(self, kind: Trouble, *, calls: int = 1) -> None:
        """Refuse: there is no connection that could be in trouble."""
        message = f"{kind} cannot happen on this machine"
        raise AssertionError(message)


@asynccontextmanager
async def door_cloud() -> AsyncIterator[Cloud]:
    """Yield the documented provider."""
    with TemporaryDirectory() as directory:
        yield DoorCloud(Path(directory))
