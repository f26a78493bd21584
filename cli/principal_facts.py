"""`jitsudo principal show` and `trust`: what is known of somebody, and how far."""

import click

from cli.group import command
from cli.parameters import EmailType, prose
from cli.terminal import Terminal
from cli.text import labelled, moment
from cli.whoami import source_objects, source_pairs
from core.approvals import PrincipalFacts
from core.domain.principal import HIGHEST_TIER


@command(
    "show",
    examples=(
        "jitsudo principal show bob@example.com",
        "jitsudo principal show bob@example.com -o json",
    ),
)
@click.argument("email", metavar="EMAIL", type=EmailType())
async def show(terminal: Terminal, *, email: str) -> None:
    """Show what is known of somebody: groups and their sources, trust, Slack.

    Auditors and admins may look at everybody, everybody at themselves.
    """
    async with terminal.connect(terminal) as connection:
        facts = await connection.approvals.principal(email)
    _tell(terminal, facts)


@command(
    "trust",
    examples=(
        'jitsudo principal trust bob@example.com 3 --notes "on call since 2024"',
        "jitsudo principal trust bob@example.com 0",
    ),
)
@click.argument("email", metavar="EMAIL", type=EmailType())
@click.argument("tier", metavar="TIER", type=click.IntRange(0, HIGHEST_TIER))
@click.option(
    "--notes",
    default="",
    metavar="TEXT",
    callback=prose(required=False),
    help="Why; kept and recorded. - reads standard input.",
)
async def trust(terminal: Terminal, *, email: str, tier: int, notes: str) -> None:
    """Set somebody's trust tier, 0 (nothing known) to 4; policy reads it.

    Only admins may, and not their own.
    """
    async with terminal.connect(terminal) as connection:
        facts = await connection.approvals.trust_principal(
            email, tier=tier, notes=notes
        )
    if not terminal.is_table:
        terminal.dump(_to_object(facts))
    elif terminal.flags.quiet:
        terminal.say(facts.email)
    else:
        terminal.say(f"Principal {facts.email} → trust tier {facts.trust_tier}")
        if not (facts.groups or facts.last_seen_at or facts.link):
            terminal.note(
                "Nobody with this e-mail is in a group or was ever here; is it right?"
            )


def _tell(terminal: Terminal, facts: PrincipalFacts) -> None:
    if not terminal.is_table:
        terminal.dump(_to_object(facts))
        return
    if terminal.flags.quiet:
        terminal.say(facts.email)
        return
    for line in labelled(
        [
            ("E-mail", facts.email),
            ("Standing", "disabled" if facts.is_disabled else "enabled"),
            ("Groups", ", ".join(facts.groups) or "-"),
            *source_pairs(facts.sources),
            ("Trust tier", _tier(facts)),
            ("Notes", facts.notes or "-"),
            ("Last seen", moment(facts.last_seen_at) if facts.last_seen_at else "-"),
            ("Slack", _slack(facts)),
        ]
    ):
        terminal.say(line)
    for answer in facts.sources:
        if answer.advice:
            terminal.warn(f"They read: {answer.advice}")


def _tier(facts: PrincipalFacts) -> str:
    if facts.enrolled_by is None or facts.enrolled_at is None:
        return str(facts.trust_tier)
    by = f"by {facts.enrolled_by} at {moment(facts.enrolled_at)}"
    return f"{facts.trust_tier} ({by})"


def _slack(facts: PrincipalFacts) -> str:
    if facts.link is None:
        return "-"
    account = facts.link.account
    return f"{account.name}, linked by {facts.link.linked_by}"


def _to_object(facts: PrincipalFacts) -> dict[str, object]:
    account = None if facts.link is None else facts.link.account
    return {
        "email": facts.email,
        "disabled": facts.is_disabled,
        "groups": list(facts.groups),
        "group_sources": source_objects(facts.sources),
        "trust_tier": facts.trust_tier,
        "notes": facts.notes,
        "enrolled_by": facts.enrolled_by,
        "enrolled_at": moment(facts.enrolled_at) if facts.enrolled_at else None,
        "last_seen_at": moment(facts.last_seen_at) if facts.last_seen_at else None,
        "slack_team": None if account is None else account.team_id,
        "slack_user": None if account is None else account.user_id,
    }
