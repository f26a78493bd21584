"""Tokens: the same in process and over REST."""

from datetime import timedelta

import pytest

from core.approvals import Approvals, TokenPage, TokenQuery
from core.errors import Invalid, NotAllowed, NotFound
from core.ports import AuditFilter
from core.vocabulary import AuditAction, TokenScope
from tests.support.builders import BOB, DAVE, ERIN
from tests.support.servers import House

HOUR = timedelta(hours=1)
READ = frozenset({TokenScope.READ})
CI = "ci@example.com"


async def ids(approvals: Approvals, query: TokenQuery) -> list[str]:
    """Return the ids of a page."""
    return [token.id for token in (await approvals.tokens(query)).tokens]


async def of_ci(house: House, count: int) -> list[str]:
    """Have an operator issue tokens of a machine's; return their ids, newest first."""
    operator = house.jitsudo.operator("operator:root@test", {})
    issued = [
        await operator.issue_token(CI, scopes=READ, ttl=HOUR) for _ in range(count)
    ]
    return [each.token.id for each in reversed(issued)]


async def test_tokens_are_issued_listed_and_revoked(house: House) -> None:
    """An admin makes one; its holder sees it and ends it."""
    erin = await house.acting(ERIN)
    scopes = frozenset({TokenScope.READ})

    issued = await erin.issue_token(DAVE, scopes=scopes, ttl=timedelta(hours=2))
    dave = await house.acting(DAVE)
    mine = {token.id: token for token in (await dave.tokens(TokenQuery())).tokens}
    revoked = await dave.revoke_token(issued.token.id)

    assert mine[issued.token.id].scopes == scopes
    assert mine[issued.token.id].expires_at == issued.token.expires_at
    assert revoked.revoked_at is not None
    with pytest.raises(NotAllowed):
        await dave.issue_token(DAVE, scopes=scopes, ttl=timedelta(hours=1))
    with pytest.raises(NotFound):
        await dave.revoke_token("tok_nosuch")


async def test_a_list_has_pages_newest_first(house: House) -> None:
    """Each token once, and none is named on after the last page."""
    made = await of_ci(house, 5)
    erin = await house.acting(ERIN)

    pages: list[TokenPage] = []
    before: str | None = None
    while not pages or before is not None:
        query = TokenQuery(email=CI, before=before, limit=2)
        pages.append(await erin.tokens(query))
        before = pages[-1].next_before

    assert [[token.id for token in page.tokens] for page in pages] == [
        *(made[:2], made[2:4], made[4:])
    ]
    assert [page.next_before for page in pages] == [made[1], made[3], None]


async def test_ended_tokens_are_listed_only_if_asked_for(house: House) -> None:
    """A revoked one is among them, in its place."""
    newest, middle, oldest = await of_ci(house, 3)
    erin = await house.acting(ERIN)
    await erin.revoke_token(middle)

    assert await ids(erin, TokenQuery(email=CI)) == [newest, oldest]
    both = TokenQuery(email=CI, with_ended=True)
    assert await ids(erin, both) == [newest, middle, oldest]
    after_it = TokenQuery(email=CI, before=middle)
    assert await ids(erin, after_it) == [oldest]


async def test_only_admins_list_what_is_not_theirs(house: House) -> None:
    """Everybody else's list is their own; who names another is refused."""
    (machines,) = await of_ci(house, 1)
    erin, bob = await house.acting(ERIN), await house.acting(BOB)
    limited = await house.acting(ERIN, READ)

    assert machines in await ids(erin, TokenQuery())
    assert await ids(erin, TokenQuery(email=f" {CI.upper()} ")) == [machines]
    for person, email in ((bob, BOB), (limited, ERIN)):
        seen = (await person.tokens(TokenQuery(with_ended=True))).tokens
        assert {token.email for token in seen} <= {email}
        assert (await person.tokens(TokenQuery(email=email))).tokens == tuple(seen)
        with pytest.raises(NotAllowed):
            await person.tokens(TokenQuery(email=CI))

    refused = await erin.audit(AuditFilter(action=AuditAction.ADMIN_REFUSED))
    assert {event.fact.actor for event in refused.events} == {BOB, ERIN}


async def test_each_page_of_others_tokens_is_audited(house: House) -> None:
    """How many, and whose if somebody's were asked for; one's own are nobody's news."""
    await of_ci(house, 2)
    erin = await house.acting(ERIN)

    await erin.tokens(TokenQuery(email=ERIN))
    await erin.tokens(TokenQuery(email=CI, limit=1))
    everybodys = await erin.tokens(TokenQuery())

    listed = await erin.audit(AuditFilter(action=AuditAction.TOKEN_LISTED))
    told = [
        (event.fact.details["tokens"], event.fact.details.get("email"))
        for event in listed.events
    ]
    assert told == [(len(everybodys.tokens), None), (1, CI)]


async def test_a_page_begins_only_at_a_token_of_the_list(house: House) -> None:
    """Of somebody else's token, of none and of nonsense the same is said."""
    (machines,) = await of_ci(house, 1)
    bob, erin = await house.acting(BOB), await house.acting(ERIN)
    told = set()
    for approvals, query in (
        (bob, TokenQuery(before=machines)),
        (bob, TokenQuery(before="tok_nosuch")),
        (bob, TokenQuery(before="%' OR 1")),
        (erin, TokenQuery(email=BOB, before=machines)),
    ):
        with pytest.raises(Invalid) as refused:
            await approvals.tokens(query)
        told.add(str(refused.value))

    assert len(told) == 1
    assert machines not in told.pop()


@pytest.mark.parametrize("limit", [0, 501, -1])
async def test_a_page_has_one_to_500_tokens(house: House, limit: int) -> None:
    """More or fewer are refused, with the field named."""
    bob = await house.acting(BOB)

    with pytest.raises(Invalid, match="from 1 to 500") as refused:
        await bob.tokens(TokenQuery(limit=limit))

    assert refused.value.field == "limit"


async def test_an_email_that_cannot_be_is_refused(house: House) -> None:
    """Rather than found to have no tokens."""
    erin = await house.acting(ERIN)

    with pytest.raises(Invalid):
        await erin.tokens(TokenQuery(email="nobody"))


async def test_operators_list_everybodys(house: House) -> None:
    """Whoever holds the database's address has nobody's tokens of their own."""
    made = await of_ci(house, 2)
    operator = house.jitsudo.operator("operator:root@test", {})

    assert await ids(operator, TokenQuery(email=CI)) == made
