"""The grammar of `/jitsudo`: the terminal's, after undoing what keyboards do."""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

import click

from core.domain.request import Ask, parse_request_id
from core.duration import parse_duration
from core.errors import Invalid
from core.vocabulary import RequestId

LIST_LIMIT: Final = 20
"""Requests that `status` lists in Slack."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ApproveLine:
    """`approve <id> [--comment TEXT]`."""

    request_id: RequestId
    comment: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DenyLine:
    """`deny <id> [--reason TEXT]`; without a reason a form asks for it."""

    request_id: RequestId
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusLine:
    """`status [<id>] [--pending] [--mine] [--limit N]`."""

    request_id: RequestId | None = None
    pending: bool = False
    mine: bool = False
    limit: int = LIST_LIMIT


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestLine:
    """`request --provider … --role … --scope …`; without anything, the form."""

    ask: Ask | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WithdrawLine:
    """`withdraw <id>`."""

    request_id: RequestId


@dataclass(frozen=True, kw_only=True, slots=True)
class HelpLine:
    """`help`, or nothing at all."""


Line: TypeAlias = (
    ApproveLine | DenyLine | StatusLine | RequestLine | WithdrawLine | HelpLine
)

HELP: Final = """\
*/jitsudo* asks for a role for a while, and decides about it.
`/jitsudo request` opens a form; or write it in one line:
`/jitsudo request --provider local --role infra-admin --scope staging \
--duration 1h --reason "INC-4421"`
`/jitsudo status` lists what waits and you may see; `/jitsudo status <id>` shows one
`/jitsudo approve <id> [--comment "looks fine"]`
`/jitsudo deny <id> [--reason "not today"]` asks for the reason if you leave it out
`/jitsudo withdraw <id>` takes back your own
The same commands work on the terminal: `jitsudo --help`"""

_SMART: Final = str.maketrans(
    {
        "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00ab": '"', "\u00bb": '"',
        "\u2018": "'", "\u2019": "'", "\u201a": "'",
        "\u00a0": " ", "\u202f": " ", "\u2007": " ",
    }
)  # fmt: skip
"""What phones and desktops make of straight quotes and blanks."""

_OPTIONS: Final = "comment|reason|provider|role|scope|duration|pending|mine|limit|help"

_DASHES: Final = re.compile(
    rf"(?:(?<=\s)|\A)[\u2012-\u2015\u2212]+-*(?=(?:{_OPTIONS})\b)"
)
"""A dash before an option's name: it was typed as two hyphens."""

_FREE_TEXT: Final = re.compile(r"\s--(comment|reason)(?:\s+|=)(.*)\Z", re.DOTALL)


def parse_line(text: str) -> Line:
    """Return what a person typed after `/jitsudo`.

    Raises:
        Invalid: it is no command, and what to type instead.
    """
    words = to_words(text)
    if not words or words[0] in {"help", "--help", "-h"}:
        return HelpLine()
    try:
        parsed = _GROUP.main(args=words, prog_name="/jitsudo", standalone_mode=False)
    except click.UsageError as error:
        raise Invalid(field="command", why=_explain(error, words)) from error
    except click.exceptions.Exit:
        return HelpLine()
    return cast("Line", parsed)


def to_words(text: str) -> list[str]:
    """Return the words of a command as they were meant.

    Entities are decoded once, quotes and blanks straightened, a dash before an
    option becomes two hyphens. An apostrophe alone is no quote: then everything
    after `--comment` or `--reason` is its text.
    """
    straight = _decoded(text).translate(_SMART)
    straight = _DASHES.sub("--", straight)
    try:
        return shlex.split(straight)
    except ValueError:
        match = _FREE_TEXT.search(straight)
        if match is None:
            return straight.split()
        said = match[2].strip().removeprefix('"').removesuffix('"')
        return [*straight[: match.start()].split(), f"--{match[1]}", said]


def _decoded(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _explain(error: click.UsageError, words: list[str]) -> str:
    said = error.format_message().rstrip(".")
    hint = "type `/jitsudo help` for examples"
    if {"--comment", "--reason"} & set(words) and "extra argument" in said:
        hint = 'put quotes round the text: --comment "looks fine"'
    return f"{said}; {hint}"


@click.group(add_help_option=False)
def _GROUP() -> None:  # noqa: N802  # a constant: click makes a command of it
    """Parse /jitsudo; every command returns its line."""


_Command: TypeAlias = Callable[..., Line]


def _command(name: str) -> Callable[[_Command], click.Command]:
    return _GROUP.command(name, add_help_option=False)


@_command("approve")
@click.argument("request_id")
@click.option("--comment", default="")
def _approve(request_id: str, comment: str) -> Line:
    return ApproveLine(request_id=parse_request_id(request_id), comment=comment)


@_command("deny")
@click.argument("request_id")
@click.option("--reason", default=None)
def _deny(request_id: str, reason: str | None) -> Line:
    return DenyLine(request_id=parse_request_id(request_id), reason=reason)


@_command("withdraw")
@click.argument("request_id")
def _withdraw(request_id: str) -> Line:
    return WithdrawLine(request_id=parse_request_id(request_id))


@_command("status")
@click.argument("request_id", required=False)
@click.option("--pending", is_flag=True)
@click.option("--mine", is_flag=True)
@click.option("--limit", type=click.IntRange(1, LIST_LIMIT), default=LIST_LIMIT)
def _status(*, request_id: str | None, pending: bool, mine: bool, limit: int) -> Line:
    wanted = parse_request_id(request_id) if request_id is not None else None
    return StatusLine(request_id=wanted, pending=pending, mine=mine, limit=limit)


@_command("request")
@click.option("--provider", default=None)
@click.option("--role", default=None)
@click.option("--scope", default=None)
@click.option("--duration", default=None)
@click.option("--reason", default=None)
def _request(
    *,
    provider: str | None,
    role: str | None,
    scope: str | None,
    duration: str | None,
    reason: str | None,
) -> Line:
    given = (provider, role, scope, duration, reason)
    if all(value is None for value in given):
        return RequestLine()
    for name, value in (("provider", provider), ("role", role), ("scope", scope)):
        if value is None:
            message = f"Missing option '--{name}'"
            raise click.UsageError(message)
    return RequestLine(
        ask=Ask(
            provider=provider or "",
            role=role or "",
            resource_scope=scope or "",
            duration=parse_duration("duration", duration or "1h"),
            reason=reason or "",
        )
    )
