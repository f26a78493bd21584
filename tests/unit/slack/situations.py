"""Every situation a card can be in, by name; shared by the tests of what is drawn."""

from dataclasses import replace
from datetime import timedelta

from bot.slack.cards import CardFacts, Ping
from core.domain.decision import RequestRecord
from core.domain.request import ElevationRequest, Routing
from core.vocabulary import GrantStatus, RequestId, RequestState, Tier, Verdict
from tests.support.builders import (
    ALICE,
    BOB,
    CAROL,
    NOON,
    a_decision,
    a_request,
    an_ask,
)

ID = RequestId("req_01J8KZ4F2EMNQZ3V7XKQYBD4WA")
LATER = NOON + timedelta(minutes=7)
_G = GrantStatus
_S = RequestState


def pending(routing: Routing | None = None, reason: str = "") -> ElevationRequest:
    """Return a request that waits."""
    ask = an_ask(reason=reason) if reason else None
    return a_request(request_id=ID, routing=routing, ask=ask)


def decided(
    state: RequestState, grant: GrantStatus, *, version: int = 3
) -> ElevationRequest:
    """Return a request that bob decided at noon."""
    return replace(
        pending(),
        state=state,
        grant_status=grant,
        version=version,
        counted_approvals=1,
        decided_by=BOB,
        decided_at=NOON,
        decision_text="go ahead",
    )


def _quorum() -> ElevationRequest:
    routing = Routing(
        required_approvals=2,
        approver_groups=("security", "sre-lead"),
        notify_groups=("security", "sre-lead"),
        approval_note="one approval from sre-lead and one from security",
    )
    return pending(routing)


def _one_of_two() -> RequestRecord:
    request = replace(_quorum(), counted_approvals=1, version=2)
    return RequestRecord(
        request=request, decisions=(a_decision(request, text="fine by me"),)
    )


def _two_of_two() -> RequestRecord:
    request = replace(
        _quorum(),
        state=_S.APPROVED,
        grant_status=_G.ISSUING,
        version=3,
        counted_approvals=2,
        decided_by=CAROL,
        decided_at=LATER,
        decision_text="agreed",
    )
    first = a_decision(request, text="fine by me")
    second = a_decision(request, approver=CAROL, text="agreed", decided_at=LATER)
    return RequestRecord(request=request, decisions=(first, second))


OTHER = RequestId("req_01J8KZ9D6A3Q7M2T5W8Y0XBCDE")


def _broken(state: RequestState, grant: GrantStatus) -> ElevationRequest:
    """Return a request whose requester broke the glass at noon."""
    ask = an_ask(reason="INC-4421: nobody answers", break_glass=True)
    return replace(
        a_request(request_id=ID, ask=ask),
        state=state,
        grant_status=grant,
        decided_by="break-glass",
        decided_at=NOON,
    )


def _emergencies() -> dict[str, ElevationRequest]:
    """Return what may become of a request that broke the glass."""
    ends = NOON + timedelta(hours=1)
    active = replace(
        _broken(_S.ACTIVE, _G.ACTIVE), version=2, issued_at=NOON, expires_at=ends
    )
    over = replace(
        active,
        state=_S.EXPIRED,
        grant_status=_G.ENDED,
        version=4,
        ended_by="system",
        ended_at=ends,
    )
    return {
        "broke_glass": _broken(_S.APPROVED, _G.ISSUING),
        "broke_glass_failed": replace(
            _broken(_S.APPROVED, _G.FAILED),
            version=2,
            grant_error="<timeout>",
            next_try_at=LATER,
        ),
        "broke_glass_active": active,
        "broke_glass_over": over,
        "broke_glass_reviewed": replace(
            over,
            version=5,
            reviewed_by=BOB,
            reviewed_at=LATER,
            review_note="restarted pods, nothing else & <fine>",
        ),
    }


def situations() -> dict[str, RequestRecord]:
    """Return every situation."""
    ends = NOON + timedelta(hours=1)
    active = replace(
        decided(_S.ACTIVE, _G.ACTIVE, version=4), issued_at=NOON, expires_at=ends
    )
    failed = replace(
        decided(_S.APPROVED, _G.FAILED), grant_error="<timeout>", next_try_at=LATER
    )
    denial = replace(
        decided(_S.REJECTED, _G.NONE, version=2), decision_text="not today & not so"
    )
    automatic = replace(
        decided(_S.APPROVED, _G.ISSUING, version=1),
        routing=Routing(tier=Tier.AUTO),
        decided_by="policy",
        decision_text="",
    )
    requests = {
        "pending": pending(),
        "pending_quorum": _quorum(),
        "pending_comment": pending(
            Routing(require_comment=True, approver_groups=("sre-lead",))
        ),
        "pending_long_reason": pending(reason="because " * 100),
        "lapsed_before_its_job": replace(pending(), lapses_at=NOON),
        "lapsed": replace(
            pending(), state=_S.EXPIRED, version=2, ended_by="system", ended_at=ends
        ),
        "withdrawn": replace(
            pending(), state=_S.REVOKED, version=2, ended_by=ALICE, ended_at=LATER
        ),
        "denied": denial,
        "granting": decided(_S.APPROVED, _G.ISSUING),
        "auto_approved": automatic,
        "failed": failed,
        "active": active,
        "revoking": replace(active, grant_status=_G.REVOKING, version=5),
        "revoking_early": replace(
            active,
            grant_status=_G.REVOKING,
            version=5,
            ended_by=CAROL,
            end_reason="incident over",
        ),
        "giving_up": replace(
            failed,
            grant_status=_G.REVOKING,
            version=8,
            end_reason="issuing failed: <timeout>",
        ),
        "extending": replace(pending(), extends=OTHER),
        "extended": replace(
            active,
            state=_S.REVOKED,
            grant_status=_G.ENDED,
            version=7,
            ended_by="system",
            ended_at=LATER,
            end_reason=f"extended by {OTHER}",
        ),
        "revoke_failed": replace(
            active,
            grant_status=_G.REVOKE_FAILED,
            grant_error="no answer",
            next_try_at=ends,
            version=6,
        ),
        "expired": replace(
            active,
            state=_S.EXPIRED,
            grant_status=_G.ENDED,
            version=7,
            ended_by="system",
            ended_at=ends,
        ),
        "revoked": replace(
            active,
            state=_S.REVOKED,
            grant_status=_G.ENDED,
            version=7,
            ended_by=CAROL,
            ended_at=LATER,
            end_reason="incident over",
        ),
        "given_up": replace(
            failed,
            state=_S.REVOKED,
            grant_status=_G.ENDED,
            version=9,
            ended_by="system",
            ended_at=ends,
            end_reason="issuing failed: <timeout>",
        ),
        **_emergencies(),
    }
    records = {}
    for name, request in requests.items():
        verdict = Verdict.DENY if name == "denied" else Verdict.APPROVE
        has_decision = request.decided_by == BOB
        text = request.decision_text
        decision = a_decision(request, verdict=verdict, text=text)
        decisions = (decision,) if has_decision else ()
        records[name] = RequestRecord(request=request, decisions=decisions)
    records["one_of_two"] = _one_of_two()
    records["two_of_two"] = _two_of_two()
    return records


def facts_of(record: RequestRecord) -> CardFacts:
    """Return what a first post of a card shows; edits call nobody."""
    is_first = record.request.version == 1
    ping = Ping(mentions=("<!subteam^S012345>", "<@U0BOB>")) if is_first else None
    return CardFacts(record=record, now=LATER, requests_this_week=3, ping=ping)
