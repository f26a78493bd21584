"""The operations that need no token: for machines, and for tools."""

from typing import Final

from bot.api.operations.kinds import Operation, Operations
from bot.api.schemas import FLAG, TEXT, list_of, shape

OF_MACHINES: Final[Operations] = {
    ("GET", "/healthz"): Operation(
        id="Healthz",
        summary="Say that the process answers.",
        answer=TEXT,
        is_open=True,
        content_type="text/plain",
    ),
    ("GET", "/readyz"): Operation(
        id="Readyz",
        summary="Say which parts can work; 503 if one cannot that decisions need.",
        answer=shape(
            {"ready": FLAG, "parts": {"type": "object"}, "hint": TEXT},
            optional=["hint"],
        ),
        is_open=True,
        refuses=(503,),
    ),
    ("GET", "/version"): Operation(
        id="Version",
        summary="Tell the version.",
        answer=shape({"version": TEXT, "api_versions": list_of(TEXT)}),
        is_open=True,
    ),
    ("GET", "/metrics"): Operation(
        id="Metrics",
        summary="Count, for Prometheus.",
        answer=TEXT,
        is_open=True,
        content_type="text/plain",
    ),
    ("GET", "/api/openapi.json"): Operation(
        id="OpenApi",
        summary="This document.",
        answer={"type": "object"},
        is_open=True,
    ),
}
