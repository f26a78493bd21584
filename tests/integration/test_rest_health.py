"""Health, readiness, version and metrics, which need no token."""

from typing import Any

from core.wiring import PartHealth
from tests.support.builders import ALICE, BOB
from tests.support.servers import ApiServer

BASE = "/api/v1alpha1"

ASK = {
    "provider": "local",
    "role": "infra-admin",
    "resource_scope": "staging",
    "durationSeconds": "3600",
    "reason": "INC-4421",
}


async def _submit(api: ApiServer, **changed: object) -> dict[str, Any]:
    reply = await api.send(
        "POST",
        f"{BASE}/requests",
        token=await api.token(ALICE),
        body={**ASK, **changed},
    )
    assert reply.status == 200, reply.body
    request: dict[str, Any] = reply.json()["request"]
    return request


async def test_health_needs_no_token_and_names_parts(api: ApiServer) -> None:
    """A part that decisions need makes the whole not ready; details stay in the log."""
    healthy = await api.send("GET", "/healthz")
    ready = await api.send("GET", "/readyz")
    api.parts["slack"] = PartHealth(is_ready=False, detail="invalid_auth at xoxb-1")
    broken = await api.send("GET", "/readyz")
    version = await api.send("GET", "/version")

    assert (healthy.status, healthy.body) == (200, b"ok")
    assert ready.status == 200
    assert ready.json()["parts"] == {
        "database": "ready",
        "policy": "ready",
        "groups": "ready",
    }
    assert broken.status == 503
    assert broken.json()["ready"] is False
    assert broken.json()["parts"]["slack"] == "not ready"
    assert b"xoxb" not in broken.body
    assert version.json()["api_versions"] == ["v1alpha1"]


async def test_a_part_that_decisions_do_not_need_is_only_named(api: ApiServer) -> None:
    """A load balancer leaves the terminal alone while Slack is away."""
    api.parts["slack"] = PartHealth(
        is_ready=False, detail="invalid_auth at xoxb-1", is_needed=False
    )
    answer = await api.send("GET", "/readyz")

    assert answer.status == 200
    assert answer.json() == {
        "ready": True,
        "parts": {
            "database": "ready",
            "policy": "ready",
            "groups": "ready",
            "slack": "not ready",
        },
        "hint": "jitsudo server check says why",
    }


async def test_metrics_count_what_every_front_end_did(api: ApiServer) -> None:
    """Counts come from the database, whoever decided; routes without ids."""
    asked = await _submit(api)
    await _submit(api)
    await api.send(
        "POST",
        f"{BASE}/requests/{asked['id']}/deny",
        token=await api.token(BOB),
        body={"reason": "no"},
    )

    reply = await api.send("GET", "/metrics")

    text = reply.body.decode()
    lines = text.splitlines()
    assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "jitsudo_up 1" in lines
    assert 'jitsudo_requests{state="PENDING"} 1' in lines
    assert 'jitsudo_requests{state="REJECTED"} 1' in lines
    assert 'jitsudo_decisions_total{verdict="deny"} 1' in lines
    assert 'jitsudo_jobs_failing{kind="lapse"} 0' in lines
    assert "jitsudo_refusals_not_audited_total 0" in lines
    assert "jitsudo_approver_findings 0" in lines
    assert (
        "jitsudo_api_answers_total"
        '{method="POST",route="/api/v1alpha1/requests/{id}/deny",status="200"} 1'
    ) in lines
    assert asked["id"] not in text
