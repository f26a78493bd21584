"""What stands in the way of a yes, by policy's routing and who is there."""

from typing import Final

from core.clock import Deadline
from core.domain.approvers import Finding
from core.domain.request import Routing
from core.services.rosters import Roster
from core.vocabulary import Tier

MOST_NAMED: Final = 5
"""Most people whom a finding names with their reasons."""


async def findings_of(
    routing: Routing,
    *,
    requester: str,
    self_allowed: bool,
    roster: Roster,
    deadline: Deadline | None,
) -> list[Finding]:
    """Return why something routed like this could not be approved, or not shown.

    Args:
        self_allowed: whether the requester may approve it themselves.

    Raises:
        DirectoryUnavailable: the groups cannot be read.
        StoreUnavailable: the database does not answer.
    """
    found: list[Finding] = []
    if routing.tier is not Tier.AUTO:
        found = await _of_groups(
            routing,
            barred=None if self_allowed else requester,
            roster=roster,
            deadline=deadline,
        )
    why = await roster.why_unpostable(routing.channel)
    if why is not None:
        name = routing.channel or "the configured channel"
        found.append(
            Finding(
                code="channel",
                problem=f"no card can be posted to {name}: {why}",
                todo="mend that in Slack, or have policy name another channel",
            )
        )
    return found


async def _of_groups(
    routing: Routing, *, barred: str | None, roster: Roster, deadline: Deadline | None
) -> list[Finding]:
    groups = routing.approver_groups
    if not groups:
        return [
            Finding(
                code="nobody_named",
                problem="policy names no approver groups, so nobody is called",
                todo="have policy set approver_groups for this",
            )
        ]
    found: list[Finding] = []
    others: set[str] = set()
    for group in groups:
        inside = await roster.members(group)
        others.update(inside)
        finding = await _of_group(
            group, inside, barred=barred, roster=roster, deadline=deadline
        )
        found += [finding] if finding is not None else []
    few = await _too_few(
        routing, sorted(others - {barred}), roster=roster, deadline=deadline
    )
    return found + ([few] if few is not None else [])


async def _of_group(
    group: str,
    inside: tuple[str, ...],
    *,
    barred: str | None,
    roster: Roster,
    deadline: Deadline | None,
) -> Finding | None:
    """Return why nobody of one group could approve; policy may want one of each."""
    if not inside:
        return Finding(
            code="empty_group",
            problem=f"approver group {group} is empty or unknown",
            todo="put people into it where groups come from (a guest in a Slack user "
            "group does not count), or have policy name another group",
        )
    others = [email for email in inside if email != barred]
    if not others:
        return Finding(
            code="only_requester",
            problem=f"approver group {group} has nobody but {barred}, who asks",
            todo="put a second person into it",
        )
    reasons = await _reasons(others, enough=1, roster=roster, deadline=deadline)
    if len(reasons) < len(others):
        return None
    return Finding(
        code="nobody_can_act",
        problem=f"nobody of approver group {group} can act: {_listed(reasons)}",
        todo="mend what keeps one of them, or put somebody else into the group",
    )


async def _too_few(
    routing: Routing, others: list[str], *, roster: Roster, deadline: Deadline | None
) -> Finding | None:
    """Return that there are too few; where there is nobody, each group says so."""
    needed = routing.required_approvals
    reasons = await _reasons(others, enough=needed, roster=roster, deadline=deadline)
    usable = len(others) - len(reasons)
    if usable >= needed or not usable:
        return None
    groups = ", ".join(routing.approver_groups)
    problem = f"{groups}: it takes {needed} approvals, and {usable} can approve"
    return Finding(
        code="too_few",
        problem=f"{problem}; not {_listed(reasons)}" if reasons else problem,
        todo="put more people into the groups, or have policy ask for fewer approvals",
    )


async def _reasons(
    emails: list[str], *, enough: int, roster: Roster, deadline: Deadline | None
) -> list[str]:
    """Return why people cannot act; of nobody more once enough can."""
    reasons: list[str] = []
    usable = 0
    for email in emails:
        why = await roster.why_not(email, deadline)
        if why is not None:
            reasons.append(f"{email} ({why})")
            continue
        usable += 1
        if usable >= enough:
            break
    return reasons


def _listed(reasons: list[str]) -> str:
    shown = ", ".join(reasons[:MOST_NAMED])
    more = len(reasons) - MOST_NAMED
    return f"{shown}, and {more} more" if more > 0 else shown
