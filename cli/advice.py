"""What to do where nothing says where to go, or as whom."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.logins import LoginKind, Logins, home_directory

if TYPE_CHECKING:
    from core.logins import Login


def no_server(environment: Mapping[str, str], stored: Mapping[str, "Login"]) -> str:
    """Return what to do where nothing names a server, by the files looked at."""
    home = home_directory(environment)
    path = Logins(home).path
    if stored:
        return (
            f"no server is known, and {path} has no profile 'default'; "
            f"stored profiles: {', '.join(stored)}; choose one with --profile"
        )
    return (
        "no server is known: pass --server URL, set JITSUDO_SERVER, write "
        f"`server: URL` into {home / 'config.yaml'}, or run `jitsudo login`; "
        f"{path} holds no login"
    )


def no_such_profile(profile: str, stored: Mapping[str, "Login"]) -> str:
    """Return what to do where the profile that was named is not there."""
    names = ", ".join(stored)
    listed = f"there are: {names}" if names else "`jitsudo login` stores one"
    return f"there is no stored login {profile!r}; {listed}"


def not_signed_in(
    environment: Mapping[str, str], profile: str, stored: Mapping[str, "Login"]
) -> str:
    """Return what to do where a server is known and no login for the profile."""
    path = Logins(home_directory(environment)).path
    names = ", ".join(stored)
    known = f"; stored profiles: {names}; choose one with --profile" if names else ""
    return (
        f"not signed in: {path} has no profile {profile!r}{known}; "
        "run `jitsudo login`, pass --token, or set JITSUDO_TOKEN"
    )


def login_of_another(profile: str, of_login: str, wanted: str) -> str:
    """Return what to do where the profile's login is another server's."""
    return (
        f"the login of profile {profile!r} is for {of_login}, not for {wanted}: "
        "run `jitsudo login`, pass --token, or set JITSUDO_TOKEN"
    )


def ended(profile: str, login: "Login") -> str:
    """Return what to do where the stored token has ended."""
    return (
        f"the login of profile {profile!r} ended at "
        f"{login.expires_at:%Y-%m-%d %H:%M} UTC; {how_to_sign_in(profile, login)}"
    )


def how_to_sign_in(profile: str, login: "Login") -> str:
    """Return the command that signs in again the way it was done before."""
    of_profile = "" if profile == "default" else f" with --profile {profile}"
    match login.kind:
        case LoginKind.TOKEN:
            return (
                "get a new token and store it with `jitsudo login --token-stdin`"
                f"{of_profile}"
            )
        case LoginKind.OIDC:
            return f"sign in again: `jitsudo login`{of_profile}"
        case LoginKind.SLACK:
            return f"sign in again: `jitsudo login --slack`{of_profile}"
