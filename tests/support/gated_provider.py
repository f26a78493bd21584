"""Somebody else's provider: its cloud is a directory, and files stop its calls.

The server under test loads it by an entry point. Its cloud outlives the server, and
a test can have a call wait at a named point, so as to kill the server exactly there.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from typing_extensions import override

from core.domain.grant import GrantOrder, IssuedGrant, Secrets
from core.domain.request import Ask
from core.errors import ProviderFailed
from core.ports import Clock, CredentialProvider

LOOK_SECONDS: Final = 0.02


def build(name: str, part: Mapping[str, object], clock: Clock) -> CredentialProvider:
    """Return the provider; its one setting is the `directory` of its cloud."""
    return GatedProvider(name, Path(str(part["directory"])), clock)


class GatedProvider(CredentialProvider):
    """Grants by writing a file and revokes by removing it."""

    def __init__(self, name: str, directory: Path, clock: Clock) -> None:
        """Work in the directories that `tests.support.gates.Cloud` made."""
        self._name = name
        self._directory = directory
        self._clock = clock

    @property
    @override
    def name(self) -> str:
        """Return what the settings call it."""
        return self._name

    @override
    def validate(self, ask: Ask) -> None:
        """Accept everything."""

    @override
    def lane(self, requester: str, ask: Ask) -> None:
        """Return None: each grant is a file of its own."""

    @override
    async def grant(self, order: GrantOrder) -> IssuedGrant:
        """Write the file, unless it is there."""
        await self._pass("grant", order)
        self._endure()
        path = self._path(order)
        if not path.exists():
            ends = self._clock.now() + timedelta(seconds=order.duration_seconds)
            path.write_text(ends.isoformat())
            self._note("granted", order)
        ends = datetime.fromisoformat(path.read_text())
        await self._pass("granted", order)
        return IssuedGrant(
            secrets=Secrets(variables={"GATED_KEY": f"key-of-{order.request_id}"}),
            issued_at=ends - timedelta(seconds=order.duration_seconds),
            expires_at=ends,
            handle=path.name,
        )

    @override
    async def revoke(self, order: GrantOrder, handle: str) -> None:
        """Remove the file, if it is there."""
        await self._pass("revoke", order)
        self._endure()
        path = self._path(order)
        if path.exists():
            path.unlink()
            self._note("revoked", order)
        await self._pass("revoked", order)

    @override
    async def is_active(self, order: GrantOrder, handle: str) -> bool:
        """Tell whether the file is there."""
        return self._path(order).exists()

    @override
    async def check(self) -> str:
        """Return whose cloud it is."""
        return "a directory"

    @override
    async def close(self) -> None:
        """Close nothing."""

    def _path(self, order: GrantOrder) -> Path:
        return self._directory / "grants" / order.request_id

    def _note(self, what: str, order: GrantOrder) -> None:
        with (self._directory / "history").open("a") as history:
            history.write(json.dumps([what, order.request_id]) + "\n")

    def _endure(self) -> None:
        trouble = self._directory / "trouble"
        if trouble.exists():
            raise ProviderFailed(provider=self.name, why=trouble.read_text())

    async def _pass(self, point: str, order: GrantOrder) -> None:
        """Note that a call came here, and wait while there is a gate."""
        self._note(f"at {point}", order)
        gate = self._directory / "gates" / f"{point}-{order.request_id}"
        while gate.exists():
            gate.with_suffix(".reached").touch()
            await asyncio.sleep(LOOK_SECONDS)
