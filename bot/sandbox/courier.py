"""Carries deliveries to the app, signed over HTTP or through Socket Mode."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
from slack_sdk.signature import SignatureVerifier

from bot.sandbox import limits
from bot.sandbox.errors import BadCall
from bot.sandbox.journal import Delivery, Journal
from bot.sandbox.people import Json
from bot.sandbox.socket_mode import NoConnection, SocketMode

COMMANDS: Final = "slash_commands"
INTERACTIVE: Final = "interactive"
EVENTS: Final = "events_api"

TIMED_OUT: Final = "operation_timeout"
FAILED: Final = "dispatch_failed"
STALE_SECONDS: Final = 600
"""A stale signature is this old; Slack's own limit is 300 seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ack:
    """What the app answered at once.

    Attributes:
        status: HTTP status; 200 for an acknowledged envelope; None without one.
        answer: the JSON object it answered with; empty if there was none.
        text: what it answered with, if that was no JSON.
        error: what Slack shows to the person if it went wrong.
    """

    delivery_id: str
    status: int | None
    ms: float
    answer: Json
    text: str
    error: str | None

    def to_told(self) -> Json:
        """Return it as the control endpoints show it."""
        return {"status": self.status, "ms": self.ms}


class Courier:
    """Takes deliveries to the app and brings its acknowledgement back."""

    def __init__(
        self,
        *,
        journal: Journal,
        sockets: SocketMode,
        signing_secret: str,
        new_id: Callable[[str], str],
    ) -> None:
        """Deliver by Socket Mode until `deliver_to` is set."""
        self.deliver_to: str | None = None
        self._journal = journal
        self._sockets = sockets
        self._signing_secret = signing_secret
        self._new_id = new_id
        self._http: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Open the HTTP client; to be called in the running loop."""
        self._http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=limits.ACK_SECONDS),
            connector=aiohttp.TCPConnector(limit=0),
        )

    async def close(self) -> None:
        """Close the HTTP client."""
        if self._http is not None:
            await self._http.close()

    async def deliver(self, kind: str, what: str, user: str, payload: Json) -> Ack:
        """Deliver something new.

        Args:
            kind: `COMMANDS`, `INTERACTIVE` or `EVENTS`.
            what: `command`, `block_actions` …, for the journal.
            user: id of the person who acted.
        """
        delivery = Delivery(
            id=self._new_id("D"),
            kind=kind,
            what=what,
            user=user,
            payload=payload,
            at=time.time(),
        )
        return await self._carry(delivery)

    def original(self, delivery_id: str, *, signature: str) -> Delivery:
        """Return a delivery that can be made again with such a signature.

        Args:
            signature: `good`, `bad` or `stale`.

        Raises:
            BadCall: there is no such delivery, or there are no signatures.
        """
        first = self._journal.delivery(delivery_id)
        if first is None:
            message = f"there is no delivery {delivery_id!r}"
            raise BadCall(message)
        if self.deliver_to is None and signature != "good":
            message = "Socket Mode has no signatures; only good can be redelivered"
            raise BadCall(message)
        return first

    async def again(self, first: Delivery, *, signature: str) -> Ack:
        """Deliver something once more, byte for byte."""
        delivery = Delivery(
            id=self._new_id("D"),
            kind=first.kind,
            what=first.what,
            user=first.user,
            payload=first.payload,
            at=time.time(),
            signature=signature,
            again=first.id,
        )
        return await self._carry(delivery)

    async def _carry(self, delivery: Delivery) -> Ack:
        self._journal.deliveries.append(delivery)
        begun = time.perf_counter()
        answer: Json = {}
        try:
            if self.deliver_to is None:
                answer = await self._by_socket(delivery)
            else:
                answer = await self._by_http(delivery, self.deliver_to)
        except TimeoutError:
            delivery.error = TIMED_OUT
        except (aiohttp.ClientError, NoConnection):
            delivery.error = FAILED
        delivery.ms = round((time.perf_counter() - begun) * 1000, 2)
        return Ack(
            delivery_id=delivery.id,
            status=delivery.status,
            ms=delivery.ms,
            answer=answer,
            text="" if answer else delivery.body,
            error=delivery.error,
        )

    async def _by_socket(self, delivery: Delivery) -> Json:
        answer = await self._sockets.deliver(delivery.kind, delivery.payload)
        delivery.status = 200
        delivery.body = json.dumps(answer) if answer else ""
        return answer

    async def _by_http(self, delivery: Delivery, address: str) -> Json:
        if self._http is None:
            message = "the sandbox has not been started"
            raise BadCall(message)
        body = _encoded(delivery)
        headers = self._headers(delivery, body)
        async with self._http.post(address, data=body, headers=headers) as response:
            delivery.body = await response.text()
            delivery.status = response.status
        if not response.ok:
            delivery.error = FAILED
        return _answer(delivery.body)

    def _headers(self, delivery: Delivery, body: bytes) -> dict[str, str]:
        signature = delivery.signature
        age = STALE_SECONDS if signature == "stale" else 0
        timestamp = str(int(time.time()) - age)
        wrong = "not " if signature == "bad" else ""
        signer = SignatureVerifier(wrong + self._signing_secret)
        signed = signer.generate_signature(timestamp=timestamp, body=body)
        return {
            "Content-Type": _JSON if delivery.kind == EVENTS else _FORM,
            "User-Agent": "Slackbot 1.0 (sandbox)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signed or "",
        }


_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"


def _encoded(delivery: Delivery) -> bytes:
    """Return the body of a delivery: a form, or for an event JSON."""
    fields = delivery.payload
    if delivery.kind == EVENTS:
        return json.dumps(fields).encode()
    if delivery.kind == INTERACTIVE:
        fields = {"payload": json.dumps(delivery.payload)}
    else:
        # A form holds text only: what is false in Socket Mode is "false" here.
        fields = {k: _form_text(v) for k, v in fields.items()}
    return urlencode(fields).encode()


def _form_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _answer(body: str) -> Json:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
