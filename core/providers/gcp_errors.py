"""What Google answers when it does not do what was asked, in one line each.

Source:
    https://cloud.google.com/apis/design/errors
"""

import json
from typing import Any, Final

from google.auth import exceptions

_SAID_LIMIT: Final = 160
"""Characters of Google's own sentence that are kept."""


class PolicyMoved(Exception):
    """Somebody else wrote the policy after it was read; nothing was changed."""


class PolicyRefused(Exception):
    """Google does not take a policy that says this; nothing was changed."""

    def __init__(self, *, said: str) -> None:
        """Keep Google's own sentence."""
        self.said = said
        super().__init__(said)


def said_in(body: bytes) -> str:
    """Return the sentence of an error answer, clipped."""
    message = str(_error(body).get("message", "")) or "no reason given"
    return message[:_SAID_LIMIT]


def why_not(status: int, body: bytes, *, project: str) -> str:
    """Return what an error answer means, and what to do about it."""
    match status:
        case 401:
            return (
                "Google does not take jitsudo's credentials; "
                "check that its service account and key are enabled"
            )
        case 403 if _is_switched_off(body):
            return (
                "the Cloud Resource Manager API is switched off; enable "
                "cloudresourcemanager.googleapis.com in the project of jitsudo's "
                "service account"
            )
        case 403:
            return (
                f"jitsudo may not do that in project {project}, or there is no such "
                "project; it needs resourcemanager.projects.getIamPolicy and "
                "setIamPolicy there"
            )
        case 404:
            return f"there is no project {project}"
        case 429:
            return "Google asks to slow down; it is tried again"
        case _:
            return f"Google answered {status}: {said_in(body)}"


def why_unreachable(error: Exception) -> str:
    """Return why there was no answer at all."""
    match error:
        case exceptions.RefreshError():
            return f"Google gives jitsudo's credentials no token: {_first(error)}"
        case exceptions.TransportError() | exceptions.ResponseError():
            return "the connection to Google failed; nobody knows whether it was done"
        case exceptions.TimeoutError() | TimeoutError():
            return "Google did not answer in time; nobody knows whether it was done"
        case exceptions.GoogleAuthError():
            return f"jitsudo's credentials cannot be used: {_first(error)}"
        case _:
            return "the connection to Google broke; nobody knows whether it was done"


def _first(error: Exception) -> str:
    """Return the first part of an google-auth's error; the rest is a body."""
    text = error.args[0] if error.args else ""
    return str(text)[:_SAID_LIMIT] or type(error).__name__


def _error(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, dict) else {}


def _is_switched_off(body: bytes) -> bool:
    details = _error(body).get("details")
    found = details if isinstance(details, list) else []
    return any(
        isinstance(detail, dict) and detail.get("reason") == "SERVICE_DISABLED"
        for detail in found
    )
