"""Calls a server with a token, and says what a lost answer means."""

import json
import re
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Final, NoReturn, TypeVar
from urllib.parse import quote

from core.errors import (
    Invalid,
    NotAuthenticated,
    OutcomeUnknown,
    ServerUnavailable,
)
from core.remote.address import Address
from core.remote.exchange import AnswerLost, Call, exchange
from core.remote.reading import GATEWAY_STATUSES, Unreadable, read_answer
from core.remote.transport import Transport
from core.wire.fields import Fields
from core.wire.requests import SUBMISSION_HEADER, JsonObject

PATH: Final = "/api/v1alpha1"

_TOKEN: Final = re.compile("[!-~]+")
"""Printable ASCII: a line break would begin a header of its own."""

LOOK_FIRST: Final = "it may have been done all the same: look before you repeat it"

T = TypeVar("T")

TokenSource = Callable[[], Awaitable[str]]
"""Returns the token that is good now, asked before each call."""


class Doubt(Enum):
    """What to do when an answer was lost."""

    NONE = "nothing can have changed"
    REPEAT = "doing it again gives the same answer"
    LOOK = "doing it again would do it twice"


class Caller:
    """Speaks to one server for one token."""

    def __init__(
        self,
        server: str,
        *,
        token: str | TokenSource | None,
        timeout_seconds: float,
        transport: Transport,
    ) -> None:
        """Bind to a server and a token; nothing is sent yet.

        Raises:
            ConfigurationError: the address or a file of the transport cannot
                be, or the token would go in clear.
        """
        self._address = Address.from_url(server)
        if token is not None:
            transport.check_secrecy(self._address)
        self._context = transport.context() if self._address.is_https else None
        self._token = token
        self._timeout_seconds = timeout_seconds

    async def call(
        self,
        method: str,
        target: str,
        read: Callable[[Fields], T],
        *,
        body: JsonObject | None = None,
        doubt: Doubt = Doubt.NONE,
        timeout_seconds: float | None = None,
        submission_key: str | None = None,
    ) -> T:
        """Send one call and return what `read` makes of the answer.

        Args:
            target: path and query, encoded, after `/api/v1alpha1`.
            timeout_seconds: how long the server may be silent, if not as usual.
            submission_key: the same for what is to be done once.

        Raises:
            JitsudoError: what the server answered.
            ServerUnavailable: it did not answer, or somebody else did.
            OutcomeUnknown: the answer was lost, and asking again tells.
        """
        call = Call(
            method=method,
            target=PATH + target,
            headers=_headers(
                await self._current_token(),
                has_body=body is not None,
                submission_key=submission_key,
            ),
            body=None if body is None else json.dumps(body).encode(),
            timeout_seconds=timeout_seconds or self._timeout_seconds,
        )
        name = self._address.name
        try:
            answer = await exchange(self._address, call, self._context)
            return _believed(read_answer(name, answer), read)
        except AnswerLost as lost:
            self._lost(str(lost), doubt, lost)
        except Unreadable as odd:
            if doubt is not Doubt.NONE and odd.status in GATEWAY_STATUSES:
                self._lost(str(odd), doubt, odd)
            raise ServerUnavailable(server=name, why=str(odd)) from odd

    async def _current_token(self) -> str | None:
        if self._token is None or isinstance(self._token, str):
            return self._token
        return await self._token()

    def _lost(self, why: str, doubt: Doubt, cause: Exception) -> NoReturn:
        match doubt:
            case Doubt.REPEAT:
                raise OutcomeUnknown from cause
            case Doubt.LOOK:
                why += f"; {LOOK_FIRST}"
            case Doubt.NONE:
                why += "; try again"
        raise ServerUnavailable(server=self._address.name, why=why) from cause


def _believed(fields: Fields, read: Callable[[Fields], T]) -> T:
    try:
        return read(fields)
    except Invalid as error:
        raise Unreadable.of_field(str(error)) from error


def _headers(
    token: str | None, *, has_body: bool, submission_key: str | None
) -> dict[str, str]:
    headers = {"Accept": "application/json", "User-Agent": "jitsudo"}
    if submission_key is not None:
        headers[SUBMISSION_HEADER] = submission_key
    if has_body:
        headers["Content-Type"] = "application/json"
    if token is not None:
        if not _TOKEN.fullmatch(token):
            raise NotAuthenticated(
                why="the token is empty or has a character that no token has; "
                "copy it again"
            )
        headers["Authorization"] = f"Bearer {token}"
    return headers


def path_of(*parts: str) -> str:
    """Return the path of some names, each encoded."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)
