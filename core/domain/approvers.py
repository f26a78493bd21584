"""Who could approve what is asked for, and what stands in the way."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from core.vocabulary import Tier

CHECK_KEY: Final = "check_approvers"
"""The key of the one job that looks at approvers."""

FINDINGS: Final = "findings"
"""In that job's payload: how many findings there were; the metrics read it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One reason why something that is asked for could not be approved.

    Attributes:
        code: `nobody_named`, `empty_group`, `only_requester`, `nobody_can_act`,
            `too_few` or `channel`.
        problem: what is wrong, for people.
        todo: what to do about it.
        asks: what is concerned, such as `infra-admin on staging (local) for
            alice@example.com`; in alphabetical order.
    """

    code: str
    problem: str
    todo: str
    asks: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Return what tells a finding from another one, whoever asks for it."""
        return sha256(f"{self.code}\n{self.problem}".encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True, slots=True)
class ApproverReport:
    """What a look at everybody's approvers found.

    Attributes:
        checked: how many different asks were looked at.
        findings: the worst for people first: what concerns the most asks.
        notes: what could not be found out, and why.
        is_whole: whether everything that was asked was answered.
    """

    checked: int
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    is_whole: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """Somebody in an approver group.

    Attributes:
        groups: those approver groups that they are in, in alphabetical order.
        why_not: why their approval would not count; None if it would.
    """

    email: str
    groups: tuple[str, ...]
    why_not: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What would happen if somebody asked for something.

    Attributes:
        refusal: why they may not ask; None if they may.
        channel: where the card would go; None is the configured channel.
        notified: who would be mentioned, in alphabetical order.
        candidates: who is in an approver group, in alphabetical order.
    """

    requester: str
    tier: Tier
    required_approvals: int
    approver_groups: tuple[str, ...]
    notify_groups: tuple[str, ...]
    channel: str | None = None
    refusal: str | None = None
    approval_note: str = ""
    notified: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
