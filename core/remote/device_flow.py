"""Signing in a terminal by a code that a person confirms elsewhere (RFC 8628)."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from core.errors import NotAuthenticated, ServerUnavailable
from core.remote.forms import Correspondent, Reply
from core.wire.sign_in import DEVICE_GRANT

_INTERVAL: Final = 5.0
"""Seconds, where the answer says nothing. Source: RFC 8628 section 3.2."""

_STEP: Final = 5.0
"""Seconds that `slow_down` adds. Source: RFC 8628 section 3.5."""

_LONGEST: Final = 60.0
"""Seconds between two tries while nobody answers."""

_LONGEST_LIFE: Final = 3600.0
_LONGEST_CODE: Final = 64
_LONGEST_PAGE: Final = 1000
"""Characters; more is nothing that a person types or a camera reads."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A sign-in that waits for its person.

    Attributes:
        user_code: what the person types, as it is to be shown.
        page: where; may be empty where the code alone is enough.
        page_with_code: the same with the code in it; empty if there is none.
        device_code: what only this terminal knows.
        expires_in: seconds.
        interval: seconds from one question to the next.
    """

    user_code: str
    page: str
    page_with_code: str
    device_code: str = field(repr=False)
    expires_in: float
    interval: float


class DeviceFlow:
    """Asks for a code, and then again and again whether it was confirmed."""

    def __init__(
        self,
        *,
        name: str,
        correspondent: Correspondent,
        client_id: str,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep whom to ask, and as which client.

        Args:
            name: of whom is asked, for messages.
            now: seconds of a clock that only goes forward.
        """
        self._name = name
        self._correspondent = correspondent
        self._client_id = client_id
        self._now = now

    def begin(self, url: str, form: Mapping[str, str]) -> Waiting:
        """Ask for a code.

        Raises:
            NotAuthenticated: this client, or what it asked for, is refused.
            ServerUnavailable: there is no answer that can be read.
        """
        reply = self._correspondent.post(url, {"client_id": self._client_id, **form})
        if not reply.is_good:
            raise self._no(reply)
        waiting = Waiting(
            user_code=reply.text("user_code"),
            page=_web(reply.text("verification_uri")),
            page_with_code=_web(reply.text("verification_uri_complete")),
            device_code=reply.text("device_code"),
            expires_in=min(_seconds(reply, "expires_in", 0.0), _LONGEST_LIFE),
            interval=max(_seconds(reply, "interval", _INTERVAL), 1.0),
        )
        is_code = 0 < len(waiting.user_code) <= _LONGEST_CODE
        if not (is_code and waiting.device_code and waiting.expires_in > 0):
            raise ServerUnavailable(
                server=self._name, why="it answered without a code, or without its end"
            )
        return waiting

    def wait(
        self, url: str, waiting: Waiting, *, pause: Callable[[float], None]
    ) -> Reply:
        """Return the tokens, once the person has said yes.

        Args:
            pause: waits so many seconds.

        Raises:
            NotAuthenticated: the person said no, or nothing in time.
        """
        ends = self._now() + waiting.expires_in
        form = {
            "grant_type": DEVICE_GRANT,
            "device_code": waiting.device_code,
            "client_id": self._client_id,
        }
        interval, penalty, trouble = waiting.interval, 0.0, ""
        while (left := ends - self._now()) > 0:
            pause(min(interval + penalty, left))
            try:
                reply = self._correspondent.post(url, form)
            except ServerUnavailable as silent:
                reply, trouble = None, silent.why
            if reply is None or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                # Source: RFC 8628 section 3.5: ask less often.
                penalty = min(max(interval, 2 * penalty), _LONGEST)
                trouble = reply.sentence if reply is not None else trouble
                continue
            penalty, trouble = 0.0, ""
            if reply.is_good:
                return reply
            if reply.error == "slow_down" or (
                reply.status == HTTPStatus.TOO_MANY_REQUESTS
            ):
                interval += _STEP
            elif reply.error != "authorization_pending":
                raise self._no(reply)
        raise self._too_late(trouble)

    def _no(self, reply: Reply) -> NotAuthenticated | ServerUnavailable:
        if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR or (
            reply.status == HTTPStatus.TOO_MANY_REQUESTS
        ):
            return ServerUnavailable(server=self._name, why=reply.sentence)
        match reply.error:
            case "access_denied":
                return NotAuthenticated(
                    why="the sign-in was refused; nothing is stored"
                )
            case "expired_token":
                return self._too_late("")
            case "":
                return ServerUnavailable(server=self._name, why=reply.sentence)
            case code:
                told = reply.sentence if reply.sentence != code else code
                return NotAuthenticated(
                    why=f"{self._name} does not sign you in: {told}"
                )

    def _too_late(self, trouble: str) -> NotAuthenticated:
        meanwhile = f" ({self._name} was not reached: {trouble})" if trouble else ""
        return NotAuthenticated(
            why=f"nobody confirmed the code in time{meanwhile}; "
            "run `jitsudo login` again"
        )


def _seconds(reply: Reply, name: str, default: float) -> float:
    value = reply.fields.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else default  # type: ignore[arg-type]  # it is one


def _web(url: str) -> str:
    """Return an address that a person can open; empty if it is none."""
    is_web = url.startswith(("https://", "http://"))
    is_plain = url.isascii() and url.isprintable() and len(url) <= _LONGEST_PAGE
    return url if is_web and is_plain else ""
