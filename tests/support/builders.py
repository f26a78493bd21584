"""Builders that are valid by default; a test says only what matters to it."""

from datetime import UTC, datetime, timedelta
from typing import Final

from ulid import ULID

from core.domain.decision import Decision
from core.domain.policy import PolicyPerson, PolicyQuestion
from core.domain.request import Ask, ElevationRequest, Routing
from core.vocabulary import (
    GrantStatus,
    Origin,
    PolicyAction,
    RequestId,
    RequestState,
    Tier,
    Verdict,
)

ALICE: Final = "alice@example.com"
BOB: Final = "bob@example.com"
BEN: Final = "ben@example.com"
CAROL: Final = "carol@example.com"
DAVE: Final = "dave@example.com"
ERIN: Final = "erin@example.com"

NOBODYS: Final = RequestId("req_01J8KZ4F2EMNQZ3V7XKQYBD4WA")
"""The id of no request; the same in every process, for the names of tests."""

NOON: Final = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


class FrozenClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, at: datetime = NOON) -> None:
        """Stand at `at`."""
        self.time = at

    def now(self) -> datetime:
        """Return the time it stands at."""
        return self.time

    def move(self, by: timedelta) -> None:
        """Move on."""
        self.time += by


def a_request_id() -> RequestId:
    """Return a new request id."""
    return RequestId(f"req_{ULID()}")


def an_ask(
    *,
    provider: str = "local",
    role: str = "infra-admin",
    resource_scope: str = "staging",
    duration: timedelta = timedelta(hours=1),
    reason: str = "INC-4421: pods do not start",
    break_glass: bool = False,
) -> Ask:
    """Return an ask that the starter policy lets `sre` make."""
    return Ask(
        provider=provider,
        role=role,
        resource_scope=resource_scope,
        duration=duration,
        reason=reason,
        break_glass=break_glass,
    )


def a_request(
    *,
    request_id: RequestId | None = None,
    requester: str = ALICE,
    ask: Ask | None = None,
    routing: Routing | None = None,
    state: RequestState = RequestState.PENDING,
    grant_status: GrantStatus = GrantStatus.NONE,
    created_at: datetime = NOON,
    version: int = 1,
) -> ElevationRequest:
    """Return a request that alice made at noon and nobody has decided."""
    routing = routing or Routing(
        tier=Tier.HUMAN, approver_groups=("sre-lead",), notify_groups=("sre-lead",)
    )
    return ElevationRequest(
        id=request_id or a_request_id(),
        requester=requester,
        ask=ask or an_ask(),
        routing=routing,
        state=state,
        grant_status=grant_status,
        version=version,
        created_at=created_at,
        updated_at=created_at,
        lapses_at=created_at + timedelta(hours=24),
        required_approvals=routing.required_approvals,
    )


def a_decision(
    request: ElevationRequest,
    *,
    approver: str = BOB,
    verdict: Verdict = Verdict.APPROVE,
    text: str = "",
    self_allowed: bool = False,
    decided_at: datetime = NOON,
) -> Decision:
    """Return bob's approval of `request`."""
    return Decision(
        request_id=request.id,
        requester=request.requester,
        approver=approver,
        verdict=verdict,
        text=text,
        origin=Origin.API,
        self_allowed=self_allowed,
        decided_at=decided_at,
    )


def a_question(
    *,
    action: PolicyAction = PolicyAction.APPROVE,
    user: str = BOB,
    user_groups: tuple[str, ...] = ("sre-lead",),
    requester: str = ALICE,
    requester_groups: tuple[str, ...] = ("sre",),
    ask: Ask | None = None,
    approvals: tuple[PolicyPerson, ...] = (),
) -> PolicyQuestion:
    """Return the question whether bob may approve alice's ask."""
    ask = ask or an_ask()
    return PolicyQuestion(
        action=action,
        user=PolicyPerson(email=user, groups=user_groups),
        requester=PolicyPerson(email=requester, groups=requester_groups),
        request_id=RequestId("req_01J8KZ4F2EMNQZ3V7XKQYBD4WA"),
        provider=ask.provider,
        role=ask.role,
        resource_scope=ask.resource_scope,
        duration_seconds=int(ask.duration.total_seconds()),
        reason=ask.reason,
        break_glass=ask.break_glass,
        metadata=ask.metadata,
        approvals=approvals,
        required_approvals=1,
        trust_tier=0,
        origin=Origin.API,
        time=NOON,
    )
