"""The provider `azure` in front of a stand-in of Azure and Graph."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from typing_extensions import override

from core.domain.request import Ask
from core.providers.azure import AzureProvider
from core.providers.azure_parts import to_azure
from core.providers.azure_settings import AzureSettings
from tests.support.builders import FrozenClock, an_ask
from tests.support.clouds.cloud import Cloud, Trouble
from tests.support.clouds.microsoft import Microsoft
from tests.support.clouds.microsoft_state import PEOPLE, SUBSCRIPTION

_FAR: Final = 4_000_000_000


class GivenCredential(AsyncTokenCredential):
    """Gives tokens that the stand-in takes, or raises what it was told to."""

    def __init__(self) -> None:
        """Give tokens."""
        self.error: Exception | None = None

    @override
    async def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        """Return a token that names what it is for."""
        if self.error is not None:
            raise self.error
        return AccessToken(f"a token for {scopes[0]}", _FAR)

    @override
    async def close(self) -> None:
        """Close nothing."""

    @override
    async def __aexit__(self, *details: object) -> None:
        """Close nothing."""


class AzureCloud(Cloud):
    """One subscription, in which jitsudo may assign roles."""

    def __init__(self, microsoft: Microsoft) -> None:
        """Build the provider as settings do, with a credential of the test's."""
        self.clock = FrozenClock()
        self.microsoft: Final = microsoft
        self.credential: Final = GivenCredential()
        self._provider = self.a_provider()

    def a_provider(self, **settings: object) -> AzureProvider:
        """Return a provider in front of the same stand-in."""
        own = AzureSettings.model_validate(
            {
                "arm_endpoint": self.microsoft.manager_url,
                "graph_endpoint": self.microsoft.graph_url,
                **settings,
            }
        )
        azure = to_azure(
            name="azure", settings=own, credential=self.credential, clock=self.clock
        )
        return AzureProvider(
            name="azure", azure=azure, clock=self.clock, pauses=(0.0, 0.0)
        )

    @property
    @override
    def provider(self) -> AzureProvider:
        """Return the provider."""
        return self._provider

    @property
    @override
    def ask(self) -> Ask:
        """Return a built-in role in a subscription."""
        return an_ask(
            provider="azure",
            role="Reader",
            resource_scope=SUBSCRIPTION,
            duration=timedelta(hours=1),
        )

    @override
    async def grants_of(self, requester: str) -> int:
        """Return how many assignments a person has."""
        return sum(
            assignment["principalId"] == PEOPLE[requester]
            for assignment in self.microsoft.access.assignments.values()
        )

    @override
    def trouble(self, kind: Trouble, *, calls: int = 1) -> None:
        """Have the stand-in end its next calls so."""
        self.microsoft.trouble(kind, calls=calls)


@asynccontextmanager
async def azure_cloud() -> AsyncIterator[AzureCloud]:
    """Yield the provider `azure`, with nobody elevated."""
    microsoft = Microsoft()
    async with microsoft.open():
        yield AzureCloud(microsoft)
