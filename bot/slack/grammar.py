"""The grammar of `/jitsudo`: the terminal's, after undoing what keyboards do."""

from collections.abc import Callable
from typing import Final, TypeAlias, cast

import click

from bot.slack.keyboards import PROSE_OPTIONS, to_words
from bot.slack.lines import (
    LIST_LIMIT,
    ApproveLine,
    DenyLine,
    ExtendLine,
    HelpLine,
    Line,
    LinkLine,
    LoginLine,
    RequestLine,
    RetryLine,
    ReviewLine,
    RevokeLine,
    StatusLine,
    WithdrawLine,
)
from bot.slack.text import to_sentence
from bot.slack.usage import HELP, USAGE, usage
from core.domain.request import Ask, parse_request_id
from core.domain.sign_in import parse_user_code
from core.duration import parse_duration
from core.errors import Invalid

_TERMINAL: Final = "jitsudo"
"""What the terminal calls itself; here a slash stands before it."""

_HELP_WORDS: Final = frozenset({"help", "--help", "-h"})


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
    prose = [word for word in words if word in PROSE_OPTIONS]
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


def _command(
    name: str, *, takes_dashes: bool = False
) -> Callable[[_Command], click.Command]:
    """Return what makes a command of a function.

    Args:
        takes_dashes: whether a word that begins with a dash is an argument.
    """
    helped = click.option(
        "-h",
        "--help",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_ask_for_help,
    )

    settings = {"ignore_unknown_options": takes_dashes}

    def decorate(body: _Command) -> click.Command:
        made = _GROUP.command(name, add_help_option=False, context_settings=settings)
        return made(helped(body))

    return decorate


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


@_command("revoke")
@click.argument("request_id", metavar="<id>")
@click.option("--reason", default="")
def _revoke(request_id: str, reason: str) -> Line:
    return RevokeLine(request_id=parse_request_id(request_id), reason=reason)


@_command("retry")
@click.argument("request_id", metavar="<id>")
def _retry(request_id: str) -> Line:
    return RetryLine(request_id=parse_request_id(request_id))


@_command("extend")
@click.argument("request_id", metavar="<id>")
@click.option("--duration", required=True)
@click.option("--reason", default="")
def _extend(request_id: str, duration: str, reason: str) -> Line:
    return ExtendLine(
        request_id=parse_request_id(request_id),
        duration=parse_duration("duration", duration),
        reason=reason,
    )


@_command("review")
@click.argument("request_id", metavar="<id>")
@click.option("--note", required=True)
def _review(request_id: str, note: str) -> Line:
    return ReviewLine(request_id=parse_request_id(request_id), note=note)


@_command("link")
def _link() -> Line:
    return LinkLine()


@_command("status")
@click.argument("request_id", metavar="<id>", required=False)
@click.option("--pending", is_flag=True)
@click.option("--mine", is_flag=True)
@click.option("--needs-review", is_flag=True)
@click.option("--limit", type=click.IntRange(1, LIST_LIMIT), default=LIST_LIMIT)
def _status(
    *,
    request_id: str | None,
    pending: bool,
    mine: bool,
    needs_review: bool,
    limit: int,
) -> Line:
    wanted = parse_request_id(request_id) if request_id is not None else None
    if wanted is not None and (pending or mine or needs_review):
        message = "An id stands alone"
        raise click.UsageError(message)
    return StatusLine(
        request_id=wanted,
        pending=pending,
        mine=mine,
        needs_review=needs_review,
        limit=limit,
    )


@_command("request")
@click.option("--provider", default=None)
@click.option("--role", default=None)
@click.option("--scope", default=None)
@click.option("--duration", default=None)
@click.option("--reason", default=None)
@click.option("--break-glass", is_flag=True)
def _request(
    *,
    provider: str | None,
    role: str | None,
    scope: str | None,
    duration: str | None,
    reason: str | None,
    break_glass: bool,
) -> Line:
    given = (provider, role, scope, duration, reason)
    if all(value is None for value in given) and not break_glass:
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
            break_glass=break_glass,
        )
    )


@_command("login", takes_dashes=True)
@click.argument("code", metavar="<code>", nargs=-1)
def _login(code: tuple[str, ...]) -> Line:
    return LoginLine(code=parse_user_code("".join(code)) if code else None)
