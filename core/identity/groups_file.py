"""Groups from a YAML file, read again whenever it changes."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from typing_extensions import override

from core.domain.identity import GroupsFrom
from core.domain.principal import normalise_email
from core.errors import DirectoryUnavailable, Invalid
from core.ports import Directory
from core.vocabulary import GroupSource

MOST_BYTES: Final = 4 * 1024 * 1024

SETTLED_SECONDS: Final = 2.0
"""A file changed less than this ago may change again with the same time stamp."""

MOST_READINGS: Final = 3
"""How often a file that changes while it is read is read at once."""

GROUP_NAME_LIMIT: Final = 128

_Stamp: TypeAlias = tuple[int, int, int, int, int]


def _email(text: str) -> str:
    try:
        return normalise_email(text)
    except Invalid as error:
        message = f"{text[:80]!r} is no e-mail address"
        raise ValueError(message) from error


def _or_empty(value: object) -> object:
    """Read `members:` with nothing behind it as nobody."""
    return [] if value is None else value


_Email = Annotated[str, AfterValidator(_email)]
_Name = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=GROUP_NAME_LIMIT, pattern=r"^[!-~]([ -~]*[!-~])?$"
    ),
]
_SlackId = Annotated[str, StringConstraints(pattern=r"^S[A-Z0-9]{2,}$")]


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    members: Annotated[tuple[_Email, ...], BeforeValidator(_or_empty)] = ()
    slack: _SlackId | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    groups: Annotated[dict[_Name, _Group], Field(min_length=1)]


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectoryHealth:
    """Whether groups can be read; `detail` says what there is, or what is wrong."""

    is_ready: bool
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Groups:
    members: dict[str, tuple[str, ...]]
    slack: dict[str, str]
    groups: dict[str, frozenset[str]]


class GroupsFile(Directory):
    """A directory that is one file; while it is broken, nobody is in any group.

    There is no remembering of the last good file: somebody who was just taken out
    must not stay in because of a slip of the editor.
    """

    def __init__(self, path: Path) -> None:
        """Read nothing yet.

        Args:
            path: YAML, such as `groups: {sre: {members: [alice@example.com]}}`.
        """
        self._path = path
        self._stamp: _Stamp | None = None
        self._groups: _Groups | None = None

    @override
    async def groups_of(self, email: str) -> frozenset[str]:
        """Return the groups of a person; none for a stranger.

        Raises:
            DirectoryUnavailable: naming the file, and what is wrong with it.
        """
        return self._read().groups.get(email.strip().lower(), frozenset())

    @override
    async def members_of(self, group: str) -> tuple[str, ...]:
        """Return the e-mails in a group, in alphabetical order; empty if unknown.

        Raises:
            DirectoryUnavailable: naming the file, and what is wrong with it.
        """
        return self._read().members.get(group, ())

    @override
    async def slack_handle_of(self, group: str) -> str | None:
        """Return the id of the group's Slack user group, if it has one.

        Raises:
            DirectoryUnavailable: naming the file, and what is wrong with it.
        """
        return self._read().slack.get(group)

    @override
    async def knows(self, email: str) -> bool:
        """Tell whether a person is in the file at all.

        Raises:
            DirectoryUnavailable: naming the file, and what is wrong with it.
        """
        return email.strip().lower() in self._read().groups

    @override
    async def explain(self, email: str) -> tuple[GroupsFrom, ...]:
        """Return a person's groups, and that the file says so.

        Raises:
            DirectoryUnavailable: naming the file, and what is wrong with it.
        """
        groups = await self.groups_of(email)
        note = "" if groups else "not in the groups file"
        return (GroupsFrom(source=GroupSource.FILE, groups=groups, note=note),)

    async def health(self) -> DirectoryHealth:
        """Tell whether the file can be read; raises nothing."""
        try:
            groups = self._read()
        except DirectoryUnavailable as error:
            return DirectoryHealth(is_ready=False, detail=error.why)
        people = len(groups.groups)
        detail = f"{len(groups.members)} groups, {people} people in {self._path}"
        return DirectoryHealth(is_ready=True, detail=detail)

    def _read(self) -> _Groups:
        """Return the file's groups; only a changed file is parsed again."""
        try:
            status = self._path.stat()
            if self._groups is None or _stamp_of(status) != self._stamp:
                self._groups, self._stamp = None, None
                content, status = self._settle(status)
                self._groups = _parse(content, self._path)
                changed_at = max(status.st_mtime, status.st_ctime)
                if time.time() - changed_at > SETTLED_SECONDS:
                    self._stamp = _stamp_of(status)
        except OSError as error:
            self._groups = None
            why = f"{self._path}: {error.strerror or type(error).__name__}"
            raise DirectoryUnavailable(why=why) from error
        return self._groups

    def _settle(self, before: os.stat_result) -> tuple[bytes, os.stat_result]:
        """Return content that did not change while it was read, and its status.

        Raises:
            DirectoryUnavailable: it changed each time.
        """
        for _ in range(MOST_READINGS):
            content, after = self._path.read_bytes(), self._path.stat()
            if _stamp_of(after) == _stamp_of(before):
                return content, after
            before = after
        raise DirectoryUnavailable(why=f"{self._path}: changes while it is read")


def _stamp_of(status: os.stat_result) -> _Stamp:
    """Return what differs between a file, what it was, and what took its place."""
    return (
        status.st_dev,
        status.st_ino,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_size,
    )


def _parse(content: bytes, path: Path) -> _Groups:
    """Return the groups in a file's content.

    Raises:
        DirectoryUnavailable: naming the file, and what is wrong with it.
    """
    if len(content) > MOST_BYTES:
        raise DirectoryUnavailable(why=f"{path}: is longer than {MOST_BYTES} bytes")
    try:
        document = _StrictLoader(content.decode()).get_single_data()
        spelled = _File.model_validate(document)
    except UnicodeDecodeError as error:
        raise DirectoryUnavailable(why=f"{path}: is not UTF-8") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise DirectoryUnavailable(why=f"{path}: {_yaml_problem(error)}") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        what = first["msg"].removeprefix("Value error, ")
        why = f"{path}: {place}: {what}" if place else _not_groups(path)
        raise DirectoryUnavailable(why=why) from error
    return _to_groups(spelled)


def _to_groups(spelled: _File) -> _Groups:
    members = {
        name: tuple(sorted(set(group.members)))
        for name, group in spelled.groups.items()
    }
    groups: dict[str, set[str]] = {}
    for name, emails in members.items():
        for email in emails:
            groups.setdefault(email, set()).add(name)
    return _Groups(
        members=members,
        slack={n: group.slack for n, group in spelled.groups.items() if group.slack},
        groups={email: frozenset(names) for email, names in groups.items()},
    )


class _StrictLoader(yaml.SafeLoader):
    """Refuses a group that is spelled twice: the second would replace the first."""

    @override
    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[object, object]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key} is there twice", key_node.start_mark
                )
            seen.add(key if isinstance(key, str) else id(key_node))
        return super().construct_mapping(node, deep=deep)


def _yaml_problem(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return "is not YAML"


def _not_groups(path: Path) -> str:
    return f"{path}: is empty or no mapping; write `groups:` and who is in each"
