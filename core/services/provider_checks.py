"""Asks every provider who jitsudo is there; for `jitsudo server check`."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import ProviderFailed
from core.ports import CredentialProvider
from core.services.provider_calls import presentable


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderAnswer:
    """Whether a provider can be used, and who we are there or what to do."""

    is_usable: bool
    detail: str


class ProviderChecks:
    """Asks all of them at once, each within a call's time."""

    def __init__(
        self, providers: Mapping[str, CredentialProvider], *, call_seconds: float
    ) -> None:
        """Keep the providers by name."""
        self._providers = providers
        self._call_seconds = call_seconds

    async def run(self) -> dict[str, ProviderAnswer]:
        """Return every provider's answer by its name; raises nothing."""
        async with asyncio.TaskGroup() as group:
            asked = {
                name: group.create_task(self._ask(provider))
                for name, provider in self._providers.items()
            }
        return {name: task.result() for name, task in asked.items()}

    async def _ask(self, provider: CredentialProvider) -> ProviderAnswer:
        try:
            async with asyncio.timeout(self._call_seconds):
                detail = await provider.check()
        except ProviderFailed as error:
            return ProviderAnswer(is_usable=False, detail=presentable(error.why))
        except TimeoutError:
            return ProviderAnswer(is_usable=False, detail="it did not answer")
        except Exception as error:  # noqa: BLE001  # somebody else's code; see below
            # A provider may come from anybody, and the other parts are to be
            # told all the same. Nobody vouches that its text has no secret.
            what = f"unexpected {type(error).__name__}"
            return ProviderAnswer(is_usable=False, detail=what)
        return ProviderAnswer(is_usable=True, detail=presentable(detail))
