"""Health, readiness, version and metrics; for machines, without a token."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from typing import Final, TypeVar

import structlog
from aiohttp import web

from bot.api.answers import HEADERS, to_answer
from bot.api.counters import Counters
from bot.api.keys import COUNTERS, JITSUDO, Ready
from core.errors import DependencyError
from core.ports import IdTokens
from core.services.figures import Figures

E = TypeVar("E", bound=StrEnum)

_log = structlog.get_logger()

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Source: Prometheus, exposition formats, text-based format."""


class HealthRoutes:
    """Tells machines how the server is; nothing here names a person."""

    def __init__(self, *, ready: Ready) -> None:
        """Keep whom to ask."""
        self._ready = ready

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/healthz", self.healthz),
            web.get("/readyz", self.readyz),
            web.get("/version", self.version),
            web.get("/metrics", self.metrics),
        ]

    async def healthz(self, _request: web.Request) -> web.Response:
        """Say that the process answers."""
        return web.Response(text="ok", headers=HEADERS)

    async def readyz(self, _request: web.Request) -> web.Response:
        """Say which parts can do their work; why not is for the log.

        Anybody can read this, and a detail may name a host or a file.

        Returns:
            503 only where a part is away that decisions need: a load balancer goes
            by it, and would take the terminal away because Slack is.
        """
        parts = await self._ready()
        failing = {name: part for name, part in parts.items() if not part.is_ready}
        for name, part in failing.items():
            _log.warning("part_not_ready", part=name, detail=part.detail)
        is_ready = not any(part.is_needed for part in failing.values())
        answer = to_answer(
            {
                "ready": is_ready,
                "parts": {
                    name: "ready" if part.is_ready else "not ready"
                    for name, part in parts.items()
                },
                **({"hint": "jitsudo server check says why"} if failing else {}),
            },
            status=200 if is_ready else 503,
        )
        answer.headers.update(HEADERS)
        return answer

    async def version(self, _request: web.Request) -> web.Response:
        """Tell the version, in the reference's words."""
        answer = to_answer({"version": version_here(), "api_versions": ["v1alpha1"]})
        answer.headers.update(HEADERS)
        return answer

    async def metrics(self, request: web.Request) -> web.Response:
        """Count, for Prometheus."""
        try:
            figures = await request.app[JITSUDO].services.count.figures()
        except DependencyError as error:
            _log.warning("metrics_without_store", error=error.code, why=str(error))
            figures = None
        lines = [
            *_family("jitsudo_up", "gauge", "1 if the database answered."),
            f"jitsudo_up {int(figures is not None)}",
            *([] if figures is None else _of_store(figures)),
            *_of_process(request.app[COUNTERS]),
            *_of_refusals(request.app[JITSUDO].services.refusals.not_audited),
            *_of_issuer(request.app[JITSUDO].id_tokens),
        ]
        return web.Response(
            body="".join(f"{line}\n" for line in lines).encode(),
            headers={**HEADERS, "Content-Type": METRICS_TYPE},
        )


def _of_store(figures: Figures) -> Iterable[str]:
    totals, backlog = figures.totals, figures.backlog
    yield from _family("jitsudo_requests", "gauge", "Requests, by state.")
    yield from _samples("jitsudo_requests", "state", totals.requests)
    yield from _family("jitsudo_decisions_total", "counter", "Decisions recorded.")
    yield from _samples("jitsudo_decisions_total", "verdict", totals.decisions)
    name = "jitsudo_counted_seconds_ago"
    yield from _family(name, "gauge", "Age of the counts of requests and decisions.")
    yield f"{name} {figures.totals_age_seconds:.0f}"
    yield from _family("jitsudo_jobs_waiting", "gauge", "Jobs promised, not done.")
    yield from _samples("jitsudo_jobs_waiting", "kind", backlog.waiting)
    yield from _family("jitsudo_jobs_failing", "gauge", "Jobs whose last try failed.")
    yield from _samples("jitsudo_jobs_failing", "kind", backlog.failing)
    name = "jitsudo_approver_findings"
    yield from _family(name, "gauge", "What the last look at approvers found.")
    yield f"{name} {backlog.approver_findings}"


def _of_process(counters: Counters) -> Iterable[str]:
    name = "jitsudo_api_answers_total"
    yield from _family(name, "counter", "REST answers of this process.")
    for (method, route, status), count in sorted(counters.answers.items()):
        labels = _labels(method=method, route=route, status=str(status))
        yield f"{name}{labels} {count}"


def _of_refusals(not_audited: int) -> Iterable[str]:
    name = "jitsudo_refusals_not_audited_total"
    yield from _family(name, "counter", "Refusals this process could not audit.")
    yield f"{name} {not_audited}"


def _of_issuer(id_tokens: IdTokens | None) -> Iterable[str]:
    if id_tokens is None:
        return
    name = "jitsudo_issuer_refresh_failures_total"
    yield from _family(name, "counter", "Times this process got no issuer keys.")
    yield f"{name} {id_tokens.refresh_failures}"


def _family(name: str, kind: str, about: str) -> tuple[str, str]:
    return f"# HELP {name} {about}", f"# TYPE {name} {kind}"


def _samples(name: str, label: str, counts: Mapping[E, int]) -> Iterable[str]:
    for word, count in counts.items():
        yield f"{name}{_labels(**{label: word.value})} {count}"


def _labels(**labels: str) -> str:
    """Return labels; their values are our own words and need no escaping."""
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def version_here() -> str:
    """Return the version of this installation; `dev` of none."""
    try:
        return version("jitsudo")
    except PackageNotFoundError:
        return "dev"
