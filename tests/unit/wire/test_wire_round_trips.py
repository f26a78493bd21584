"""What is written to the wire comes back as it was."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.approvals import Identity, RequestPage, RequestQuery
from core.domain.audit import AuditFact, seal
from core.domain.decision import Decision, RequestRecord
from core.domain.grant import Credentials, Secrets
from core.domain.job import Job
from core.domain.policy import PolicyAnswer
from core.domain.request import Ask, ElevationRequest, Routing
from core.ports import AuditFilter
from core.vocabulary import (
    AuditAction,
    GrantStatus,
    JobKind,
    Origin,
    Outcome,
    PolicyPackage,
    RequestId,
    RequestState,
    Tier,
    TokenScope,
    Verdict,
)
from core.wire import access, audit, pages, requests
from core.wire.fields import Fields
from tests.support.builders import a_request_id

_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40)
_NAME = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1)
_MOMENT = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001  # hypothesis adds the zone
    max_value=datetime(9000, 1, 1),  # noqa: DTZ001  # the same
    timezones=st.just(UTC),
)
_MAYBE = st.none() | _MOMENT
_IDS = st.builds(a_request_id)
_SECONDS = st.integers(1, 2_592_000).map(lambda seconds: timedelta(seconds=seconds))
_NAMES = st.lists(_NAME, max_size=3).map(tuple)
_COUNTS = st.integers(0, 10)
_SCOPES = st.frozensets(st.sampled_from(TokenScope))

_ASKS = st.builds(
    Ask,
    provider=_NAME,
    role=_NAME,
    resource_scope=_NAME,
    duration=_SECONDS,
    reason=_TEXT,
    break_glass=st.booleans(),
    metadata=st.dictionaries(_NAME, _TEXT, max_size=3),
)
_ROUTINGS = st.builds(
    Routing,
    tier=st.sampled_from(Tier),
    required_approvals=_COUNTS,
    approver_groups=_NAMES,
    notify_groups=_NAMES,
    channel=st.none() | _NAME,
    require_comment=st.booleans(),
    approval_note=_TEXT,
)
_REQUESTS = st.builds(
    ElevationRequest,
    id=_IDS,
    requester=_NAME,
    ask=_ASKS,
    routing=_ROUTINGS,
    state=st.sampled_from(RequestState),
    grant_status=st.sampled_from(GrantStatus),
    version=st.integers(1, 2**40),
    created_at=_MOMENT,
    updated_at=_MOMENT,
    lapses_at=_MOMENT,
    required_approvals=_COUNTS,
    counted_approvals=_COUNTS,
    decided_by=st.none() | _NAME,
    decided_at=_MAYBE,
    decision_text=_TEXT,
    ended_by=st.none() | _NAME,
    ended_at=_MAYBE,
    end_reason=_TEXT,
    issued_at=_MAYBE,
    expires_at=_MAYBE,
    grant_error=_TEXT,
    next_try_at=_MAYBE,
)


@st.composite
def _records(draw: st.DrawFn) -> RequestRecord:
    request = draw(_REQUESTS)
    decision = st.builds(
        Decision,
        request_id=st.just(request.id),
        requester=st.just(request.requester),
        approver=_NAME,
        verdict=st.sampled_from(Verdict),
        text=_TEXT,
        origin=st.sampled_from(Origin),
        self_allowed=st.booleans(),
        decided_at=_MOMENT,
    )
    return RequestRecord(
        request=request,
        decisions=tuple(draw(st.lists(decision, max_size=3))),
        notes=tuple(draw(st.lists(_TEXT, max_size=2))),
    )


def _over_the_wire(body: object) -> Fields:
    return Fields.of(json.loads(json.dumps(body)))


def _as_query(parameters: list[tuple[str, str]]) -> Fields:
    values: dict[str, object] = {}
    for name, value in parameters:
        if name in pages.REPEATED:
            values.setdefault(name, [])
            known = values[name]
            assert isinstance(known, list)
            known.append(value)
        else:
            values[name] = value
    return Fields(values, is_query=True)


@given(_records())
def test_record_comes_back_identical(record: RequestRecord) -> None:
    """`HttpApprovals` shows exactly what the services returned."""
    body = requests.to_request(record)

    assert requests.from_request(_over_the_wire(body)) == record


@given(st.lists(_records(), max_size=2), st.none() | _IDS)
def test_page_comes_back_identical(
    records: list[RequestRecord], token: RequestId | None
) -> None:
    """A page keeps its order and its token."""
    page = RequestPage(records=tuple(records), next_before=token)

    assert pages.from_page(_over_the_wire(pages.to_page(page))) == page


@given(
    st.builds(
        RequestQuery,
        mine=st.booleans(),
        requester=st.none() | _NAME,
        states=st.frozensets(st.sampled_from(RequestState)),
        before=st.none() | _IDS,
        limit=st.integers(1, 500),
    )
)
def test_query_comes_back_identical(query: RequestQuery) -> None:
    """The server lists what the client meant."""
    assert pages.from_query(_as_query(pages.to_query(query))) == query


@given(
    st.builds(
        AuditFilter,
        actor=st.none() | _NAME,
        request_id=st.none() | _IDS,
        action=st.none() | st.sampled_from(AuditAction),
        outcome=st.none() | st.sampled_from(Outcome),
        provider=st.none() | _NAME,
        since=_MAYBE,
        until=_MAYBE,
        before_seq=st.none() | st.integers(1, 2**53),
        limit=st.integers(1, 500),
    )
)
def test_audit_filter_comes_back_identical(wanted: AuditFilter) -> None:
    """The server filters by what the client meant."""
    assert audit.from_audit_query(_as_query(audit.to_audit_query(wanted))) == wanted


@given(
    st.integers(1, 2**53 - 1),
    st.builds(
        AuditFact,
        occurred_at=_MOMENT,
        actor=_NAME,
        action=st.sampled_from(AuditAction),
        outcome=st.sampled_from(Outcome),
        origin=st.sampled_from(Origin),
        request_id=st.none() | _IDS,
        details=st.dictionaries(
            _TEXT, _TEXT | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1)
        ),
    ),
)
def test_audit_event_comes_back_with_the_record_that_was_hashed(
    seq: int, fact: AuditFact
) -> None:
    """A reader can check the chain by what it got."""
    event = seal(fact, seq=seq, prev_hash="0" * 64)

    assert audit.from_event(_over_the_wire(audit.to_event(event))) == event


@given(
    st.builds(
        Credentials,
        request_id=_IDS,
        secrets=st.builds(
            Secrets,
            variables=st.dictionaries(_NAME, _TEXT, max_size=4),
            files=st.dictionaries(_NAME, _TEXT, max_size=2),
        ),
        issued_at=_MOMENT,
        expires_at=_MOMENT,
    )
)
def test_credentials_come_back_identical(credentials: Credentials) -> None:
    """Every variable and file with its value, in order."""
    body = requests.to_credentials(credentials)

    assert requests.from_credentials(_over_the_wire(body)) == credentials


@given(
    st.builds(
        Identity,
        email=_NAME,
        groups=_NAMES,
        trust_tier=_COUNTS,
        scopes=_SCOPES,
        expires_at=_MAYBE,
        token_id=st.just("") | _NAME,
    )
)
def test_identity_comes_back_identical(identity: Identity) -> None:
    """Groups, scopes and the token's end."""
    body = access.to_identity(identity)

    assert access.from_identity(_over_the_wire(body)) == identity


@given(
    st.builds(
        PolicyAnswer,
        allow=st.booleans(),
        deny=_NAMES,
        reason=_TEXT,
        allow_break_glass=st.booleans(),
        tier=st.sampled_from(Tier),
        required_approvals=_COUNTS,
        approver_groups=_NAMES,
        notify_groups=st.none() | _NAMES,
        channel=st.none() | _NAME,
        allow_self_approval=st.booleans(),
        require_comment=st.booleans(),
        approval_note=_TEXT,
        revision=_TEXT,
        decision_id=_TEXT,
    )
)
def test_policy_answer_comes_back_identical(answer: PolicyAnswer) -> None:
    """An empty `notify_groups` stays apart from one that policy did not give."""
    assert access.from_answer(_over_the_wire(access.to_answer(answer))) == answer


@given(
    st.builds(
        Job,
        id=st.integers(1, 2**62),
        kind=st.sampled_from(JobKind),
        lane=_NAME,
        key=_NAME,
        due_at=_MOMENT,
        payload=st.dictionaries(_NAME, _TEXT, max_size=3),
        created_at=_MOMENT,
        attempts=_COUNTS,
        lease=st.none(),
        leased_until=_MAYBE,
        last_error=_TEXT,
    )
)
def test_job_comes_back_identical(job: Job) -> None:
    """A 64-bit id survives clients that know only doubles."""
    assert access.from_job(_over_the_wire(access.to_job(job))) == job


def test_packages_have_the_references_names() -> None:
    """Each package is read back from what it is written as."""
    for package in PolicyPackage:
        fields = Fields({"type": access.to_package(package)})
        assert access.from_package(fields) is package
