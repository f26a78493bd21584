"""Links, sign-ins, remembered groups and counted acts, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.domain.identity import (
    LinkCode,
    Membership,
    PublishedKeys,
    SignIn,
    SlackAccount,
    SlackLink,
)
from core.errors import Conflict
from core.ports import Store
from core.store.sign_ins import FORGET_AFTER
from core.vocabulary import LinkMethod, SignInState
from tests.support.builders import ALICE, BOB

NOW = datetime(2026, 3, 20, 16, 0, tzinfo=UTC)
ACCOUNT = SlackAccount(team_id="T1", user_id="U1")
OTHER_ACCOUNT = SlackAccount(team_id="T1", user_id="U2")
LINK = SlackLink(
    account=ACCOUNT,
    email=ALICE,
    method=LinkMethod.FIRST_USE,
    linked_by=ALICE,
    linked_at=NOW,
)
SIGN_IN = SignIn(
    digest="d" * 64,
    user_code="BCDFGHJK",
    host="laptop",
    address="127.0.0.1",
    state=SignInState.WAITING,
    created_at=NOW,
    expires_at=NOW + timedelta(minutes=10),
    interval_seconds=5,
)


@pytest.mark.parametrize(
    "second",
    [
        replace(LINK, email=BOB),
        replace(LINK, account=OTHER_ACCOUNT),
    ],
    ids=["the account has one", "the principal has one"],
)
async def test_a_link_is_one_each_way(store: Store, second: SlackLink) -> None:
    """Neither an account nor a principal is ever linked twice."""
    async with store.transaction() as uow:
        assert await uow.links.add(LINK)
        assert not await uow.links.add(second)
        await uow.commit()

    async with store.snapshot() as uow:
        assert await uow.links.all() == [LINK]
        assert await uow.links.of_account(ACCOUNT) == LINK
        assert await uow.links.of_email(ALICE) == LINK
        assert await uow.links.of_account(OTHER_ACCOUNT) is None


async def test_a_removed_link_makes_room(store: Store) -> None:
    """Both the account and the principal can be linked anew."""
    async with store.transaction() as uow:
        await uow.links.add(LINK)
        assert await uow.links.remove(ACCOUNT) == LINK
        assert await uow.links.remove(ACCOUNT) is None
        assert await uow.links.add(replace(LINK, account=OTHER_ACCOUNT))
        await uow.commit()


async def test_a_link_code_keeps_what_it_stands_for(store: Store) -> None:
    """It says when it was used; codes of former days are gone."""
    now = datetime.now(UTC)
    code = LinkCode(
        code="BCDF",
        account=ACCOUNT,
        email=ALICE,
        expires_at=now + timedelta(minutes=10),
    )
    old = replace(code, code="OLDD", expires_at=now - timedelta(days=1))
    async with store.transaction() as uow:
        await uow.links.add_code(old)
        await uow.links.add_code(code)
        assert await uow.links.code("OLDD") is None
        assert await uow.links.code("BCDF") == code
        await uow.links.use_code("BCDF", at=now)
        assert await uow.links.code("BCDF") == replace(code, used_at=now)
        await uow.commit()


async def test_a_sign_in_is_found_by_either_code(store: Store) -> None:
    """And what changes of it is kept."""
    confirmed = replace(
        SIGN_IN,
        state=SignInState.CONFIRMED,
        email=BOB,
        settled_at=NOW,
        polled_at=NOW,
        interval_seconds=10,
    )
    async with store.transaction() as uow:
        await uow.sign_ins.add(SIGN_IN)
        assert await uow.sign_ins.by_digest(SIGN_IN.digest) == SIGN_IN
        await uow.sign_ins.save(confirmed)
        assert await uow.sign_ins.by_user_code(SIGN_IN.user_code) == confirmed
        assert await uow.sign_ins.by_user_code("ZZZZZZZZ") is None
        await uow.commit()


async def test_two_sign_ins_never_share_a_code(store: Store) -> None:
    """Until the first is long over, and is forgotten when the next one begins."""
    second = replace(SIGN_IN, digest="e" * 64)
    async with store.transaction() as uow:
        await uow.sign_ins.add(SIGN_IN)
        await uow.commit()
    with pytest.raises(Conflict):
        async with store.transaction() as uow:
            await uow.sign_ins.add(second)

    at = SIGN_IN.expires_at + FORGET_AFTER
    later = replace(second, created_at=at, expires_at=at + timedelta(minutes=10))
    async with store.transaction() as uow:
        await uow.sign_ins.add(later)
        assert await uow.sign_ins.by_user_code(SIGN_IN.user_code) == later
        await uow.commit()


async def test_only_sign_ins_that_wait_are_counted(store: Store) -> None:
    """One that is over, or that somebody settled, makes room."""
    settled = replace(
        SIGN_IN,
        digest="e" * 64,
        user_code="CCCCCCCC",
        state=SignInState.REFUSED,
        email=BOB,
        settled_at=NOW,
    )
    async with store.transaction() as uow:
        await uow.sign_ins.add(SIGN_IN)
        await uow.sign_ins.add(settled)
        assert await uow.sign_ins.count_waiting(at=NOW) == 1
        assert await uow.sign_ins.count_waiting(at=SIGN_IN.expires_at) == 0
        await uow.commit()


async def test_remembered_groups_are_those_of_the_last_sign_in(store: Store) -> None:
    """A group that was left is left; who signed in too long ago is no member."""
    first = Membership(
        email=ALICE,
        issuer="https://issuer.example.com",
        subject="1",
        signed_in_at=NOW,
        groups=frozenset({"sre", "sre-lead"}),
    )
    second = replace(
        first, signed_in_at=NOW + timedelta(hours=1), groups=frozenset({"sre"})
    )
    async with store.transaction() as uow:
        await uow.memberships.put(first)
        await uow.memberships.put(second)
        assert await uow.memberships.of(ALICE) == second
        assert await uow.memberships.of(BOB) is None
        since = second.signed_in_at
        assert await uow.memberships.members_of("sre", since=since) == [ALICE]
        assert await uow.memberships.members_of("sre-lead", since=since) == []
        late = since + timedelta(seconds=1)
        assert await uow.memberships.members_of("sre", since=late) == []
        await uow.commit()


async def test_person_who_is_forgotten_is_in_no_group(store: Store) -> None:
    """What stays is since when the e-mail is nobody's."""
    known = Membership(
        email=ALICE,
        issuer="https://issuer.example.com",
        subject="1",
        signed_in_at=NOW,
        groups=frozenset({"sre"}),
    )
    async with store.transaction() as uow:
        await uow.memberships.put(known)
        later = NOW + timedelta(hours=1)
        await uow.memberships.put(known.forgotten(at=later))
        stays = await uow.memberships.of(ALICE)
        assert stays is not None
        assert (stays.is_forgotten, stays.signed_in_at) == (True, later)
        assert await uow.memberships.members_of("sre", since=NOW) == []
        await uow.commit()


async def test_acts_are_counted_per_window(store: Store) -> None:
    """A new window begins at one; an old one is not shown any more."""
    minute = timedelta(minutes=1)
    async with store.transaction() as uow:
        counts = [
            (await uow.rates.add("decide:bob", at=NOW, window=minute)).count
            for _ in range(3)
        ]
        other = await uow.rates.add("decide:ben", at=NOW, window=minute)
        again = await uow.rates.add("decide:bob", at=NOW + minute, window=minute)
        assert counts == [1, 2, 3]
        assert (other.count, again.count) == (1, 1)
        assert again.window_ends_at == NOW + 2 * minute
        assert await uow.rates.of("decide:bob", at=NOW + minute) == again
        assert await uow.rates.of("decide:bob", at=NOW + 2 * minute) is None
        await uow.commit()


async def test_published_keys_are_those_that_were_asked_for_last(store: Store) -> None:
    """A server that is late does not bring older ones back."""
    newer = PublishedKeys(issuer="https://one", document="[1]", fetched_at=NOW)
    older = replace(newer, document="[0]", fetched_at=NOW - timedelta(seconds=1))
    async with store.transaction() as uow:
        await uow.issuer_keys.put(newer)
        await uow.issuer_keys.put(older)
        assert await uow.issuer_keys.of("https://one") == newer
        assert await uow.issuer_keys.of("https://two") is None
        await uow.commit()
