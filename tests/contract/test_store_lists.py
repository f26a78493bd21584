"""A list holds what its reader may see of what was asked for: all of it, nothing else.

The same requests are looked through in Python by the rule as it is written down.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Final

import pytest

from core.domain.decision import RequestRecord
from core.domain.principal import AUDITORS_GROUP, Principal
from core.domain.request import Routing
from core.ports import RequestFilter
from core.services.visibility import is_involved
from core.store.engine import SqlStore
from core.vocabulary import RequestId, RequestState, Verdict
from tests.contract.test_store_requests import find
from tests.support.builders import (
    ALICE,
    BEN,
    BOB,
    CAROL,
    DAVE,
    a_decision,
    a_request,
    an_ask,
)

READERS: Final = {
    "requester": Principal(email=ALICE, groups=frozenset({"sre"})),
    "approver": Principal(email=BOB, groups=frozenset({"sre-lead", "other"})),
    "in three groups": Principal(
        email=CAROL, groups=frozenset({"sre-lead", "security", "none"})
    ),
    "decided, and left": Principal(email=BEN, groups=frozenset()),
    "nobody": Principal(email=DAVE, groups=frozenset({"developer"})),
    "auditor": Principal(email=DAVE, groups=frozenset({AUDITORS_GROUP})),
}

STATES: Final = (
    frozenset[RequestState](),
    frozenset({RequestState.PENDING}),
    frozenset({RequestState.REJECTED}),
    frozenset({RequestState.ACTIVE, RequestState.REJECTED}),
    frozenset(RequestState),
)


def everything() -> Iterator[RequestRecord]:
    """Yield one request of every kind: by whom, for which groups, in which state."""
    kinds = product(
        (ALICE, BOB), ((), ("sre-lead",), ("security", "sre-lead")), RequestState
    )
    for number, (requester, groups, state) in enumerate(kinds):
        request = a_request(
            request_id=RequestId(f"req_00{number:024}"),
            requester=requester,
            ask=an_ask(break_glass=number % 5 == 0),
            routing=Routing(approver_groups=groups),
            state=state,
        )
        decided = [
            a_decision(request, approver=BEN, verdict=verdict)
            for verdict in Verdict
            if number % 3 == 0  # approved, and then denied
        ]
        yield RequestRecord(request=request, decisions=tuple(decided))


async def keep(store: SqlStore, record: RequestRecord) -> None:
    """Store a request as its life goes: PENDING, decided, then where it stands."""
    async with store.transaction() as uow:
        pending = replace(record.request, state=RequestState.PENDING)
        await uow.requests.add(pending)
        for decision in record.decisions:
            await uow.decisions.add(decision)
        await uow.requests.save(record.request)
        await uow.commit()


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
async def test_a_list_is_what_its_reader_may_see(
    store: SqlStore, reader: Principal
) -> None:
    """By state, by requester, open reviews, in pages; each alone and together."""
    records = list(everything())
    for record in records:
        await keep(store, record)

    for states, requester, needs_review, limit in product(
        STATES, (None, ALICE, BOB, DAVE), (False, True), (4, 500)
    ):
        expected = [
            record.request.id
            for record in reversed(records)
            if is_involved(reader, record)
            and (not states or record.request.state in states)
            and requester in {None, record.request.requester}
            and (not needs_review or record.request.ask.break_glass)
        ]
        wanted = RequestFilter(
            requester=requester,
            states=states,
            needs_review=needs_review,
            visible_to=reader,
            limit=limit,
        )

        found: list[RequestId] = []
        while page := await find(
            store, replace(wanted, before=found[-1] if found else None)
        ):
            found += page

        assert found == expected, wanted
