"""The provider `gcp` in front of a stand-in of Google."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from typing_extensions import override

from core.domain.request import Ask
from core.providers.gcp import GcpProvider, from_settings
from tests.support.builders import FrozenClock, an_ask
from tests.support.clouds.cloud import Cloud, Trouble
from tests.support.clouds.google import Google
from tests.support.clouds.google_policies import PROJECT

TITLE: Final = "jitsudo-req_"


class GcpCloud(Cloud):
    """One project, in which the service account of a key may change the policy."""

    def __init__(self, google: Google, key_file: Path) -> None:
        """Build the provider as a settings file would."""
        self.clock = FrozenClock()
        self.google: Final = google
        self.settings: Final[dict[str, object]] = {
            "endpoint": google.url,
            "service_account_file": str(key_file),
        }
        self._provider = from_settings("gcp", self.settings, self.clock)

    @property
    @override
    def provider(self) -> GcpProvider:
        """Return the provider."""
        return self._provider

    @property
    @override
    def ask(self) -> Ask:
        """Return a predefined role, as people write it."""
        return an_ask(
            provider="gcp",
            role="storage.objectViewer",
            resource_scope=PROJECT,
            duration=timedelta(hours=1),
        )

    @override
    async def grants_of(self, requester: str) -> int:
        """Return how many bindings of ours a person has."""
        return sum(
            f"user:{requester}" in binding["members"]
            and binding.get("condition", {}).get("title", "").startswith(TITLE)
            for binding in self.google.policies.bindings()
        )

    @override
    def trouble(self, kind: Trouble, *, calls: int = 1) -> None:
        """Have the stand-in end its next calls so."""
        self.google.trouble(kind, calls=calls)


@asynccontextmanager
async def gcp_cloud() -> AsyncIterator[GcpCloud]:
    """Yield the provider `gcp`, with nobody elevated."""
    google = Google()
    with TemporaryDirectory() as folder:
        key_file = Path(folder) / "key.json"
        async with google.open():
            key_file.write_text(google.key_file(), encoding="utf-8")
            yield GcpCloud(google, key_file)
