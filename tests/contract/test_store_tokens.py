"""Every database keeps tokens, lists them in pages, and forgets them in time."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.token import Token
from core.errors import Conflict
from core.ports import TokenFilter
from core.store.engine import SqlStore
from core.vocabulary import TokenScope
from tests.support.builders import ALICE, BOB, NOON

MINUTE = timedelta(minutes=1)
LATER = NOON + timedelta(hours=1)


def a_token(**changes: object) -> Token:
    """Return alice's token."""
    token = Token(
        id="tok_1",
        digest="d" * 64,
        email=ALICE,
        scopes=frozenset({TokenScope.READ, TokenScope.APPROVE}),
        created_at=NOON,
        created_by="operator:root@host",
        expires_at=LATER,
    )
    return replace(token, **changes)  # type: ignore[arg-type] # a test's own names


def numbered(number: int, **changes: object) -> Token:
    """Return another token of alice's, by default made so many minutes later."""
    return a_token(
        **{
            "id": f"tok_{number}",
            "digest": f"{number:064}",
            "created_at": NOON + number * MINUTE,
            **changes,
        }
    )


async def put(store: SqlStore, tokens: Iterable[Token]) -> None:
    """Store tokens."""
    async with store.transaction() as uow:
        for token in tokens:
            await uow.tokens.add(token)
        await uow.commit()


async def found(store: SqlStore, wanted: TokenFilter) -> list[str]:
    """Return the ids of what a filter finds."""
    async with store.snapshot() as uow:
        return [token.id for token in await uow.tokens.find(wanted)]


async def test_token_is_found_by_digest_and_id_and_person(store: SqlStore) -> None:
    """Newest first, everybody's or one person's."""
    hers = a_token()
    newer = a_token(id="tok_2", digest="e" * 64, created_at=LATER)
    his = a_token(id="tok_3", digest="f" * 64, email=BOB, scopes=frozenset())
    await put(store, (hers, newer, his))

    async with store.snapshot() as uow:
        assert await uow.tokens.by_digest(hers.digest) == hers
        assert await uow.tokens.by_digest("0" * 64) is None
        assert await uow.tokens.get("tok_3") == his
        assert await uow.tokens.get("tok_4") is None
        assert await uow.tokens.find(TokenFilter(email=ALICE)) == [newer, hers]
        assert await uow.tokens.find(TokenFilter()) == [newer, his, hers]


async def test_token_is_revoked_once_and_remembers_its_use(store: SqlStore) -> None:
    """The first revocation stands."""
    async with store.transaction() as uow:
        await uow.tokens.add(a_token())
        await uow.tokens.touch("tok_1", at=NOON)
        assert await uow.tokens.revoke("tok_1", at=LATER)
        assert not await uow.tokens.revoke("tok_1", at=NOON)
        assert not await uow.tokens.revoke("tok_9", at=NOON)
        assert await uow.tokens.get("tok_1") == a_token(
            last_used_at=NOON, revoked_at=LATER
        )


async def test_same_secret_twice_is_a_conflict(store: SqlStore) -> None:
    """A digest belongs to one token."""
    async with store.transaction() as uow:
        await uow.tokens.add(a_token())
        with pytest.raises(Conflict):
            await uow.tokens.add(a_token(id="tok_2"))


@pytest.mark.parametrize("email", [None, ALICE], ids=["everybody's", "alice's"])
@pytest.mark.parametrize("is_valid", [False, True], ids=["all", "valid"])
async def test_pages_hold_every_token_once(
    store: SqlStore, email: str | None, *, is_valid: bool
) -> None:
    """Also of many made in one instant, where the id decides."""
    tokens = [numbered(n, created_at=NOON + n // 4 * MINUTE) for n in range(10, 22)]
    ended = [numbered(30, revoked_at=NOON), numbered(31, expires_at=NOON)]
    await put(store, tokens + ended)

    pages: list[list[Token]] = []
    before: Token | None = None
    while not pages or len(pages[-1]) == 5:
        wanted = TokenFilter(
            email=email, valid_at=NOON if is_valid else None, before=before, limit=5
        )
        async with store.snapshot() as uow:
            pages.append(await uow.tokens.find(wanted))
        before = pages[-1][-1]

    expected = tokens if is_valid else tokens + ended
    assert [token for page in pages for token in page] == expected[::-1]


async def test_a_token_is_valid_until_the_instant_of_its_end(store: SqlStore) -> None:
    """The same instant that `Token.is_valid` says."""
    valid = numbered(1, expires_at=NOON + timedelta(microseconds=1))
    ended = [
        numbered(2, expires_at=NOON),
        numbered(3, revoked_at=LATER),  # by a clock that was ahead
        numbered(4, expires_at=NOON, email=BOB),
    ]
    await put(store, [valid, *ended])

    assert await found(store, TokenFilter(valid_at=NOON)) == [valid.id]
    assert await found(store, TokenFilter(valid_at=NOON, email=BOB)) == []
    async with store.snapshot() as uow:
        assert await uow.tokens.valid_of(ALICE, at=NOON) == [valid]
    assert [token.is_valid(NOON) for token in (valid, *ended)] == [
        *(True, False, False, False)
    ]


async def test_valid_tokens_for_others_are_found(store: SqlStore) -> None:
    """Those that somebody else made, alone or with the person."""
    own, given, both, over = (
        numbered(1, created_by=ALICE),
        numbered(2, created_by=BOB),
        numbered(3, created_by=f"{ALICE} {BOB}"),
        numbered(4, created_by=BOB, revoked_at=NOON),
    )
    await put(store, (own, given, both, over))

    async with store.snapshot() as uow:
        others = await uow.tokens.valid_for_others(at=NOON)

    assert {token.id for token in others} == {given.id, both.id}


async def test_last_use_is_that_of_any_token(store: SqlStore) -> None:
    """Also of one that has ended; of who used none there is none."""
    await put(
        store,
        (
            numbered(1, last_used_at=LATER, revoked_at=LATER),
            numbered(2, last_used_at=NOON),
            numbered(3, email=BOB),
        ),
    )

    async with store.snapshot() as uow:
        assert await uow.tokens.last_use(ALICE) == LATER
        assert await uow.tokens.last_use(BOB) is None
        assert await uow.tokens.last_use("nobody@example.com") is None


async def test_what_has_ended_is_forgotten_a_batch_at_a_time(store: SqlStore) -> None:
    """By whichever end came first; what ends later, or not yet, stays."""
    after = NOON + timedelta(microseconds=1)
    kept = [
        numbered(1, expires_at=after),
        numbered(2, expires_at=LATER, revoked_at=after),
        numbered(3, expires_at=LATER),
    ]
    gone = [
        numbered(4, expires_at=NOON),
        numbered(5, expires_at=NOON, revoked_at=NOON),
        numbered(6, expires_at=LATER, revoked_at=NOON),
        numbered(7, expires_at=NOON, revoked_at=LATER),
        numbered(8, expires_at=NOON - MINUTE, email=BOB),
    ]
    await put(store, kept + gone)

    counts: list[int] = []
    while not counts or counts[-1]:
        async with store.transaction() as uow:
            counts.append(await uow.tokens.forget_ended(before=NOON, most=2))
            await uow.commit()

    assert sum(counts) == len(gone)
    assert all(count <= 4 for count in counts)
    assert len(counts) > 2
    assert await found(store, TokenFilter()) == ["tok_3", "tok_2", "tok_1"]
