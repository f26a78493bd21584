"""Turns an answer into fields or into the error that the server meant."""

from http import HTTPStatus
from typing import Final, Self

from core.errors import (
    Invalid,
    JitsudoError,
    NotAllowed,
    NotAuthenticated,
    RefusedError,
    ServerUnavailable,
)
from core.remote.exchange import Answer
from core.wire.errors import from_error
from core.wire.fields import Fields
from core.wire.parsing import parse_json

GATEWAY_STATUSES: Final = frozenset({500, 502, 503, 504})
"""What a proxy says when it may have passed the call on."""

STRANGER: Final = "is this a jitsudo server?"

_SHOWN: Final = 200


class Unreadable(Exception):
    """The answer is not one that jitsudo gives."""

    def __init__(self, *, status: int, why: str) -> None:
        """Keep the status, which tells whether a proxy may have passed it on."""
        self.status = status
        super().__init__(why)

    @classmethod
    def of_field(cls, what: str) -> Self:
        """Return the complaint about one field of a success."""
        return cls(
            status=HTTPStatus.OK,
            why=f"it answered something that this version cannot read ({what}); "
            f"{STRANGER}",
        )


def read_answer(server: str, answer: Answer) -> Fields:
    """Return the JSON object of a success.

    Raises:
        JitsudoError: the error that the server answered with.
        Unreadable: the answer is not one that jitsudo gives.
    """
    status = answer.status
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        where = answer.location.partition("?")[0].rpartition("@")[2][:_SHOWN]
        raise Unreadable(
            status=status, why=f"it sends elsewhere ({where!a}); {STRANGER}"
        )
    fields = _object(answer)
    if status == HTTPStatus.OK:
        return fields
    try:
        error = from_error(fields) or _unknown(server, status, fields)
    except Invalid as odd:
        raise _unreadable(status) from odd
    raise error


def _object(answer: Answer) -> Fields:
    try:
        return Fields.of(parse_json("answer", answer.body.decode()))
    except (Invalid, UnicodeDecodeError) as error:
        raise _unreadable(answer.status) from error


def _unreadable(status: int) -> Unreadable:
    return Unreadable(
        status=status,
        why=f"it answered {status} with something that is not jitsudo's; {STRANGER}",
    )


def _unknown(server: str, status: int, fields: Fields) -> JitsudoError:
    """Return an error for a code that this version does not know."""
    message = fields.text("message")[:_SHOWN]
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return NotAuthenticated(why=message)
        case HTTPStatus.FORBIDDEN:
            return NotAllowed(reason=message)
        case HTTPStatus.NOT_FOUND:
            return ServerUnavailable(server=server, why=f"{message}; {STRANGER}")
        case _ if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return RefusedError(message)
        case _:
            return ServerUnavailable(
                server=server,
                why=f"{message}; look whether it was done before you do it again",
            )
