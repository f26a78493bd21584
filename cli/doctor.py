"""`jitsudo policy doctor`: whether anybody could approve what is asked for."""

from datetime import timedelta
from typing import Final

import click

from cli.errors import FAILED
from cli.group import command
from cli.parameters import DurationType, EmailType
from cli.terminal import Terminal
from cli.text import labelled, safe
from core.domain.approvers import ApproverReport, Finding, Preview
from core.domain.request import Ask
from core.vocabulary import Tier

_MOST_ASKS: Final = 3
"""Most asks that a finding names on a terminal."""


@command(
    "doctor",
    examples=(
        "jitsudo policy doctor",
        "jitsudo policy doctor --requester alice@example.com --provider local \\",
        "    --role infra-admin --scope prod",
    ),
)
@click.option("--requester", type=EmailType(), metavar="EMAIL", help="Who would ask.")
@click.option("--provider", metavar="NAME", help="Who would grant it.")
@click.option("--role", metavar="ROLE", help="What they would want to be.")
@click.option("--scope", metavar="SCOPE", help="Where: an account …")
@click.option(
    "--duration",
    type=DurationType(),
    default="1h",
    show_default=True,
    metavar="TIME",
    help="For how long.",
)
async def doctor(
    terminal: Terminal,
    *,
    requester: str | None,
    provider: str | None,
    role: str | None,
    scope: str | None,
    duration: timedelta,
) -> None:
    """Find requests that nobody could approve: pending, or asked for lately.

    Approver groups that are empty, that hold nobody but the requester or nobody
    who can act, too few people for the quorum, and channels that take no card.
    With --requester, --provider, --role and --scope it tells instead who would be
    asked for such a request; nothing is stored. Auditors and admins may. The exit
    code is 1 if anything is found.
    """
    wanted = (requester, provider, role, scope)
    if requester and provider and role and scope:
        ask = Ask(provider=provider, role=role, resource_scope=scope, duration=duration)
        async with terminal.connect(terminal) as connection:
            preview = await connection.approvals.preview(requester, ask)
        _tell_preview(terminal, preview)
        is_well = preview.refusal is None and not preview.findings
    elif any(wanted):
        message = "--requester, --provider, --role and --scope go together"
        raise click.UsageError(message)
    else:
        async with terminal.connect(terminal) as connection:
            report = await connection.approvals.check_approvers()
        _tell_report(terminal, report)
        is_well = not report.findings
    if not is_well:
        raise click.exceptions.Exit(FAILED)


def _tell_report(terminal: Terminal, report: ApproverReport) -> None:
    if not terminal.is_table:
        terminal.dump(
            {
                "checked": report.checked,
                "findings": [_to_object(finding) for finding in report.findings],
                "notes": list(report.notes),
            }
        )
        return
    _tell_findings(terminal, report.findings)
    if not terminal.flags.quiet:
        terminal.note(
            f"Different asks looked at: {report.checked}; "
            f"findings: {len(report.findings)}."
        )
    _tell_notes(terminal, report.notes)


def _tell_findings(terminal: Terminal, findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        terminal.say(safe(finding.problem))
        if terminal.flags.quiet:
            continue
        if finding.asks:
            shown = "; ".join(finding.asks[:_MOST_ASKS])
            if len(finding.asks) > _MOST_ASKS:
                shown += f"; and {len(finding.asks) - _MOST_ASKS} more"
            terminal.say(safe(f"  concerns: {shown}"))
        terminal.say(safe(f"  to do:    {finding.todo}"))


def _tell_notes(terminal: Terminal, notes: tuple[str, ...]) -> None:
    for note in notes:
        terminal.warn(f"Not all could be found out: {note}")


def _tell_preview(terminal: Terminal, preview: Preview) -> None:
    if not terminal.is_table:
        terminal.dump(_to_preview(preview))
        return
    if preview.refusal is not None:
        terminal.say(safe(f"{preview.requester} may not ask: {preview.refusal}"))
        terminal.say(safe(f"If they could: {_headline(preview)}"))
    else:
        terminal.say(safe(_headline(preview)))
    if not terminal.flags.quiet:
        pairs = [
            ("Tier", preview.tier.value),
            ("Approvals", str(preview.required_approvals)),
            ("Approvers", ", ".join(preview.approver_groups) or "-"),
            ("Channel", preview.channel or "the configured one"),
            ("Note", preview.approval_note or "-"),
        ]
        for line in labelled(pairs):
            terminal.say(line)
        for one in preview.candidates:
            standing = f"no: {one.why_not}" if one.why_not else "can approve"
            groups = ", ".join(one.groups)
            terminal.say(safe(f"  {one.email} ({groups}): {standing}"))
    _tell_findings(terminal, preview.findings)
    _tell_notes(terminal, preview.notes)


def _headline(preview: Preview) -> str:
    if preview.tier is Tier.AUTO:
        return "This would be approved at once, by policy."
    count = len(preview.notified)
    if not count:
        return "This would notify nobody."
    people = "1 person" if count == 1 else f"{count} people"
    return f"This would notify {people}: {', '.join(preview.notified)}"


def _to_object(finding: Finding) -> dict[str, object]:
    return {
        "code": finding.code,
        "problem": finding.problem,
        "todo": finding.todo,
        "asks": list(finding.asks),
    }


def _to_preview(preview: Preview) -> dict[str, object]:
    return {
        "requester": preview.requester,
        "refusal": preview.refusal,
        "approver_tier": preview.tier.value,
        "required_approvals": preview.required_approvals,
        "approver_groups": list(preview.approver_groups),
        "notify_groups": list(preview.notify_groups),
        "channel": preview.channel,
        "approval_note": preview.approval_note,
        "notified": list(preview.notified),
        "candidates": [
            {"email": one.email, "groups": list(one.groups), "why_not": one.why_not}
            for one in preview.candidates
        ],
        "findings": [_to_object(finding) for finding in preview.findings],
        "notes": list(preview.notes),
    }
