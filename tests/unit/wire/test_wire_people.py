"""Principals, findings and previews come back from the wire as they went."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from core.approvals import PolicyReload, PrincipalFacts
from core.domain.approvers import ApproverReport, Candidate, Finding, Preview
from core.domain.identity import GroupsFrom, SlackAccount, SlackLink
from core.vocabulary import GroupSource, LinkMethod, Tier
from core.wire import approvers, people
from core.wire.fields import Fields

_TEXT = st.sampled_from(["", "é", 'a "quote"', "two\nlines", "\\", "<b>", "null"])
_NAME = st.sampled_from(["x", "sre-lead", "C0123", "a b", '"', "ü"])
_NAMES = st.lists(_NAME, max_size=2).map(tuple)
_COUNT = st.integers(0, 10)
_MOMENT = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
    max_value=datetime(2040, 1, 1),  # noqa: DTZ001 - the same
    timezones=st.just(UTC),
)
_MAYBE = st.none() | _MOMENT
_FINDINGS = st.lists(
    st.builds(Finding, code=_NAME, problem=_TEXT, todo=_TEXT, asks=_NAMES), max_size=2
).map(tuple)
_SOURCES = st.lists(
    st.builds(
        GroupsFrom,
        source=st.sampled_from(GroupSource),
        groups=st.frozensets(_NAME, max_size=3),
        note=_TEXT,
        until=_MAYBE,
        advice=_TEXT,
    ),
    max_size=3,
).map(tuple)


def _over_the_wire(body: object) -> Fields:
    return Fields.of(json.loads(json.dumps(body)))


@given(
    st.builds(
        PrincipalFacts,
        email=st.just("bob@example.com"),
        trust_tier=_COUNT,
        is_disabled=st.booleans(),
        notes=_TEXT,
        enrolled_by=st.none() | _NAME,
        enrolled_at=_MAYBE,
        last_seen_at=_MAYBE,
        sources=_SOURCES,
        link=st.none()
        | st.builds(
            SlackLink,
            account=st.builds(SlackAccount, team_id=_NAME, user_id=_NAME),
            email=st.just("bob@example.com"),
            method=st.sampled_from(LinkMethod),
            linked_by=_NAME,
            linked_at=_MOMENT,
        ),
    )
)
def test_a_principal_comes_back_identical(facts: PrincipalFacts) -> None:
    """With the groups of every source, and the link."""
    body = _over_the_wire(people.to_principal(facts))

    assert people.from_principal(body) == facts


@given(
    st.builds(
        ApproverReport,
        checked=_COUNT,
        findings=_FINDINGS,
        notes=_NAMES,
        is_whole=st.booleans(),
    )
)
def test_a_report_comes_back_identical(report: ApproverReport) -> None:
    """Findings, their asks, and what could not be found out."""
    assert approvers.from_report(_over_the_wire(approvers.to_report(report))) == report


@given(
    st.builds(
        Preview,
        requester=_NAME,
        tier=st.sampled_from(Tier),
        required_approvals=_COUNT,
        approver_groups=_NAMES,
        notify_groups=_NAMES,
        channel=st.none() | _NAME,
        refusal=st.none() | _NAME,
        approval_note=_TEXT,
        notified=_NAMES,
        candidates=st.lists(
            st.builds(Candidate, email=_NAME, groups=_NAMES, why_not=st.none() | _NAME),
            max_size=2,
        ).map(tuple),
        findings=_FINDINGS,
        notes=_NAMES,
    )
)
def test_a_preview_comes_back_identical(preview: Preview) -> None:
    """Who would be asked, and why not the others."""
    body = _over_the_wire(approvers.to_preview(preview))

    assert approvers.from_preview(body) == preview


@given(st.builds(PolicyReload, loaded=_COUNT, revision=_TEXT, detail=_TEXT))
def test_a_reload_comes_back_identical(reload: PolicyReload) -> None:
    """How many files, which revision."""
    assert people.from_reload(_over_the_wire(people.to_reload(reload))) == reload
