"""Encrypts stored credentials anew, so that an old key can be taken away."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from core.errors import ConfigurationError
from core.ports import Sealer, Store, UnitOfWork
from core.services.reading import lock_request
from core.services.transactions import in_transaction
from core.vocabulary import RequestId

_PAGE: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Rotation:
    """How far a rotation came.

    Attributes:
        resealed: credentials that the first key opens now.
        unreadable: requests whose credentials no key opens.
    """

    resealed: int
    unreadable: tuple[RequestId, ...]


class Rotate:
    """Seals every stored credential with the first key."""

    def __init__(self, *, store: Store, sealer: Sealer) -> None:
        """Keep what rotating needs."""
        self._store = store
        self._sealer = sealer

    async def run(self, *, told: Callable[[int], None] | None = None) -> Rotation:
        """Reseal what is there, one transaction each; may be run again.

        Args:
            told: called with how many were looked at so far, after each.

        Raises:
            StoreUnavailable: what was resealed stays so; run it again.
        """
        resealed = seen = 0
        unreadable: list[RequestId] = []
        after: RequestId | None = None
        while True:
            async with self._store.snapshot() as uow:
                page = await uow.grants.sealed(after=after, limit=_PAGE)
            for request_id in page:
                try:
                    resealed += await self._reseal(request_id)
                except ConfigurationError:
                    unreadable.append(request_id)
                seen += 1
                if told is not None:
                    told(seen)
            if len(page) < _PAGE:
                return Rotation(resealed=resealed, unreadable=tuple(unreadable))
            after = page[-1]

    async def _reseal(self, request_id: RequestId) -> bool:
        async def work(uow: UnitOfWork) -> bool:
            await lock_request(uow, request_id)
            grant = await uow.grants.get(request_id)
            if grant is None or grant.sealed_credentials is None:
                return False  # it ended meanwhile
            secrets = self._sealer.open(request_id, grant.sealed_credentials)
            sealed = self._sealer.seal(request_id, secrets)
            await uow.grants.put(replace(grant, sealed_credentials=sealed))
            return True

        return await in_transaction(self._store, work)
