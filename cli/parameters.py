"""What a command line may hold: request ids, durations, times, prose."""

import re
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import click
from typing_extensions import override

from core.domain.identity import SlackAccount, parse_account, parse_link_code
from core.domain.principal import normalise_email
from core.domain.request import parse_request_id
from core.domain.text import checked_prose
from core.duration import parse_duration
from core.errors import Invalid
from core.vocabulary import RequestId, TokenScope


class RequestIdType(click.ParamType[RequestId]):
    """A request id, in any case."""

    name = "request id"

    @override
    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> RequestId:
        """Return the id, or fail with what one looks like."""
        try:
            return parse_request_id(value)
        except Invalid as error:
            self.fail(error.why, param, ctx)


class DurationType(click.ParamType[timedelta]):
    """A duration such as `30m`, `1h30m` or `7d`."""

    name = "duration"

    @override
    def convert(
        self,
        value: str | timedelta,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> timedelta:
        """Return the duration, or fail with how one is written."""
        if isinstance(value, timedelta):
            return value
        try:
            return parse_duration("duration", value)
        except Invalid as error:
            self.fail(error.why, param, ctx)


class EmailType(click.ParamType[str]):
    """An e-mail address, which is who somebody is."""

    name = "e-mail"

    @override
    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return its one spelling, or fail with how one is written."""
        try:
            return normalise_email(value)
        except Invalid as error:
            self.fail(error.why, param, ctx)


class AccountType(click.ParamType[SlackAccount]):
    """An account in Slack, as `TEAM/USER`."""

    name = "account"

    @override
    def convert(
        self,
        value: str | SlackAccount,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> SlackAccount:
        """Return the account, or fail with how one is written."""
        if isinstance(value, SlackAccount):
            return value
        try:
            return parse_account(value)
        except Invalid as error:
            self.fail(error.why, param, ctx)


class LinkCodeType(click.ParamType[str]):
    """The code that `/jitsudo link` said, with or without its dash."""

    name = "code"

    @override
    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the code as it is stored, or fail with what one looks like."""
        try:
            return parse_link_code(value)
        except Invalid as error:
            self.fail(error.why, param, ctx)


class ScopesType(click.ParamType[frozenset[TokenScope]]):
    """Scopes of a token, separated by commas."""

    name = "scopes"

    @override
    def convert(
        self,
        value: str | frozenset[TokenScope],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> frozenset[TokenScope]:
        """Return the scopes, or fail naming the one that there is not."""
        if not isinstance(value, str):
            return value
        known = {scope.value: scope for scope in TokenScope}
        words = [word.strip() for word in value.split(",")]
        for word in words:
            if word not in known:
                self.fail(f"{word[:40]!r} is not one of {', '.join(known)}", param, ctx)
        return frozenset(known[word] for word in words)


class MomentType(click.ParamType[datetime | timedelta]):
    """A time, or how long ago: `2026-03-20T16:00:00Z`, `2026-03-20`, `7d`."""

    name = "time"

    @override
    def convert(
        self,
        value: str | datetime | timedelta,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> datetime | timedelta:
        """Return an aware time, or the time span back from now."""
        if not isinstance(value, str):
            return value
        try:
            return parse_duration("time", value)
        except Invalid:
            pass
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value[:40]!r} is no time; write 7d, 2026-03-20 or "
                "2026-03-20T16:00:00Z",
                param,
                ctx,
            )
        return time if time.tzinfo else time.astimezone()


class CheckpointType(click.ParamType[tuple[int, str]]):
    """An audit event's number and hash: `4211:9f2c…`."""

    name = "checkpoint"

    @override
    def convert(
        self,
        value: str | tuple[int, str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[int, str]:
        """Return number and hash, or fail with how they are written."""
        if isinstance(value, tuple):
            return value
        match = _CHECKPOINT.fullmatch(value.strip().lower())
        if match is None:
            self.fail(
                "write SEQ:HASH as `jitsudo audit verify` prints it, the hash in "
                "64 hexadecimal digits",
                param,
                ctx,
            )
        return int(match[1]), match[2]


_CHECKPOINT: Final = re.compile(r"([0-9]{1,15}):([0-9a-f]{64})")


def prose(*, required: bool) -> Callable[[click.Context, click.Parameter, str], str]:
    """Return an option's callback that checks a reason or a comment.

    A single `-` stands for the text on standard input.
    """

    def check(ctx: click.Context, param: click.Parameter, value: str) -> str:
        if value == "-":
            value = read_input(ctx, param)
        try:
            return checked_prose(param.name or "text", value, required=required)
        except Invalid as error:
            raise click.BadParameter(error.why, ctx, param) from error

    return check


def read_input(ctx: click.Context, param: click.Parameter) -> str:
    """Return the text on standard input.

    Raises:
        click.BadParameter: it is not UTF-8.
    """
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        message = "standard input is not UTF-8 text"
        raise click.BadParameter(message, ctx, param) from error
