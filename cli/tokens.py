"""`jitsudo token`: bearer tokens for people and machines."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import click

from cli.group import command, group
from cli.parameters import DurationType, ScopesType
from cli.terminal import Terminal
from cli.text import moment, table
from core.approvals import TokenQuery
from core.domain.token import Token
from core.vocabulary import TokenScope

_HEADER: Final = ("ID", "EMAIL", "SCOPES", "CREATED", "EXPIRES", "STATE", "LAST USED")
_DEFAULT_SCOPES: Final = frozenset({TokenScope.REQUEST, TokenScope.READ})
"""Deciding is for people: a token says so only where somebody asked for it."""


@group(
    "token",
    examples=(
        "jitsudo token issue --email alice@example.com --ttl 30d",
        "jitsudo --server postgresql://… token issue --email erin@example.com",
        "jitsudo token issue --email ci@example.com --scope request,read",
        "jitsudo token list",
    ),
)
def token(_terminal: Terminal) -> None:
    """Issue, list and revoke tokens."""


@token.add
@command(
    "issue",
    examples=(
        "jitsudo token issue --email alice@example.com --ttl 30d",
        "jitsudo token issue --email ci@example.com --ttl 30d --scope request,read",
        "jitsudo token issue --email bob@example.com --scope request,read,approve -q |",
        "    jitsudo --profile bob login --server http://localhost:8080 --token-stdin",
    ),
)
@click.option("--email", required=True, metavar="EMAIL", help="Whose token it is.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=ScopesType(),
    metavar="SCOPE[,SCOPE]",
    help="What it may do: request, read, approve, admin; may be repeated. "
    "request,read unless you say.",
)
@click.option(
    "--ttl",
    type=DurationType(),
    default="30d",
    show_default=True,
    metavar="TIME",
    help="For how long it is valid.",
)
async def issue(
    terminal: Terminal,
    *,
    email: str,
    scopes: tuple[frozenset[TokenScope], ...],
    ttl: timedelta,
) -> None:
    """Issue a token; it is printed this once and cannot be shown again.

    With a database URL as --server no token is needed: that is how the first
    one is made.
    """
    wanted = frozenset[TokenScope]().union(*(scopes or (_DEFAULT_SCOPES,)))
    async with terminal.connect(terminal) as connection:
        issued = await connection.approvals.issue_token(email, scopes=wanted, ttl=ttl)
    if terminal.is_table:
        terminal.say(issued.secret)
    else:
        terminal.dump({**_to_object(issued.token), "token": issued.secret})
    terminal.note(
        f"Token {issued.token.id} of {issued.token.email} "
        f"({_scopes(issued.token)}), valid until {moment(issued.token.expires_at)}. "
        "It is not shown again."
    )


@token.add
@command(
    "list",
    examples=(
        "jitsudo token list",
        "jitsudo token list --email ci@example.com --with-ended",
        "jitsudo token list -o json",
    ),
)
@click.option("--email", metavar="EMAIL", help="Only this person's.")
@click.option(
    "--with-ended", is_flag=True, help="Also those that expired or were revoked."
)
@click.option(
    "--limit",
    type=click.IntRange(1, 500),
    default=100,
    show_default=True,
    help="Most tokens to list, the newest first.",
)
@click.option("--before", metavar="TOKEN-ID", help="Only older than this one.")
async def list_tokens(
    terminal: Terminal,
    *,
    email: str | None,
    with_ended: bool,
    limit: int,
    before: str | None,
) -> None:
    """List your valid tokens; everybody's for an admin, with a token that may."""
    query = TokenQuery(email=email, with_ended=with_ended, before=before, limit=limit)
    async with terminal.connect(terminal) as connection:
        page = await connection.approvals.tokens(query)
    _show(terminal, page.tokens)
    if page.next_before is not None:
        terminal.note(f"There are more: add --before {page.next_before}")


def _show(terminal: Terminal, tokens: Sequence[Token]) -> None:
    if not terminal.is_table:
        terminal.dump([_to_object(each) for each in tokens])
    elif terminal.flags.quiet:
        for each in tokens:
            terminal.say(each.id)
    elif not tokens:
        terminal.note("No tokens found.")
    else:
        rows = [_row(terminal, each) for each in tokens]
        for line in table(_HEADER, rows, columns=None):
            terminal.say(line)


@token.add
@command("revoke", examples=("jitsudo token revoke tok_01J8KZ4F2E",))
@click.argument("token_id", metavar="TOKEN-ID")
async def revoke(terminal: Terminal, *, token_id: str) -> None:
    """End a token, at once and for good."""
    async with terminal.connect(terminal) as connection:
        revoked = await connection.approvals.revoke_token(token_id)
    if not terminal.is_table:
        terminal.dump(_to_object(revoked))
    elif terminal.flags.quiet:
        terminal.say(revoked.id)
    else:
        terminal.say(f"Token {revoked.id} → revoked")
        terminal.note(f"It was {revoked.email}'s.")


def _scopes(token: Token) -> str:
    return ",".join(scope.value for scope in TokenScope if scope in token.scopes)


def _state(terminal: Terminal, token: Token) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "valid" if token.is_valid(terminal.now()) else "expired"


def _row(terminal: Terminal, token: Token) -> tuple[str, ...]:
    return (
        token.id,
        token.email,
        _scopes(token),
        moment(token.created_at),
        moment(token.expires_at),
        _state(terminal, token),
        moment(token.last_used_at) if token.last_used_at else "-",
    )


def _to_object(token: Token) -> dict[str, object]:
    return {
        "id": token.id,
        "email": token.email,
        "scopes": [scope.value for scope in TokenScope if scope in token.scopes],
        "created_at": moment(token.created_at),
        "created_by": token.created_by,
        "expires_at": moment(token.expires_at),
        "revoked_at": moment(token.revoked_at) if token.revoked_at else None,
        "last_used_at": moment(token.last_used_at) if token.last_used_at else None,
    }
