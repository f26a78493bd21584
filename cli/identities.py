"""`jitsudo identity` and `jitsudo link`: whose the accounts in Slack are."""

from typing import Final

import click

from cli.consent import insist
from cli.group import command, group
from cli.parameters import AccountType, EmailType, LinkCodeType
from cli.terminal import Terminal
from cli.text import moment, table
from core.domain.identity import SlackAccount, SlackLink

_HEADER: Final = ("ACCOUNT", "EMAIL", "METHOD", "LINKED", "BY")


@group(
    "identity",
    examples=(
        "jitsudo identity list",
        "jitsudo identity unlink T0123ABC/U0456DEF",
        "jitsudo identity link T0123ABC/U0456DEF alice@example.com",
    ),
)
def identity(_terminal: Terminal) -> None:
    """Look after which Slack account is linked to whom; for admins."""


@identity.add
@command("list", examples=("jitsudo identity list", "jitsudo identity list -o json"))
async def list_identities(terminal: Terminal) -> None:
    """List every linked Slack account, by e-mail.

    Only admins may; with a database URL as --server no token is needed.
    """
    async with terminal.connect(terminal) as connection:
        links = await connection.approvals.identities()
    if not terminal.is_table:
        terminal.dump([_to_object(link) for link in links])
    elif terminal.flags.quiet:
        for link in links:
            terminal.say(link.account.name)
    elif not links:
        terminal.note("No Slack account is linked yet.")
    else:
        for line in table(_HEADER, [_row(link) for link in links], columns=None):
            terminal.say(line)


@identity.add
@command(
    "link", examples=("jitsudo identity link T0123ABC/U0456DEF alice@example.com",)
)
@click.argument("account", metavar="TEAM/USER", type=AccountType())
@click.argument("email", metavar="EMAIL", type=EmailType())
async def link_identity(
    terminal: Terminal, *, account: SlackAccount, email: str
) -> None:
    """Link a Slack account to a person.

    It can act as that person once its e-mail address in Slack is this one. Only
    admins may; with a database URL as --server no token is needed.
    """
    async with terminal.connect(terminal) as connection:
        link = await connection.approvals.link_identity(account, email)
    _tell(terminal, link, f"Slack account {link.account.name} → {link.email}")


@identity.add
@command("unlink", examples=("jitsudo identity unlink T0123ABC/U0456DEF",))
@click.argument("account", metavar="TEAM/USER", type=AccountType())
async def unlink_identity(terminal: Terminal, *, account: SlackAccount) -> None:
    """End a link, so that the account can be linked anew.

    For who has a new e-mail address or a new Slack account. Only admins may; with
    a database URL as --server no token is needed.
    """
    async with terminal.connect(terminal) as connection:
        link = await connection.approvals.unlink_identity(account)
    _tell(terminal, link, f"Slack account {link.account.name} → unlinked")
    if terminal.is_table:
        terminal.note(
            f"It was {link.email}'s. Its next use links it anew or, where the server "
            "asks for a sign-in, says to type `/jitsudo link`."
        )


@command("link", examples=("jitsudo link BCDF-GHJK", "jitsudo link BCDF-GHJK --yes"))
@click.argument("code", metavar="CODE", type=LinkCodeType())
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
async def link(terminal: Terminal, *, code: str, is_sure: bool) -> None:
    """Link your Slack account to your sign-in, with the code of `/jitsudo link`.

    You have to be signed in at your identity provider (`jitsudo login`), and the
    account has to have your e-mail address. It shows which account it is, and
    asks first.
    """
    async with terminal.connect(terminal) as connection:
        found = await connection.approvals.claim_identity(code, is_confirmed=False)
        terminal.note(
            f"The Slack account {found.account.name} asked for this code; its e-mail "
            f"is {found.email}. Slack showed you the same account beside the code."
        )
        insist(terminal, f"Link it to {found.email}?", is_sure=is_sure)
        found = await connection.approvals.claim_identity(code, is_confirmed=True)
    _tell(terminal, found, f"Slack account {found.account.name} → {found.email}")


def _tell(terminal: Terminal, link: SlackLink, line: str) -> None:
    if not terminal.is_table:
        terminal.dump(_to_object(link))
    elif terminal.flags.quiet:
        terminal.say(link.account.name)
    else:
        terminal.say(line)


def _row(link: SlackLink) -> tuple[str, ...]:
    return (
        link.account.name,
        link.email,
        link.method.value,
        moment(link.linked_at),
        link.linked_by,
    )


def _to_object(link: SlackLink) -> dict[str, object]:
    return {
        "team_id": link.account.team_id,
        "user_id": link.account.user_id,
        "email": link.email,
        "method": link.method.value,
        "linked_at": moment(link.linked_at),
        "linked_by": link.linked_by,
    }
