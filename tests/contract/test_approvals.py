"""What every `Approvals` has to do, in this process and over REST alike."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.approvals import Approvals, RequestQuery
from core.errors import (
    Invalid,
    NotAllowed,
    NotEligible,
    NotFound,
    SelfApproval,
    WrongState,
)
from core.vocabulary import (
    RequestId,
    RequestState,
    Verdict,
)
from tests.support.builders import (
    ALICE,
    BEN,
    BOB,
    CAROL,
    DAVE,
    a_request_id,
    an_ask,
)
from tests.support.servers import House


async def test_approved_request_says_who_and_why(
    alice: Approvals, bob: Approvals
) -> None:
    """The approver's name and comment come back to the requester."""
    asked = await alice.submit(an_ask())

    approved = await bob.approve(asked.request.id, comment="go ahead")

    assert approved.request.state is RequestState.APPROVED
    assert approved.request.decided_by == BOB
    assert approved.request.decision_text == "go ahead"
    assert [d.approver for d in approved.approvals] == [BOB]
    assert await alice.get(asked.request.id) == replace(approved, notes=())


async def test_denied_request_keeps_its_reason(
    alice: Approvals, bob: Approvals
) -> None:
    """A denial is final and says why."""
    asked = await alice.submit(an_ask())

    denied = await bob.deny(asked.request.id, reason="not during the freeze")

    assert denied.request.state is RequestState.REJECTED
    assert denied.request.decision_text == "not during the freeze"
    assert [d.verdict for d in denied.decisions] == [Verdict.DENY]


async def test_blank_reason_does_not_deny(alice: Approvals, bob: Approvals) -> None:
    """White space is not a reason; the request stays as it was."""
    asked = await alice.submit(an_ask())

    with pytest.raises(Invalid) as refused:
        await bob.deny(asked.request.id, reason=" \n ")

    assert refused.value.field == "reason"
    assert await alice.get(asked.request.id) == asked


async def test_late_decision_is_told_who_won(
    alice: Approvals, bob: Approvals, house: House
) -> None:
    """The loser reads the state, who brought it about and when."""
    asked = await alice.submit(an_ask())
    approved = await bob.approve(asked.request.id, comment="")

    with pytest.raises(WrongState) as refused:
        await (await house.acting(BEN)).deny(asked.request.id, reason="too late")

    assert refused.value.actual == "APPROVED"
    assert refused.value.by == BOB
    assert refused.value.at == approved.request.decided_at


async def test_nobody_approves_their_own_request(alice: Approvals) -> None:
    """Four eyes: the refusal is its own kind."""
    asked = await alice.submit(an_ask())

    with pytest.raises((SelfApproval, NotAllowed)):
        await alice.approve(asked.request.id, comment="")


async def test_stranger_is_refused_without_a_fact_of_the_request(
    alice: Approvals, house: House
) -> None:
    """Who may not see a request is told policy's reason, and 404 on looking."""
    asked = await alice.submit(an_ask())
    dave = await house.acting(DAVE)

    with pytest.raises(NotFound):
        await dave.get(asked.request.id)
    with pytest.raises(NotAllowed) as refused:
        await dave.approve(asked.request.id, comment="")

    assert "infra-admin" not in str(refused.value)
    assert (await dave.list(RequestQuery())).records == ()


async def test_not_eligible_is_told_policys_reason(house: House) -> None:
    """Nothing is stored for somebody who may not ask."""
    dave = await house.acting(DAVE)

    with pytest.raises(NotEligible) as refused:
        await dave.submit(an_ask())

    assert refused.value.reason
    assert (await dave.list(RequestQuery(mine=True))).records == ()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"role": "admin\x00"}, "role"),
        ({"reason": "x" * 2_001}, "reason"),
        ({"reason": "half \ud800"}, "reason"),
        ({"resource_scope": "prod\u202e"}, "scope"),
        ({"duration": timedelta(0)}, "duration"),
        ({"duration": timedelta(days=31)}, "duration"),
    ],
)
async def test_what_cannot_be_asked_names_its_field(
    alice: Approvals, changed: dict[str, object], field: str
) -> None:
    """Core says which field is wrong, whichever way it came."""
    with pytest.raises(Invalid) as refused:
        await alice.submit(replace(an_ask(), **changed))  # type: ignore[arg-type]  # by parameter

    assert refused.value.field == field


async def test_withdrawn_request_stays_withdrawn(
    alice: Approvals, bob: Approvals
) -> None:
    """Only the requester can, and doing it twice answers the same."""
    asked = await alice.submit(an_ask())

    with pytest.raises(NotAllowed):
        await bob.withdraw(asked.request.id)
    withdrawn = await alice.withdraw(asked.request.id)

    assert withdrawn.request.state is RequestState.REVOKED
    assert withdrawn.request.ended_by == ALICE
    assert await alice.withdraw(asked.request.id) == withdrawn


async def test_repeated_approval_answers_the_same(
    alice: Approvals, house: House
) -> None:
    """Short of a quorum the request waits; saying it again changes nothing."""
    asked = await alice.submit(an_ask(resource_scope="prod"))
    carol = await house.acting(CAROL)

    first = await carol.approve(asked.request.id, comment="one")
    again = await carol.approve(asked.request.id, comment="two")

    assert first.request.state is RequestState.PENDING
    assert (first.request.counted_approvals, first.request.required_approvals) == (1, 2)
    assert (again.request, again.decisions) == (first.request, first.decisions)


async def test_lists_come_in_pages_newest_first(
    alice: Approvals, bob: Approvals
) -> None:
    """Pages join without a gap; filters hold on every one."""
    asked = [(await alice.submit(an_ask())).request.id for _ in range(5)]
    await bob.deny(asked[2], reason="no")
    wanted = RequestQuery(
        requester=ALICE, states=frozenset({RequestState.PENDING}), limit=3
    )

    first = await bob.list(wanted)
    second = await bob.list(replace(wanted, before=first.next_before))

    found = [record.request.id for record in (*first.records, *second.records)]
    assert found == [asked[4], asked[3], asked[1], asked[0]]
    assert len(first.records) == 3
    assert second.next_before is None


@pytest.mark.parametrize("limit", [0, -1, 501])
async def test_page_size_has_its_limits(alice: Approvals, limit: int) -> None:
    """A page of none or of everything is refused, not corrected in silence."""
    with pytest.raises(Invalid):
        await alice.list(RequestQuery(limit=limit))


async def test_waiting_ends_with_the_decision(alice: Approvals, bob: Approvals) -> None:
    """A long-poll returns as soon as there is a newer version."""
    asked = await alice.submit(an_ask())
    loop = asyncio.get_running_loop()
    began = loop.time()

    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(
            alice.get(
                asked.request.id,
                wait=timedelta(seconds=30),
                since_version=asked.request.version,
            )
        )
        await bob.approve(asked.request.id, comment="")

    assert waiting.result().request.state is RequestState.APPROVED
    assert loop.time() - began < 10


async def test_waiting_in_vain_returns_the_request_as_it_is(alice: Approvals) -> None:
    """Time running out is no error."""
    asked = await alice.submit(an_ask())

    same = await alice.get(
        asked.request.id, wait=timedelta(seconds=0.2), since_version=1
    )

    assert same == asked


async def test_unknown_request_is_not_found(alice: Approvals) -> None:
    """The error names what was looked for."""
    unknown = a_request_id()

    with pytest.raises(NotFound) as missing:
        await alice.get(unknown)

    assert (missing.value.what, missing.value.name) == ("request", unknown)


async def test_id_that_cannot_be_is_refused(alice: Approvals) -> None:
    """What gets past a front end's own check is caught or not found."""
    with pytest.raises((Invalid, NotFound)):
        await alice.get(RequestId("req_nonsense"))
