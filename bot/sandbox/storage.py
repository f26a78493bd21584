"""Keeping the workspace in a file, so that a restart shows what was said."""

import asyncio
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from bot.sandbox.messages import Conversation, Ephemeral
from bot.sandbox.people import Person
from bot.sandbox.workspace import Workspace

_SECONDS_BETWEEN: Final = 0.5


@dataclass(kw_only=True, slots=True)
class _Kept:
    people: dict[str, Person]
    conversations: dict[str, Conversation]
    ephemerals: dict[str, list[Ephemeral]]


_KEPT: Final = TypeAdapter(_Kept)


class BrokenData(Exception):
    """The file is not one that the sandbox has written."""

    def __init__(self, path: Path) -> None:
        """Name the file and the way out."""
        super().__init__(f"{path} cannot be read; move it away to start empty")


class Storage:
    """Writes the workspace to a file, at most twice a second."""

    def __init__(self, workspace: Workspace, path: Path) -> None:
        """Keep `workspace` in `path`."""
        self._workspace = workspace
        self._path = path
        self._saved_version = 0
        self._is_loaded = False
        self._timer: asyncio.TimerHandle | None = None

    def load(self) -> None:
        """Take over what the file holds, if there is one.

        Raises:
            BrokenData: it cannot be read.
        """
        if not self._path.exists():
            self._is_loaded = True
            return
        try:
            kept = _KEPT.validate_json(self._path.read_bytes())
        except ValidationError as error:
            raise BrokenData(self._path) from error
        self._workspace.people.update(kept.people)
        self._workspace.conversations.update(kept.conversations)
        self._workspace.ephemerals.update(kept.ephemerals)
        self._is_loaded = True

    def save(self) -> None:
        """Write the file anew; it is whole at every moment.

        What could not be read is never written over.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        workspace = self._workspace
        if not self._is_loaded or self._saved_version == workspace.changes.version:
            return
        self._saved_version = workspace.changes.version
        kept = _Kept(
            people=workspace.people,
            conversations=workspace.conversations,
            ephemerals=workspace.ephemerals,
        )
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".sandbox-")
        with os.fdopen(handle, "wb") as file:
            file.write(_KEPT.dump_json(kept))
        Path(name).replace(self._path)

    def save_soon(self) -> None:
        """Save in a moment; further changes until then are saved with it."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(_SECONDS_BETWEEN, self.save)
