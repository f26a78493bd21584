"""What every command gets: the global flags, the environment, and the way out."""

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

import click

from cli.text import is_unsafe, safe
from core.environment import read_environment

if TYPE_CHECKING:
    from core.approvals import Approvals, Departure
    from core.domain.decision import RequestRecord
    from core.vocabulary import RequestId

FORMATS: Final = ("table", "json", "yaml")
"""What `-o` takes, unless a command says otherwise."""


@dataclass(kw_only=True, slots=True)
class Flags:
    """The global flags, as given before or after the command; the last one wins."""

    server: str | None = None
    token: str | None = None
    profile: str | None = None
    output: str = "table"
    quiet: bool = False
    debug: bool = False
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    insecure: bool = False


class Connection(Protocol):
    """A way to a server, or straight to its database."""

    @property
    def approvals(self) -> "Approvals":
        """Return what to call."""
        ...

    @property
    def is_direct(self) -> bool:
        """Tell whether this is a database without a server."""
        ...

    async def settle(self, request_id: "RequestId") -> "RequestRecord | None":
        """Do what a server would do next for a request, if there is none.

        Returns:
            The request as it then stands; None if there was nothing to do.
        """
        ...

    async def settle_departure(self, departure: "Departure") -> None:
        """Do what a server would do next for somebody shut out, if there is none."""
        ...


Connect = Callable[["Terminal"], AbstractAsyncContextManager[Connection]]


def _connect(terminal: "Terminal") -> AbstractAsyncContextManager[Connection]:
    from cli.connection import connect  # noqa: PLC0415 - loads slowly

    return connect(terminal)


@dataclass(kw_only=True, slots=True)
class Terminal:
    """One run of `jitsudo`; the `obj` of every Click context.

    Attributes:
        connect: opens the connection that the flags ask for.
        now: tells the time, for ages and ends.
    """

    flags: Flags = field(default_factory=Flags)
    environment: Mapping[str, str] = field(default_factory=read_environment)
    connect: Connect = _connect
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def is_table(self) -> bool:
        """Tell whether a person reads standard output."""
        return self.flags.output == "table"

    @property
    def has_colour(self) -> bool:
        """Tell whether standard output shows colours."""
        return (
            sys.stdout.isatty()
            and not self.environment.get("NO_COLOR")
            and self.environment.get("TERM") != "dumb"
        )

    @property
    def columns(self) -> int | None:
        """Return the width of the terminal on standard output; None for a pipe."""
        if not sys.stdout.isatty():
            return None
        return shutil.get_terminal_size().columns

    @property
    def is_attended(self) -> bool:
        """Tell whether a person is looking at standard error."""
        return sys.stderr.isatty() and not self.flags.quiet

    def say(self, line: str) -> None:
        """Print data: a line on standard output, already safe."""
        click.echo(line, color=self.has_colour)

    def note(self, text: str) -> None:
        """Print what is no data: a line on standard error, unless `-q`."""
        if not self.flags.quiet:
            click.echo(safe(text), err=True)

    def warn(self, text: str) -> None:
        """Print what has to be read: a line on standard error, whatever the flags."""
        click.echo(safe(text), err=True)

    def draw(self, line: str) -> None:
        """Print a line of our own drawing on standard error, colours and all."""
        click.echo(line, err=True, color=True)

    def dump(self, document: object) -> None:
        """Print one document as `-o json` or `-o yaml` asks."""
        if self.flags.output == "yaml":
            import yaml  # noqa: PLC0415 - loads slowly

            text = yaml.safe_dump(document, sort_keys=False)
            click.echo(text, nl=False)
        else:
            click.echo(to_json(document))


def to_json(document: object, *, indent: int | None = 2) -> str:
    """Return JSON in which nothing is left that a terminal would obey."""
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(
        _escaped(character) if character != "\n" and is_unsafe(character) else character
        for character in text
    )


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1] if character != "\x7f" else "\\u007f"
