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
    members: set[str] = set()
    for group in groups:
        inside = await roster.members(group)
        members.update(inside)
        if not inside:
            found.append(
                Finding(
                    code="empty_group",
                    problem=f"approver group {group} is empty or unknown",
                    todo="put people into it where groups come from, or have policy "
                    "name another group",
                )
            )
    others = sorted(members - {barred})
    if members and not others:
        found.append(
            Finding(
                code="only_requester",
                problem=f"{_named(groups)} has nobody but {barred}, who asks",
                todo="put a second person into it",
            )
        )
    if others:
        few = await _too_few(routing, others, roster=roster, deadline=deadline)
        found += [few] if few is not None else []
    return found


async def _too_few(
    routing: Routing, others: list[str], *, roster: Roster, deadline: Deadline | None
) -> Finding | None:
    """Return the finding that too few can act; stops at as many as it takes."""
    usable = 0
    reasons: list[str] = []
    for email in others:
        why = await roster.why_not(email, deadline)
        if why is None:
            usable += 1
        else:
            reasons.append(f"{email} ({why})")
        if usable >= routing.required_approvals:
            return None
    shown = ", ".join(reasons[:MOST_NAMED])
    if len(reasons) > MOST_NAMED:
        shown += f", and {len(reasons) - MOST_NAMED} more"
    groups = _named(routing.approver_groups)
    if not usable:
        return Finding(
            code="nobody_can_act",
            problem=f"nobody of {groups} can act: {shown}",
            todo="mend what keeps one of them, or put somebody else into the group",
        )
    needed = routing.required_approvals
    problem = f"{groups}: it takes {needed} approvals, and {usable} can approve"
    return Finding(
        code="too_few",
        problem=f"{problem}; not {shown}" if shown else problem,
        todo="put more people into the groups, or have policy ask for fewer approvals",
    )


def _named(groups: tuple[str, ...]) -> str:
    return ", ".join(groups)
