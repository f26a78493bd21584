"""A submission whose answer is lost after the work: asked again, done once."""

from datetime import timedelta

import pytest

from core.errors import OutcomeUnknown, ServerUnavailable
from core.ports import AuditFilter
from core.remote import HttpApprovals
from core.vocabulary import AuditAction, GrantStatus
from tests.support.builders import ALICE, BOB, ERIN, an_ask
from tests.support.fronts import Fate, front_of
from tests.support.servers import ApiServer, granted

_LOOK = "it may have been done all the same: look before you repeat it"


async def _count(api: ApiServer, action: AuditAction) -> int:
    erin = await api.acting(ERIN)
    await erin.verify_audit()
    return len((await erin.audit(AuditFilter(action=action))).events)


@pytest.mark.parametrize("break_glass", [False, True])
async def test_lost_submission_is_asked_for_again(
    api: ApiServer, *, break_glass: bool
) -> None:
    """One request, and its id; the person does not notice."""
    ask = an_ask(break_glass=break_glass)
    async with front_of(api.url, Fate.LOSE, Fate.PASS) as (url, front):
        alice = HttpApprovals(url, token=await api.token(ALICE))

        record = await alice.submit(ask)

    assert front.calls == 2
    assert record.request.ask == ask
    assert await _count(api, AuditAction.REQUEST_CREATED) == 1


async def test_lost_extension_is_asked_for_again(api: ApiServer) -> None:
    """Not refused because the first one is open."""
    old = (await granted(api)).request.id
    async with front_of(api.url, Fate.LOSE, Fate.PASS) as (url, front):
        alice = HttpApprovals(url, token=await api.token(ALICE))

        record = await alice.extend(old, duration=timedelta(hours=2))

    assert front.calls == 2
    assert record.request.extends == old
    assert await _count(api, AuditAction.REQUEST_CREATED) == 2


async def test_two_asks_are_two_requests(api: ApiServer) -> None:
    """Each call has a key of its own; the same words twice are no repetition."""
    async with front_of(api.url, Fate.PASS) as (url, _):
        alice = HttpApprovals(url, token=await api.token(ALICE))

        first, second = await alice.submit(an_ask()), await alice.submit(an_ask())

    assert first.request.id != second.request.id


async def test_answer_lost_twice_is_told(api: ApiServer) -> None:
    """It is there, once; whoever asks is told to look."""
    async with front_of(api.url, Fate.LOSE) as (url, front):
        alice = HttpApprovals(url, token=await api.token(ALICE))

        with pytest.raises(ServerUnavailable) as lost:
            await alice.submit(an_ask())

    assert front.calls == 2
    assert lost.value.why.count(_LOOK) == 1
    assert await _count(api, AuditAction.REQUEST_CREATED) == 1


async def test_server_that_is_gone_after_a_lost_answer_hides_no_doubt(
    api: ApiServer,
) -> None:
    """Nothing was sent the second time, but the first may have been done."""
    async with front_of(api.url, Fate.LOSE_AND_LEAVE) as (url, _):
        alice = HttpApprovals(url, token=await api.token(ALICE))

        with pytest.raises(ServerUnavailable) as gone:
            await alice.submit(an_ask())

    assert "connection refused" in gone.value.why
    assert _LOOK in gone.value.why


async def test_server_that_is_busy_after_a_lost_answer_hides_no_doubt(
    api: ApiServer,
) -> None:
    """`nothing was decided` is true of the second try alone."""
    async with front_of(api.url, Fate.LOSE, Fate.BUSY) as (url, _):
        alice = HttpApprovals(url, token=await api.token(ALICE))

        with pytest.raises(OutcomeUnknown) as doubt:
            await alice.submit(an_ask())

    assert doubt.value.look_with == "jitsudo status --mine"
    assert await _count(api, AuditAction.REQUEST_CREATED) == 1


async def test_lost_answer_to_a_revocation_can_be_asked_for_again(
    api: ApiServer,
) -> None:
    """The outcome is unknown; doing the same again tells it."""
    request_id = (await granted(api)).request.id
    async with front_of(api.url, Fate.LOSE, Fate.PASS) as (url, _):
        bob = HttpApprovals(url, token=await api.token(BOB))

        with pytest.raises(OutcomeUnknown):
            await bob.revoke(request_id, reason="stolen")
        record = await bob.revoke(request_id, reason="stolen")

    assert record.request.grant_status is GrantStatus.REVOKING
    assert await _count(api, AuditAction.GRANT_REVOKE_REQUESTED) == 1
