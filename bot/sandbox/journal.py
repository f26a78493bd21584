"""What went over the wire: every Web API call and every delivery, with times."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Final

from bot.sandbox.people import Json

_KEPT: Final = 10_000
"""The newest so many of each are kept."""


@dataclass(kw_only=True, slots=True)
class Call:
    """One call of a Web API method.

    Attributes:
        at: when it came in, seconds since the epoch.
        status: HTTP status; None where the connection was dropped.
        error: Slack's error string; None if it went well or nothing was said.
        fault: the fault that struck it, if one did.
    """

    method: str
    arguments: Json
    at: float
    ms: float | None = None
    status: int | None = None
    ok: bool = False
    error: str | None = None
    fault: str | None = None


@dataclass(kw_only=True, slots=True)
class Delivery:
    """One delivery to the app.

    Attributes:
        kind: `slash_commands`, `interactive` or `events_api`.
        what: `command`, `block_actions`, `view_submission`, `app_home_opened` …
        status: as acknowledged; None while it is not.
        again: the delivery that it repeats.
    """

    id: str
    kind: str
    what: str
    user: str
    payload: Json
    at: float
    signature: str = "good"
    status: int | None = None
    ms: float | None = None
    error: str | None = None
    body: str = ""
    again: str | None = None

    def to_told(self) -> Json:
        """Return it as the control endpoints show it."""
        return {
            "delivery_id": self.id,
            "kind": self.kind,
            "what": self.what,
            "user": self.user,
            "payload": self.payload,
            "at": self.at,
            "signature": self.signature,
            "status": self.status,
            "ms": self.ms,
            "error": self.error,
            "body": self.body,
            "again": self.again,
        }


@dataclass(kw_only=True, slots=True)
class Journal:
    """Keeps the newest calls and deliveries, and counts all calls."""

    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=_KEPT))
    deliveries: deque[Delivery] = field(default_factory=lambda: deque(maxlen=_KEPT))
    counts: Counter[str] = field(default_factory=Counter)

    def note(self, call: Call) -> None:
        """Keep a call that has come in."""
        self.calls.append(call)
        self.counts[call.method] += 1

    def delivery(self, delivery_id: str) -> Delivery | None:
        """Return a delivery that is still kept."""
        return next((one for one in self.deliveries if one.id == delivery_id), None)

    def to_told(self) -> Json:
        """Return both lists, oldest first."""
        return {
            "counts": dict(self.counts),
            "calls": [
                {
                    "method": call.method,
                    "arguments": call.arguments,
                    "at": call.at,
                    "ms": call.ms,
                    "status": call.status,
                    "ok": call.ok,
                    "error": call.error,
                    "fault": call.fault,
                }
                for call in self.calls
            ],
            "deliveries": [one.to_told() for one in self.deliveries],
        }
