"""`jitsudo logout`: forgets a login, and ends what it was signed in with."""

from dataclasses import replace

import click

from cli.group import command
from cli.target import display_name, find_target, profile_of
from cli.terminal import Terminal
from cli.text import moment
from core.errors import JitsudoError, NotAuthenticated
from core.logins import Login, LoginKind, Logins, home_directory


@command(
    "logout",
    examples=(
        "jitsudo logout",
        "jitsudo --profile bob logout",
        "jitsudo logout --keep-token",
    ),
)
@click.option("--keep-token", is_flag=True, help="Only forget; end nothing.")
async def logout(terminal: Terminal, *, keep_token: bool) -> None:
    """Forget a stored login, and end what it was signed in with.

    A token from a sign-in through Slack is revoked, and the identity provider
    is asked to forget its refresh token; if that fails you are told, and the
    login is forgotten all the same. A token that was stored with --token-stdin
    stays valid: `jitsudo token revoke` ends it.
    """
    profile = profile_of(terminal)
    found = Logins(home_directory(terminal.environment)).remove(profile)
    if found is None:
        raise NotAuthenticated(why=f"there is no stored login {profile!r}")
    server = display_name(found.server)
    terminal.note(
        f"Forgot {found.email or 'the login'} at {server} (profile {profile})."
    )
    if keep_token:
        return
    try:
        match found.kind:
            case LoginKind.SLACK:
                await _revoke_token(terminal, found)
            case LoginKind.OIDC:
                _revoke_at_issuer(terminal, found)
            case LoginKind.TOKEN:
                pass
    except JitsudoError as error:
        terminal.warn(f"Note: {_still(found)}: {error}")


def _still(login: Login) -> str:
    """Return what is still good after an end that failed."""
    if login.kind is LoginKind.OIDC:
        return f"{login.issuer} was not told, so its refresh token stays valid"
    until = f" until {moment(login.expires_at)}" if login.expires_at else ""
    return f"the token could not be revoked and stays valid{until}"


async def _revoke_token(terminal: Terminal, login: Login) -> None:
    """End the token on the server, which says what lists call it."""
    if login.expires_at is not None and login.expires_at <= terminal.now():
        return
    asking = _as(terminal, login)
    async with asking.connect(asking) as connection:
        try:
            identity = await connection.approvals.whoami()
        except NotAuthenticated:
            # Such as revoked by hand, or its person disabled: what is wanted is so.
            terminal.note("The server does not take its token any more.")
            return
        if not identity.token_id:  # a server of before it did
            raise NotAuthenticated(
                why="the server does not say which token it is; "
                "`jitsudo token list` may"
            )
        await connection.approvals.revoke_token(identity.token_id)
    terminal.note("Its token is revoked.")


def _revoke_at_issuer(terminal: Terminal, login: Login) -> None:
    """Have the issuer forget the refresh token."""
    if not login.can_renew:
        return
    from core.remote.renewal import revoke  # noqa: PLC0415 - for these logins only

    transport = find_target(_as(terminal, login)).transport
    if transport is not None and revoke(login, transport):
        terminal.note(f"{login.issuer} has forgotten its refresh token.")
        return
    terminal.note(
        f"{login.issuer} has no way to revoke a refresh token; it stays valid "
        "there until it ends by itself."
    )


def _as(terminal: Terminal, login: Login) -> Terminal:
    """Return the same terminal with a login that is not stored any more."""
    flags = replace(terminal.flags, server=login.server, token=login.token)
    if not flags.ca_file:
        flags.ca_file = login.ca_file or None
    if not (flags.client_cert or flags.client_key):
        flags.client_cert = login.client_cert or None
        flags.client_key = login.client_key or None
    return replace(terminal, flags=flags)
