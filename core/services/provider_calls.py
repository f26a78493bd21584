"""Calls credential providers: within a time, and whatever they raise is a failure."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final, TypeVar

import structlog

from core.domain.grant import GrantOrder, IssuedGrant, Secrets
from core.errors import ProviderFailed
from core.ports import CredentialProvider

T = TypeVar("T")

WHY_LIMIT: Final = 300
"""Characters of a provider's answer that are kept; a card shows them."""

PREPARING_SECONDS: Final = 5.0
"""How long the database may take before a call, so that the lease outlasts it."""

_HALVES: Final = re.compile("[\ud800-\udfff]")
"""Halves of characters; no encoding has them."""

_log = structlog.get_logger()


class ProviderCalls:
    """The one way from a job to a provider."""

    def __init__(
        self, providers: Mapping[str, CredentialProvider], *, call_seconds: float
    ) -> None:
        """Keep the providers by name.

        Args:
            call_seconds: one call; with `PREPARING_SECONDS` shorter than a lease.
        """
        self._providers = providers
        self._call_seconds = call_seconds

    async def grant(self, order: GrantOrder, *, provider: str) -> IssuedGrant:
        """Have a provider grant.

        Raises:
            ProviderFailed: it was not granted, or nobody knows, or what it
                answered is no grant that could be stored and used.
        """

        async def act(asked: CredentialProvider) -> IssuedGrant:
            issued = await asked.grant(order)
            if not _is_sound(issued):
                raise ProviderFailed(
                    provider=asked.name, why="its answer is no grant that can be used"
                )
            return issued

        return await self._call(provider, act)

    async def end(
        self, order: GrantOrder, *, provider: str, handle: str, is_early: bool
    ) -> None:
        """Have a provider end what it granted.

        Args:
            is_early: before its time, so the provider is asked once more whether
                it really is over; not where another request keeps it alive.

        Raises:
            ProviderFailed: it may still be in force.
        """

        async def act(asked: CredentialProvider) -> None:
            await asked.revoke(order, handle)
            if not is_early or order.is_shared:
                return
            if await asked.is_active(order, handle):
                raise ProviderFailed(provider=asked.name, why="it is still in force")

        await self._call(provider, act)

    async def _call(
        self,
        name: str,
        act: Callable[[CredentialProvider], Awaitable[T]],
    ) -> T:
        provider = self._providers.get(name)
        if provider is None:
            raise ProviderFailed(provider=name, why="it is not configured any more")
        try:
            async with asyncio.timeout(self._call_seconds):
                return await act(provider)
        except ProviderFailed as error:
            raise ProviderFailed(provider=name, why=presentable(error.why)) from error
        except TimeoutError as error:
            raise ProviderFailed(provider=name, why="it did not answer") from error
        except Exception as error:  # noqa: BLE001  # somebody else's code; see below
            # A provider may come from anybody. Whatever it raises has to reach
            # the card as a failure: until then it says that the grant is on its
            # way. The text stays out, since nobody vouches that it has no secret.
            what = type(error).__name__
            _log.error("provider_crashed", provider=name, error=what)
            raise ProviderFailed(provider=name, why=f"unexpected {what}") from None


def _is_sound(issued: object) -> bool:
    """Tell whether a provider's answer is what its type says, all the way down."""
    match issued:
        case IssuedGrant(
            secrets=Secrets(variables=Mapping() as variables, files=Mapping() as files),
            issued_at=datetime() as begins,
            expires_at=datetime() as ends,
            handle=str() as handle,
        ):
            texts = [handle, *_flat(variables), *_flat(files)]
        case _:
            return False
    if begins.utcoffset() is None or ends.utcoffset() is None or ends <= begins:
        return False
    return all(_is_text(text) for text in texts)


def _flat(pairs: Mapping[object, object]) -> list[object]:
    return [text for pair in pairs.items() for text in pair]


def _is_text(text: object) -> bool:
    """Tell whether something can be stored, and handed on to a process."""
    return isinstance(text, str) and "\0" not in text and not _HALVES.search(text)


def presentable(why: str) -> str:
    """Return a provider's words as one clipped line that can be stored and shown."""
    line = "".join(c if c.isprintable() else " " for c in why)
    return " ".join(line.split())[:WHY_LIMIT] or "it gave no reason"
