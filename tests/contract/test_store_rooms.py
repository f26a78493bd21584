"""Every database keeps grants, surfaces, principals and refusals."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.grant import Grant
from core.domain.surface import Surface
from core.errors import Invalid
from core.ports import PrincipalRow, RefusalKey
from core.store.engine import SqlStore
from core.vocabulary import SurfacePurpose, SurfaceState, Verdict
from tests.contract.test_store_requests import put
from tests.support.builders import ALICE, BOB, NOON, a_request, a_request_id

LATER = NOON + timedelta(hours=1)
WINDOW = timedelta(seconds=60)


async def test_grant_is_put_replaced_erased_and_ended(store: SqlStore) -> None:
    """The ciphertext goes when the end starts, the rest stays."""
    request = a_request()
    await put(store, request)
    grant = Grant(
        request_id=request.id,
        provider="local",
        handle="h1",
        issued_at=NOON,
        expires_at=LATER,
        sealed_credentials=b"\x00\xffsecret",
    )
    newer = replace(grant, handle="h2", sealed_credentials=b"newer")

    async with store.transaction() as uow:
        assert await uow.grants.get(request.id) is None
        await uow.grants.put(grant)
        assert await uow.grants.get(request.id) == grant
        await uow.grants.put(newer)
        assert await uow.grants.get(request.id) == newer
        await uow.grants.erase_credentials(request.id)
        assert await uow.grants.get(request.id) == replace(
            newer, sealed_credentials=None
        )
        await uow.grants.put(newer)
        await uow.grants.end(request.id, at=LATER)
        assert await uow.grants.get(request.id) == replace(
            newer, sealed_credentials=None, ended_at=LATER
        )
        await uow.commit()


async def test_erasing_what_is_not_there_does_nothing(store: SqlStore) -> None:
    """An end may start before anything was issued."""
    async with store.transaction() as uow:
        await uow.grants.erase_credentials(a_request_id())
        await uow.grants.end(a_request_id(), at=NOON)


async def test_surface_is_wanted_once_and_its_version_only_grows(
    store: SqlStore,
) -> None:
    """Five quick changes are one surface that should show the last."""
    request = a_request()
    await put(store, request)

    async with store.transaction() as uow:
        first = await uow.surfaces.want(
            request.id, SurfacePurpose.CARD, "#access", version=2
        )
        again = await uow.surfaces.want(
            request.id, SurfacePurpose.CARD, "#access", version=5
        )
        older = await uow.surfaces.want(
            request.id, SurfacePurpose.CARD, "#access", version=3
        )
        other = await uow.surfaces.want(request.id, SurfacePurpose.DM, ALICE, version=1)
        await uow.commit()

    assert first == Surface(
        id=first.id,
        request_id=request.id,
        purpose=SurfacePurpose.CARD,
        destination="#access",
        desired_version=2,
    )
    assert again == older == replace(first, desired_version=5)
    async with store.snapshot() as uow:
        assert await uow.surfaces.of(request.id) == [again, other]


async def test_saving_a_surface_never_lowers_what_is_wanted(store: SqlStore) -> None:
    """A renderer that saves does not undo a wish that came meanwhile."""
    request = a_request()
    await put(store, request)
    async with store.transaction() as uow:
        wanted = await uow.surfaces.want(
            request.id, SurfacePurpose.CARD, "#access", version=1
        )
        await uow.surfaces.want(request.id, SurfacePurpose.CARD, "#access", version=4)
        shown = replace(
            wanted,
            rendered_version=1,
            state=SurfaceState.POSTED,
            channel_id="C1",
            ts="1700000000.000100",
            delivery_id="delivery",
            attempts=2,
            attempted_at=NOON,
            error="ratelimited",
        )
        await uow.surfaces.save(shown)
        await uow.commit()

    expected = replace(shown, desired_version=4)
    async with store.transaction() as uow:
        assert await uow.surfaces.lock(wanted.id) == expected
        assert await uow.surfaces.at("C1", "1700000000.000100") == expected
        assert await uow.surfaces.at("C2", "1700000000.000100") is None
        assert await uow.surfaces.lock(wanted.id + 1) is None


async def test_strangers_have_no_tier_and_are_enabled(store: SqlStore) -> None:
    """What is put replaces what was there."""
    async with store.transaction() as uow:
        assert await uow.principals.get(BOB) == PrincipalRow(email=BOB)
        for row in (
            PrincipalRow(email=BOB, trust_tier=3),
            PrincipalRow(email=BOB, trust_tier=1, is_disabled=True),
        ):
            await uow.principals.put(row)
            assert await uow.principals.get(BOB) == row


@pytest.mark.parametrize("verdict", [None, Verdict.APPROVE, Verdict.DENY])
async def test_refusal_is_first_once_per_window(
    store: SqlStore, verdict: Verdict | None
) -> None:
    """Repeats are counted, also in the same instant."""
    key = RefusalKey(actor=BOB, request_id="req_x", verdict=verdict, code="not_allowed")
    other = replace(key, code="self_approval")

    async with store.transaction() as uow:
        assert await uow.refusals.note(key, at=NOON, window=WINDOW)
        assert not await uow.refusals.note(key, at=NOON, window=WINDOW)
        assert not await uow.refusals.note(
            key, at=NOON + WINDOW - timedelta(microseconds=1), window=WINDOW
        )
        assert await uow.refusals.note(other, at=NOON, window=WINDOW)
        assert await uow.refusals.close(key) == 2
        assert await uow.refusals.close(key) == 0
        assert await uow.refusals.close(other) == 0
        assert await uow.refusals.note(key, at=NOON, window=WINDOW)


async def test_late_refusal_is_a_first_and_loses_no_count(store: SqlStore) -> None:
    """A window that nobody closed in time still tells what it counted."""
    key = RefusalKey(actor=BOB, request_id="", verdict=None, code="not_allowed")

    async with store.transaction() as uow:
        await uow.refusals.note(key, at=NOON, window=WINDOW)
        await uow.refusals.note(key, at=NOON, window=WINDOW)
        assert await uow.refusals.note(key, at=NOON + WINDOW, window=WINDOW)
        assert not await uow.refusals.note(key, at=NOON + WINDOW, window=WINDOW)
        assert await uow.refusals.close(key) == 2


@pytest.mark.parametrize("text", ["with\0nul", "half \ud800 character"])
async def test_text_that_no_database_holds_is_invalid(
    store: SqlStore, text: str
) -> None:
    """Both databases refuse the same, and say what to remove."""
    async with store.transaction() as uow:
        with pytest.raises(Invalid, match="NUL"):
            await uow.principals.put(PrincipalRow(email=text))
