"""The token of a login that its identity provider renews."""

from cli.advice import how_to_sign_in
from cli.target import Target, profile_of
from cli.terminal import Terminal
from core.logins import Login, Logins, home_directory
from core.remote.caller import TokenSource
from core.remote.renewal import Renewal
from core.remote.transport import Transport


def renewing(terminal: Terminal, target: Target, login: Login) -> TokenSource:
    """Return what gives the token that is good now, renewed if need be."""
    profile = profile_of(terminal)
    return Renewal(
        logins=Logins(home_directory(terminal.environment)),
        profile=profile,
        login=login,
        transport=target.transport or Transport(),
        now=terminal.now,
        how_to_sign_in=how_to_sign_in(profile, login),
    ).token
