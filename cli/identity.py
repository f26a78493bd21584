"""`jitsudo login` and `logout`."""

import sys
from dataclasses import replace

import click

from cli.group import command
from cli.target import display_name, find_target, profile_of
from cli.terminal import Terminal
from cli.whoami import to_object
from core.errors import Invalid, NotAuthenticated
from core.logins import Login, Logins, checked_profile, home_directory


@command(
    "login",
    examples=(
        "jitsudo login --server https://jitsudo.example.com --token-stdin < token",
        "jitsudo --profile bob login --server http://127.0.0.1:8080 --token-stdin",
    ),
)
@click.option("--token-stdin", is_flag=True, help="Read the token from standard input.")
async def login(terminal: Terminal, *, token_stdin: bool) -> None:
    """Store a token for a server, after asking the server whose it is.

    An admin makes tokens with `jitsudo token issue`. The token is stored in
    ~/.jitsudo/credentials for your eyes only, and sent to this server only.
    """
    profile = _profile(terminal)
    secret = _read_token(terminal, token_stdin=token_stdin)
    asking = replace(terminal, flags=replace(terminal.flags, token=secret))
    target = find_target(asking)
    if target.is_database:
        message = "a login is for a server; give its http(s) address as --server"
        raise click.UsageError(message)
    async with asking.connect(asking) as connection:
        identity = await connection.approvals.whoami()
    logins = Logins(home_directory(terminal.environment))
    logins.store(
        profile,
        Login(
            server=target.server,
            token=secret,
            email=identity.email,
            expires_at=identity.expires_at,
        ),
    )
    if not terminal.is_table:
        terminal.dump(to_object(identity, target.server, profile))
    terminal.note(
        f"Logged in as {identity.email} at {display_name(target.server)} "
        f"(profile {profile})."
    )


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
    secret: str
    if token_stdin:
        secret = sys.stdin.read().strip()
    elif sys.stdin.isatty():
        secret = click.prompt("Token", hide_input=True, err=True).strip()
    elif terminal.flags.token:
        secret = terminal.flags.token
    else:
        message = "give the token on standard input, with --token-stdin"
        raise click.UsageError(message)
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        message = "standard input has to hold one token and nothing else"
        raise click.UsageError(message)
    return secret


@command("logout", examples=("jitsudo logout", "jitsudo --profile bob logout"))
def logout(terminal: Terminal) -> None:
    """Forget a stored login; the token itself stays valid.

    `jitsudo token revoke` ends a token.
    """
    profile = profile_of(terminal)
    found = Logins(home_directory(terminal.environment)).remove(profile)
    if found is None:
        raise NotAuthenticated(why=f"there is no stored login {profile!r}")
    terminal.note(
        f"Forgot {found.email or 'the login'} at {display_name(found.server)} "
        f"(profile {profile})."
    )
