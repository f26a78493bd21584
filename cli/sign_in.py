"""`jitsudo login`: at an identity provider, through Slack, or by a token."""

import sys
from dataclasses import replace

import click

from cli.connection import abrupt_interrupts
from cli.group import command
from cli.target import TOKEN_VARIABLE, Target, display_name, find_target, profile_of
from cli.terminal import Terminal
from cli.text import moment
from core.errors import Invalid
from core.logins import Login, LoginKind, Logins, checked_profile, home_directory


@command(
    "login",
    examples=(
        "jitsudo login --server https://jitsudo.example.com",
        "jitsudo login --slack",
        "jitsudo login --provider https://login.example.com",
        "jitsudo --profile bob login --token-stdin < token",
    ),
)
@click.option(
    "--provider",
    metavar="ISSUER",
    help="Sign in at this identity provider, and no other.",
)
@click.option("--slack", is_flag=True, help="Confirm the sign-in in Slack.")
@click.option("--token-stdin", is_flag=True, help="Read a token from standard input.")
async def login(
    terminal: Terminal, *, provider: str | None, slack: bool, token_stdin: bool
) -> None:
    """Sign in to a server: at the identity provider, in Slack, or by a token.

    The server says which ways it has; its identity provider comes first. You
    get a code, and confirm it in a browser or in Slack; no browser is opened.
    What you get is stored in ~/.jitsudo/credentials for your eyes only, and sent
    to this server only. An admin makes tokens with `jitsudo token issue`.
    """
    profile = _profile(terminal)
    is_by_token = token_stdin or terminal.flags.token is not None
    if sum((provider is not None, slack, is_by_token)) > 1:
        message = "choose one of --provider, --slack and a token"
        raise click.UsageError(message)
    secret = _read_token(terminal, token_stdin=token_stdin) if is_by_token else ""
    target = find_target(_with_token(terminal, secret))
    if target.is_database:
        message = "a login is for a server; give its http(s) address as --server"
        raise click.UsageError(message)
    found = Login(server=target.server, token=secret)
    if not is_by_token:
        from cli.ways_in import sign_in  # noqa: PLC0415 - for these ways only

        with abrupt_interrupts():
            found = sign_in(terminal, target, provider=provider, slack=slack)
    await _store(terminal, target, profile, found)


async def _store(
    terminal: Terminal, target: Target, profile: str, found: Login
) -> None:
    """Store a login, once the server has said whose it is."""
    asking = _with_token(terminal, found.token)
    async with asking.connect(asking) as connection:
        identity = await connection.approvals.whoami()
    transport = target.transport
    stored = replace(
        found,
        email=identity.email,
        expires_at=found.expires_at or identity.expires_at,
        ca_file=transport.ca_file if transport else "",
        client_cert=transport.client_cert if transport else "",
        client_key=transport.client_key if transport else "",
    )
    Logins(home_directory(terminal.environment)).store(profile, stored)
    server = display_name(stored.server)
    if not terminal.is_table:
        until = stored.expires_at
        terminal.dump(
            {
                "email": stored.email,
                "kind": stored.kind.value,
                "expires_at": moment(until) if until else None,
                "is_renewed": stored.can_renew,
                "server": server,
                "profile": profile,
            }
        )
    how = " through Slack" if stored.kind is LoginKind.SLACK else ""
    if terminal.environment.get(TOKEN_VARIABLE):
        terminal.warn(f"Note: {TOKEN_VARIABLE} is set, and wins over this login.")
    terminal.note(f"Logged in as {stored.email} at {server}{how} (profile {profile}).")


def _with_token(terminal: Terminal, secret: str) -> Terminal:
    """Return the same terminal with a token, which is sent to the server meant."""
    return replace(terminal, flags=replace(terminal.flags, token=secret or None))


def _profile(terminal: Terminal) -> str:
    try:
        return checked_profile(profile_of(terminal))
    except Invalid as error:
        raise click.BadParameter(error.why, param_hint="'--profile'") from error


def _read_token(terminal: Terminal, *, token_stdin: bool) -> str:
    """Return the token that was piped in, or typed without an echo.

    Raises:
        click.UsageError: nothing was given, or it is no token.
    """
    secret = terminal.flags.token or ""
    if token_stdin and sys.stdin.isatty():
        secret = click.prompt("Token", hide_input=True, err=True).strip()
    elif token_stdin:
        secret = sys.stdin.read().strip()
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        message = "standard input has to hold one token and nothing else"
        raise click.UsageError(message)
    return secret
