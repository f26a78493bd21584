"""One person's verdict on one request, and what makes a quorum."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.domain.request import ElevationRequest
from core.vocabulary import Origin, RequestId, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """A verdict that was allowed and recorded; never changed afterwards.

    Attributes:
        text: the comment of an approval, the reason of a denial.
        self_allowed: whether policy lifted the four-eyes rule for this one.
    """

    request_id: RequestId
    requester: str
    approver: str
    verdict: Verdict
    text: str
    origin: Origin
    self_allowed: bool
    decided_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestRecord:
    """A request with its decisions, oldest first: what every front end shows.

    Attributes:
        notes: what the acting person should know besides, such as an earlier
            approval that does not count any more.
    """

    request: ElevationRequest
    decisions: tuple[Decision, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def approvals(self) -> tuple[Decision, ...]:
        """Return the recorded approvals, oldest first."""
        return approvals_in(self.decisions)


def given_by(approver: str, verdict: Verdict, record: RequestRecord) -> Decision | None:
    """Return the decision by which somebody gave this verdict; None if not yet."""
    for decision in record.decisions:
        if decision.approver == approver and decision.verdict is verdict:
            return decision
    return None


def approvals_in(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """Return the approvals among `decisions`, in their order."""
    return tuple(d for d in decisions if d.verdict is Verdict.APPROVE)


def has_quorum(*, counted: int, required_then: int, required_now: int) -> bool:
    """Tell whether enough approvals count.

    Args:
        counted: approvals that policy still allows, the newest included.
        required_then: policy's answer at submission.
        required_now: policy's answer at this decision; the larger one rules.
    """
    return counted >= max(required_then, required_now, 1)
