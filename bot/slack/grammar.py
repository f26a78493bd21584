"""The grammar of `/jitsudo`: the terminal's, after undoing what keyboards do."""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

import click

from bot.slack.text import to_sentence
from bot.slack.usage import HELP, USAGE, usage
from core.domain.request import Ask, parse_request_id
from core.duration import parse_duration
from core.errors import Invalid
from core.vocabulary import RequestId

_TERMINAL: Final = "jitsudo"
"""What the terminal calls itself; here a slash stands before it."""

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
    """`help`, `approve --help`, or nothing at all.

    Attributes:
        text: markup.
    """

    text: str


Line: TypeAlias = (
    ApproveLine | DenyLine | StatusLine | RequestLine | WithdrawLine | HelpLine
)

_HELP_WORDS: Final = frozenset({"help", "--help", "-h"})

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
        Invalid: it is no command; `why` is a sentence with what to type instead.
    """
    words = to_words(text)
    if words and words[0] in _HELP_WORDS:
        words = [*words[1:2], "--help"]
    if not words or words[0] in _HELP_WORDS:
        return HelpLine(text=HELP)
    try:
        parsed = _GROUP.main(args=words, prog_name="/jitsudo", standalone_mode=False)
    except _HelpAskedError as asked:
        return HelpLine(text=usage(asked.command))
    except click.UsageError as error:
        raise Invalid(field="command", why=_explain(error, words)) from error
    except Invalid as error:
        raise Invalid(field="command", why=_spelling(error)) from error
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


def _spelling(error: Invalid) -> str:
    """Return one sentence about an id or a duration that is none."""
    if error.field == "request id":
        why = error.why.replace(f"`{_TERMINAL} ", f"`/{_TERMINAL} ")
        return to_sentence(f"that is no request id: {why}")
    return to_sentence(error.why, f"The {error.field}")


def _explain(error: click.UsageError, words: list[str]) -> str:
    """Return one sentence that says what is wrong and what to type instead."""
    if isinstance(error, click.NoSuchCommand):
        shown = f"There is no command `{error.command_name[:40]}`"
        if error.possibilities:
            return f"{shown}: did you mean `/jitsudo {error.possibilities[0]}`?"
        return f"{shown}: `/jitsudo help` lists them."
    said = error.format_message().rstrip(".")
    if isinstance(error, click.NoSuchOption):
        said = f"No such option `{error.option_name[:40]}`"
    if words[0] not in USAGE:
        return f"{said}."
    prose = [word for word in words if word in {"--comment", "--reason"}]
    if prose and "extra argument" in said:
        return f'{said}: put quotes round the text, as in {prose[0]} "looks fine".'
    return f"{said}: write `{USAGE[words[0]][0]}`."


@click.group(add_help_option=False)
def _GROUP() -> None:  # noqa: N802  # a constant: click makes a command of it
    """Parse /jitsudo; every command returns its line."""


class _HelpAskedError(Exception):
    """Somebody wants to read what one command takes."""

    def __init__(self, command: str) -> None:
        self.command = command
        super().__init__(command)


def _ask_for_help(ctx: click.Context, _param: click.Parameter, value: object) -> None:
    if value and ctx.info_name is not None:
        raise _HelpAskedError(ctx.info_name)


_Command: TypeAlias = Callable[..., Line]


def _command(name: str) -> Callable[[_Command], click.Command]:
    helped = click.option(
        "-h",
        "--help",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_ask_for_help,
    )

    def decorate(body: _Command) -> click.Command:
        return _GROUP.command(name, add_help_option=False)(helped(body))

    return decorate


@_GROUP.command(
    "revoke",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True},
)
@click.argument("words", nargs=-1)
def _revoke(**_words: object) -> Line:
    message = (
        "Ending a grant early is not in this version: it ends by itself when its "
        "time is over; what is not decided yet is taken back with "
        "`/jitsudo withdraw <id>`"
    )
    raise click.UsageError(message)


@_command("approve")
@click.argument("request_id", metavar="<id>")
@click.option("--comment", default="")
def _approve(request_id: str, comment: str) -> Line:
    return ApproveLine(request_id=parse_request_id(request_id), comment=comment)


@_command("deny")
@click.argument("request_id", metavar="<id>")
@click.option("--reason", default=None)
def _deny(request_id: str, reason: str | None) -> Line:
    return DenyLine(request_id=parse_request_id(request_id), reason=reason)


@_command("withdraw")
@click.argument("request_id", metavar="<id>")
def _withdraw(request_id: str) -> Line:
    return WithdrawLine(request_id=parse_request_id(request_id))


@_command("status")
@click.argument("request_id", metavar="<id>", required=False)
@click.option("--pending", is_flag=True)
@click.option("--mine", is_flag=True)
@click.option("--limit", type=click.IntRange(1, LIST_LIMIT), default=LIST_LIMIT)
def _status(*, request_id: str | None, pending: bool, mine: bool, limit: int) -> Line:
    wanted = parse_request_id(request_id) if request_id is not None else None
    if wanted is not None and (pending or mine):
        message = "An id stands alone"
        raise click.UsageError(message)
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
