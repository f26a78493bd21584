"""Four outcomes of a call, by what Slack or the network did."""

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from bot.slack.failures import (
    DEFAULT_PAUSE_SECONDS,
    SlackAmbiguous,
    SlackCredential,
    SlackNotSent,
    SlackRefused,
    from_exception,
    to_pause,
)
from core.errors import SlackFailed


class Answer:
    """An answer as slack_sdk hands it on."""

    def __init__(
        self, data: object, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        """Answer with `data`."""
        self.data = data
        self.status_code = status
        self.headers = headers or {}


def api_error(answer: object) -> SlackApiError:
    """Return the error that slack_sdk raises for an answer."""
    return SlackApiError("no", answer)  # type: ignore[no-untyped-call]  # slack_sdk has no types here


def error(code: str) -> SlackApiError:
    """Return the error for Slack's `ok: false`."""
    return api_error(Answer({"ok": False, "error": code}))


@pytest.mark.parametrize(
    ("raised", "outcome"),
    [
        (error("ratelimited"), SlackNotSent),
        (error("service_unavailable"), SlackNotSent),
        (error("request_timeout"), SlackNotSent),
        (error("internal_error"), SlackAmbiguous),
        (error("fatal_error"), SlackAmbiguous),
        (error("invalid_auth"), SlackCredential),
        (error("missing_scope"), SlackCredential),
        (error("channel_not_found"), SlackRefused),
        (error("invalid_blocks"), SlackRefused),
        (error("a_code_of_tomorrow"), SlackRefused),
        (api_error(Answer("<html>", 503)), SlackAmbiguous),
        (api_error(Answer({}, 200)), SlackAmbiguous),
        (api_error(Answer({"error": 7}, 200)), SlackAmbiguous),
        (api_error(Answer("slow down", 429)), SlackNotSent),
        (TimeoutError(), SlackAmbiguous),
        (aiohttp.ServerDisconnectedError(), SlackAmbiguous),
        (aiohttp.ConnectionTimeoutError(), SlackNotSent),
        (aiohttp.SocketTimeoutError(), SlackAmbiguous),
        (ConnectionResetError(), SlackAmbiguous),
        (ValueError("odd answer"), SlackAmbiguous),
    ],
)
def test_an_outcome_is_never_too_sure(
    raised: Exception, outcome: type[SlackFailed]
) -> None:
    """Only what surely did nothing may simply be repeated."""
    assert type(from_exception("chat.postMessage", raised)) is outcome


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("5", 5.0),
        ("1.5", 1.5),
        (None, DEFAULT_PAUSE_SECONDS),
        ("soon", DEFAULT_PAUSE_SECONDS),
        ("-1", DEFAULT_PAUSE_SECONDS),
        ("nan", DEFAULT_PAUSE_SECONDS),
        ("1e9", DEFAULT_PAUSE_SECONDS),
    ],
)
def test_a_retry_after_is_read_defensively(header: str | None, seconds: float) -> None:
    """An odd header must not stop the lane for ever, or not at all."""
    assert to_pause(header) == seconds


def test_a_missing_scope_names_the_scope() -> None:
    """An operator reads what to add."""
    answer = Answer({"ok": False, "error": "missing_scope", "needed": "users:read"})
    failure = from_exception("users.info", api_error(answer))

    assert "users:read" in str(failure)
