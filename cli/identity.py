"""`jitsudo login`, `logout` and `whoami`."""

import sys
from dataclasses import replace

import click

from cli.group import command
from cli.target import display_name, find_target, profile_of
from cli.terminal import Terminal
from cli.text import labelled, moment
from core.approvals import Identity
from core.errors import Invalid, NotAuthenticated
from core.logins import Login, Logins, checked_profile, home_directory
from core.vocabulary import TokenScope


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
        terminal.dump(_to_object(identity, target.server, profile))
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


@command("whoami", examples=("jitsudo whoami", "jitsudo --profile bob whoami"))
async def whoami(terminal: Terminal) -> None:
    """Show who you are to the server, and what your token may do."""
    target = find_target(terminal)
    async with terminal.connect(terminal) as connection:
        identity = await connection.approvals.whoami()
    if not terminal.is_table:
        terminal.dump(_to_object(identity, target.server, profile_of(terminal)))
        return
    if terminal.flags.quiet:
        terminal.say(identity.email)
        return
    for line in labelled(
        [
            ("E-mail", identity.email),
            ("Groups", ", ".join(identity.groups) or "-"),
            ("Trust tier", str(identity.trust_tier)),
            ("Scopes", ", ".join(_scopes(identity))),
            ("Expires", moment(identity.expires_at) if identity.expires_at else "-"),
            ("Server", display_name(target.server)),
        ]
    ):
        terminal.say(line)


def _scopes(identity: Identity) -> list[str]:
    return [scope.value for scope in TokenScope if scope in identity.scopes]


def _to_object(identity: Identity, server: str, profile: str) -> dict[str, object]:
    return {
        "email": identity.email,
        "groups": list(identity.groups),
        "trust_tier": identity.trust_tier,
        "scopes": _scopes(identity),
        "expires_at": moment(identity.expires_at) if identity.expires_at else None,
        "server": display_name(server),
        "profile": profile,
    }
