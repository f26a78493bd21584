"""Small questions outside the API: JSON documents, and forms as OAuth has them."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode, urlsplit

from core.errors import ConfigurationError, Invalid, ServerUnavailable
from core.remote.address import Address
from core.remote.exchange import Answer, AnswerLost, Call, exchange_here
from core.remote.transport import Transport
from core.wire.parsing import parse_json

SECONDS: Final = 10.0
"""How long such a question may be unanswered."""

_FORM: Final = "application/x-www-form-urlencoded"
_SHOWN: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What came back: a status and an object; empty if it was none."""

    status: int
    fields: Mapping[str, object] = field(repr=False)

    @property
    def is_good(self) -> bool:
        """Tell whether it is a success."""
        return self.status == HTTPStatus.OK and not self.error

    def text(self, name: str) -> str:
        """Return a field that is text; empty if it is not there or no text."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""

    @property
    def error(self) -> str:
        """Return the code of an error, such as `slow_down`; empty for none.

        Source: RFC 6749 section 5.2.
        """
        return self.text("error")

    @property
    def sentence(self) -> str:
        """Return what the other side says is wrong, fit for a message."""
        told = self.text("error_description") or self.text("message") or self.error
        return told[:_SHOWN] or f"it answered {self.status}"


class Correspondent:
    """Somebody who is asked: a jitsudo server, or an identity provider.

    A redirect is not followed, so that nothing secret goes elsewhere.
    """

    def __init__(self, *, transport: Transport, context: ssl.SSLContext) -> None:
        """Keep what makes the connections; nothing is sent yet."""
        self._transport = transport
        self._context = context

    @classmethod
    def server(cls, transport: Transport) -> "Correspondent":
        """Return one for the jitsudo server.

        Raises:
            ConfigurationError: a file of the transport cannot be used.
        """
        return cls(transport=transport, context=transport.context())

    @classmethod
    def issuer(cls, transport: Transport) -> "Correspondent":
        """Return one for the identity provider.

        Raises:
            ConfigurationError: as `server`.
        """
        return cls(transport=transport, context=transport.for_issuer())

    def get(self, url: str) -> Reply:
        """Return a JSON document.

        Raises:
            ConfigurationError: the address cannot be.
            ServerUnavailable: nobody answered, or not with a document.
        """
        return self._ask(url, "GET", None)

    def post(self, url: str, form: Mapping[str, str]) -> Reply:
        """Send a form and return the answer, which may be a refusal.

        Raises:
            ConfigurationError: the address cannot be, or the form's secrets
                would go in clear.
            ServerUnavailable: nobody answered, or it is not known what.
        """
        return self._ask(url, "POST", form)

    def _ask(self, url: str, method: str, form: Mapping[str, str] | None) -> Reply:
        address, target = _split(url)
        self._transport.check_secrecy(address)
        headers = {"Accept": "application/json", "User-Agent": "jitsudo"}
        if form is not None:
            headers["Content-Type"] = _FORM
        call = Call(
            method=method,
            target=target,
            headers=headers,
            body=None if form is None else urlencode(form).encode(),
            timeout_seconds=SECONDS,
        )
        try:
            answer = exchange_here(address, call, self._context)
        except AnswerLost as lost:
            raise ServerUnavailable(server=address.name, why=str(lost)) from lost
        return _reply(address, answer)


def _split(url: str) -> tuple[Address, str]:
    """Return whom an address names, and the path and query to ask for there.

    Raises:
        ConfigurationError: it is no http(s) address.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ConfigurationError(setting="server", why="is no address") from error
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    if not all("!" <= character <= "~" for character in target):
        raise ConfigurationError(setting="server", why="has an odd path")
    return Address.from_url(f"{parts.scheme}://{parts.netloc}"), target or "/"


def _reply(address: Address, answer: Answer) -> Reply:
    if answer.location:
        where = answer.location.partition("?")[0].rpartition("@")[2][:_SHOWN]
        raise ServerUnavailable(
            server=address.name, why=f"it sends elsewhere ({where!a})"
        )
    try:
        fields = parse_json("answer", answer.body.decode())
    except (Invalid, UnicodeDecodeError):
        fields = None
    return Reply(
        status=answer.status, fields=fields if isinstance(fields, dict) else {}
    )
