"""Keeps an identity provider's public keys where a restart finds them again."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

import structlog

from core.domain.identity import PublishedKeys
from core.errors import DependencyError, Invalid, OutcomeUnknown
from core.ports import Store
from core.wire.parsing import parse_json

JsonKeys: TypeAlias = Sequence[Mapping[str, object]]
"""Keys as the issuer publishes them, without what is not public."""

_log = structlog.get_logger()


class KeptKeys:
    """One issuer's keys in the database, shared by every server.

    They make nobody wait and refuse nobody: what cannot be kept is logged, and
    what cannot be read is not there.
    """

    def __init__(self, *, store: Store, issuer: str) -> None:
        """Keep where to look."""
        self._store: Final = store
        self._issuer: Final = issuer

    async def keep(self, keys: JsonKeys, *, at: datetime) -> None:
        """Remember what the issuer published.

        Args:
            at: when it was asked.
        """
        published = PublishedKeys(
            issuer=self._issuer,
            document=json.dumps([dict(key) for key in keys]),
            fetched_at=at,
        )
        try:
            async with self._store.transaction() as uow:
                await uow.issuer_keys.put(published)
                await uow.commit()
        except (DependencyError, OutcomeUnknown) as error:
            _log.warning("issuer_keys_not_kept", error=error.code)

    async def recall(self) -> tuple[list[object], datetime] | None:
        """Return what was published last, and when it was asked for."""
        try:
            async with self._store.snapshot() as uow:
                kept = await uow.issuer_keys.of(self._issuer)
            if kept is None:
                return None
            keys = parse_json("keys", kept.document)
        except (DependencyError, Invalid) as error:
            _log.warning("issuer_keys_not_recalled", error=error.code)
            return None
        return (keys, kept.fetched_at) if isinstance(keys, list) else None
