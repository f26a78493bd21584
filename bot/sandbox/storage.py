"""Keeping the workspace in a file, so that a restart shows what was said."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from bot.sandbox.messages import Conversation, Ephemeral
from bot.sandbox.people import Person
from bot.sandbox.user_groups import UserGroup
from bot.sandbox.workspace import Workspace


@dataclass(kw_only=True, slots=True)
class _Kept:
    people: dict[str, Person]
    conversations: dict[str, Conversation]
    ephemerals: dict[str, list[Ephemeral]]
    user_groups: dict[str, UserGroup] = field(default_factory=dict)


_KEPT: Final = TypeAdapter(_Kept)


class BrokenData(Exception):
    """The file is not one that the sandbox has written."""

    def __init__(self, path: Path) -> None:
        """Name the file and the way out."""
        super().__init__(f"{path} cannot be read; move it away to start empty")


class Storage:
    """Writes the workspace to a file at every change, before the change is answered.

    Whoever was answered may rely on it: an app that keeps what it has shown
    would otherwise, after a crash of both, believe in messages that are gone.
    """

    def __init__(self, workspace: Workspace, path: Path) -> None:
        """Keep `workspace` in `path`."""
        self._workspace = workspace
        self._path = path
        self._saved_version = 0
        self._is_loaded = False

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
        self._workspace.user_groups.update(kept.user_groups)
        self._is_loaded = True

    def save(self) -> None:
        """Write the file anew; it is whole at every moment.

        What could not be read is never written over.
        """
        workspace = self._workspace
        if not self._is_loaded or self._saved_version == workspace.changes.version:
            return
        kept = _Kept(
            people=workspace.people,
            conversations=workspace.conversations,
            ephemerals=workspace.ephemerals,
            user_groups=workspace.user_groups,
        )
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_name(f".{self._path.name}.new")
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(_KEPT.dump_json(kept))
        new.replace(self._path)
        self._saved_version = workspace.changes.version
