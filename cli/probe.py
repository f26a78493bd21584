"""Asks a server how it is, over the paths that need no token."""

import http.client
import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Final

from cli.text import clip, safe
from core.remote.reasons import why_broken

PATHS: Final = {"liveness": "/healthz", "readiness": "/readyz", "version": "/version"}
"""The parts of `jitsudo server status`, in their order."""

_SECONDS: Final = 5.0
_LONGEST: Final = 65_536


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """One answer: `UP`, `DEGRADED` if something is not ready, `DOWN` for none."""

    name: str
    status: str
    detail: str
    body: object = None

    def to_object(self) -> dict[str, object]:
        """Return the JSON object of this answer."""
        return {
            "component": self.name,
            "status": self.status,
            "detail": self.detail,
            "answer": self.body,
        }


def ask(server: str, name: str, context: ssl.SSLContext | None) -> Probe:
    """Return one answer; a server that does not answer is one, too.

    Args:
        context: what makes TLS connections; None for plain http.
    """
    url = server + PATHS[name]
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS, context=context) as reply:  # noqa: S310 - http(s) by `checked_server`
            body = _body(reply.read(_LONGEST))
            status = "DEGRADED" if _is_lacking(body) else "UP"
            return Probe(name=name, status=status, detail=_detail(body), body=body)
    except urllib.error.HTTPError as error:
        body = _body(error.read(_LONGEST))
        detail = f"{error.code}: {_detail(body)}"
        return Probe(name=name, status="DEGRADED", detail=detail, body=body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        cause = error
        if isinstance(error, urllib.error.URLError) and (
            isinstance(error.reason, OSError)
        ):
            cause = error.reason
        why = why_broken(cause, is_https=url.startswith("https:"))
        return Probe(name=name, status="DOWN", detail=f"cannot reach {url}: {why}")


def _body(content: bytes) -> object:
    text = content.decode(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def _detail(body: object) -> str:
    """Return an answer on one line; of a readiness report, what is not ready."""
    match body:
        case {"version": str(version)}:
            return version
        case {"parts": dict(parts)} | {"checks": dict(parts)}:
            return "; ".join(_part(name, part) for name, part in parts.items())
        case {"status": str(status)}:
            return status
        case _:
            text = body if isinstance(body, str) else json.dumps(body)
            return clip(safe(text.strip()), 200) or "ok"


def _is_lacking(body: object) -> bool:
    """Tell whether a readiness report names a part that is not ready."""
    match body:
        case {"parts": dict(parts)}:
            return "not ready" in parts.values()
        case _:
            return False


def _part(name: str, part: object) -> str:
    detail = part.get("detail", part) if isinstance(part, dict) else part
    return f"{name}: {detail}"
