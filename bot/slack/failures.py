"""What became of a call to Slack that did not succeed: four outcomes, typed."""

import asyncio
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from core.errors import SlackFailed

DEFAULT_PAUSE_SECONDS: Final = 30.0
"""How long to wait on a 429 whose Retry-After is missing or odd."""

MAX_PAUSE_SECONDS: Final = 600.0

_NOT_SENT: Final = frozenset({
    "ratelimited", "rate_limited", "service_unavailable", "request_timeout",
    "team_added_to_org", "org_login_required",
})  # fmt: skip
"""Slack's errors after which nothing was posted and a retry helps."""

_CREDENTIAL: Final = frozenset({
    "invalid_auth", "not_authed", "account_inactive", "token_revoked",
    "token_expired", "missing_scope", "no_permission", "not_allowed_token_type",
    "access_denied", "ekm_access_denied",
})  # fmt: skip
"""Slack's errors that the next call with this token will meet as well."""

_OF_METHOD: Final = frozenset({"missing_scope", "no_permission"})
"""Those of them that say nothing of other methods."""

_AMBIGUOUS: Final = frozenset({"internal_error", "fatal_error"})
"""Documented as "some aspect of the operation may have succeeded"."""

INVALID_BLOCKS: Final = frozenset({
    "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long",
    "invalid_arguments", "block_mismatch", "metadata_too_large",
    "invalid_metadata_format", "invalid_metadata_schema",
})  # fmt: skip
"""Slack did not like what a message looks like; a plainer one may pass."""

MESSAGE_LOST: Final = frozenset({"message_not_found"})
"""The message was deleted."""


class SlackNotSent(SlackFailed):
    """Nothing happened at Slack; trying again is safe."""

    def __init__(
        self, *, method: str, why: str, retry_after_seconds: float | None = None
    ) -> None:
        """Keep how long Slack asked to wait, if it did."""
        self.retry_after_seconds = retry_after_seconds
        super().__init__(method=method, why=why)


class SlackRefused(SlackFailed):
    """Slack said no to this call for good; `why` begins with its error code."""

    def __init__(self, *, method: str, error: str, detail: str = "") -> None:
        """Keep Slack's error code."""
        self.error = error
        super().__init__(method=method, why=f"{error}: {detail}" if detail else error)


class SlackCredential(SlackFailed):
    """Slack does not accept the token, or the app lacks a scope."""

    def __init__(self, *, method: str, why: str, is_of_method: bool = False) -> None:
        """Keep whether other methods may still work, for want of one scope only."""
        self.is_of_method = is_of_method
        super().__init__(method=method, why=why)


class SlackAmbiguous(SlackFailed):
    """Nobody knows whether Slack did it."""


def from_exception(method: str, error: Exception) -> SlackFailed:
    """Return the outcome behind an exception of a call.

    Args:
        error: what slack_sdk or aiohttp raised.

    Source: docs.slack.dev, the error lists of chat.postMessage and chat.update.
    """
    match error:
        case SlackApiError():
            return _from_api_error(method, error)
        case aiohttp.ConnectionTimeoutError() | aiohttp.ClientConnectorError():
            return SlackNotSent(method=method, why="Slack cannot be reached")
        case aiohttp.InvalidURL():
            return SlackNotSent(method=method, why="the API's address is no address")
        case asyncio.TimeoutError() | TimeoutError():
            return SlackAmbiguous(method=method, why="no answer in time")
        case aiohttp.ClientError() | SlackClientError() | OSError():
            return SlackAmbiguous(method=method, why=type(error).__name__)
        case _:
            return SlackAmbiguous(method=method, why=type(error).__name__)


def _from_api_error(method: str, error: SlackApiError) -> SlackFailed:
    """Classify an answer; its data may be a dict, text or nothing at all."""
    response = error.response
    status = getattr(response, "status_code", None) or getattr(response, "status", 0)
    data = getattr(response, "data", None)
    fields = data if isinstance(data, dict) else {}
    code = fields.get("error")
    if status == 429 or code in {"ratelimited", "rate_limited"}:  # noqa: PLR2004 - HTTP
        headers = getattr(response, "headers", {})
        pause = to_pause(headers.get("Retry-After"))
        return SlackNotSent(method=method, why="ratelimited", retry_after_seconds=pause)
    if not isinstance(code, str) or code in _AMBIGUOUS:
        return SlackAmbiguous(method=method, why=f"{code or 'odd answer'} ({status})")
    if code in _NOT_SENT:
        return SlackNotSent(method=method, why=code)
    if code in _CREDENTIAL:
        needed = fields.get("needed")
        return SlackCredential(
            method=method,
            why=f"{code}: needs {needed}" if needed else code,
            is_of_method=code in _OF_METHOD,
        )
    return SlackRefused(method=method, error=code, detail=_messages(fields))


def _messages(fields: dict[str, object]) -> str:
    metadata = fields.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    if not isinstance(messages, list):
        return ""
    return "; ".join(str(message)[:200] for message in messages[:3])


def to_pause(header: str | None) -> float:
    """Return the seconds of a Retry-After, defensively."""
    try:
        seconds = float(header) if header is not None else DEFAULT_PAUSE_SECONDS
    except ValueError:
        return DEFAULT_PAUSE_SECONDS
    if not 0 <= seconds <= MAX_PAUSE_SECONDS:  # NaN compares false: the default
        return DEFAULT_PAUSE_SECONDS
    return seconds
