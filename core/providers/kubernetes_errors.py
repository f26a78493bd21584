"""What a person on call reads when Kubernetes does not do what was asked."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import aiohttp
from typing_extensions import override

_ESCALATION: Final = "attempting to grant RBAC permissions not currently held"
"""Source: Kubernetes, the refusal of a binding by who lacks `bind` on its role."""

_TERMINATING: Final = "being terminated"
"""Source: Kubernetes, the refusal of a new object in a namespace that is leaving."""

_MEANINGS: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "Kubernetes does not take jitsudo's credentials (401): "
    "renew the token, or the user in its kubeconfig",
    HTTPStatus.NOT_FOUND: "Kubernetes cannot {act} (404): {text}",
    HTTPStatus.CONFLICT: "{act} met a conflict (409), and is tried again: {text}",
}
"""By status, where it is no matter of permissions or of pace."""

_IN_TROUBLE: Final = "the API server is in trouble ({status}), asked to {act}: {text}"

_TEXT_LIMIT: Final = 120
"""Characters of the API server's own words that are passed on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """One call of the API, in RBAC's words.

    Attributes:
        verb: such as `create`.
        resource: such as `rolebindings.rbac.authorization.k8s.io`.
        namespace: None for what is in none.
        role: the ClusterRole that a binding would grant.
    """

    verb: str
    resource: str
    namespace: str | None = None
    role: str | None = None

    @override
    def __str__(self) -> str:
        """Return it as it would stand in a request for permissions."""
        where = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.resource}{where}"


def why_refused(
    act: Act, status: int, body: str | None, headers: Mapping[str, str]
) -> str:
    """Return what an answer that is no success means, and what to do."""
    message = _message(body)
    if status == HTTPStatus.FORBIDDEN:
        return _why_forbidden(act, message)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        pause = headers.get("Retry-After", "")
        when = f" for {pause} s" if pause.isdigit() else ""
        return f"Kubernetes asks to slow down{when} (429); it is tried again"
    meaning = _MEANINGS.get(status, "Kubernetes refuses to {act} ({status}): {text}")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        meaning = _IN_TROUBLE
    return meaning.format(act=act, status=status, text=message[:_TEXT_LIMIT])


def _why_forbidden(act: Act, message: str) -> str:
    if _ESCALATION in message:
        return (
            f"jitsudo may not grant ClusterRole {act.role}: give its own role the "
            f"verb bind on clusterroles, with {act.role} among the resourceNames"
        )
    if _TERMINATING in message:
        return f"namespace {act.namespace} is being deleted"
    return f"jitsudo's own role in the cluster lacks: {act} (403)"


def why_unreachable(server: str, error: Exception) -> str:
    """Return why no answer came, for the errors that a connection has.

    Args:
        server: the address, which is no secret.
    """
    if isinstance(error, TimeoutError):
        return f"{server} did not answer in time"
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return (
            f"the certificate of {server} is not to be trusted: is ca_file, or the "
            "kubeconfig's certificate authority, that of this cluster?"
        )
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return f"{server} closed the connection before it answered"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"{server} cannot be reached ({error.os_error.strerror})"
    return f"the connection to {server} broke ({type(error).__name__})"


def _message(body: str | None) -> str:
    """Return the API server's own words, on one line."""
    try:
        status = json.loads(body or "")
    except ValueError:
        return "it answered with no reason"
    message = status.get("message") if isinstance(status, dict) else None
    return " ".join(str(message or "it gave no reason").split())
