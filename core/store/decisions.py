"""Decisions: inserted, never changed."""

from collections.abc import Mapping, Sequence
from typing import Final

import sqlalchemy as sa
from typing_extensions import override

from core.domain.decision import Decision
from core.ports import DecisionStore
from core.store.dialects import among
from core.store.link import Link, Row
from core.store.rows import names, to_moment
from core.store.schema import decisions
from core.store.statements import Statement
from core.vocabulary import Origin, RequestId, Verdict

_ADD: Final = Statement(
    sa.insert(decisions),
    # A trigger takes the state from the request.
    columns=names(decisions.c, without=frozenset({"id", "state"})),
)

_OF: Final = Statement(
    sa.select(decisions)
    .where(among(decisions.c.request_id, "request_ids"))
    .order_by(decisions.c.id)
)


class SqlDecisionStore(DecisionStore):
    """Decisions in one transaction."""

    def __init__(self, link: Link) -> None:
        """Work in the transaction of `link`."""
        self._link: Final = link

    @override
    async def add(self, decision: Decision) -> None:
        await self._link.rows(
            _ADD,
            request_id=decision.request_id,
            requester=decision.requester,
            approver=decision.approver,
            verdict=decision.verdict.value,
            text=decision.text,
            origin=decision.origin.value,
            self_allowed=decision.self_allowed,
            decided_at=decision.decided_at,
        )

    @override
    async def of(
        self, request_ids: Sequence[RequestId]
    ) -> Mapping[RequestId, tuple[Decision, ...]]:
        found: dict[RequestId, list[Decision]] = {each: [] for each in request_ids}
        if found:
            for row in await self._link.rows(_OF, request_ids=list(found)):
                decision = _to_decision(row)
                found[decision.request_id].append(decision)
        return {each: tuple(theirs) for each, theirs in found.items()}


def _to_decision(row: Row) -> Decision:
    return Decision(
        request_id=RequestId(row["request_id"]),
        requester=row["requester"],
        approver=row["approver"],
        verdict=Verdict(row["verdict"]),
        text=row["text"],
        origin=Origin(row["origin"]),
        self_allowed=bool(row["self_allowed"]),
        decided_at=to_moment(row["decided_at"]),
    )
