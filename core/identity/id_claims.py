"""What an ID token claims, held against what is asked of it.

Source: OpenID Connect Core 1.0 sections 2 and 3.1.3.7, RFC 7519 section 4.1.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from core.auth_settings import AuthSettings
from core.domain.identity import SignedIn
from core.domain.principal import normalise_email
from core.errors import Invalid
from core.identity.id_token_form import refused
from core.wire.parsing import kind_of

SKEW: Final = timedelta(seconds=30)
"""How far the issuer's clock may be ahead of ours, for `nbf` and `iat`.

Not for `exp`: a token that has expired is over.
"""

SUBJECT_LIMIT: Final = 255
"""Source: OpenID Connect Core 1.0 section 2, `sub`."""

MOST_GROUPS: Final = 1_000
GROUP_LIMIT: Final = 256


def read_claims(
    claims: Mapping[str, object], settings: AuthSettings, *, now: datetime
) -> SignedIn:
    """Return what a token says, whose signature was found good.

    Raises:
        NotAuthenticated: naming the claim that is not as it has to be.
    """
    if claims.get("iss") != settings.oidc_issuer:
        raise refused(why="iss is not the identity provider of this server")
    _check_audience(claims, settings.all_audiences)
    expires_at, issued_at = _moment(claims, "exp"), _moment(claims, "iat")
    if now >= expires_at:
        raise refused(why=f"it expired {expires_at:%Y-%m-%d %H:%M:%S} UTC")
    for name in ("iat", "nbf"):
        if name in claims and _moment(claims, name) > now + SKEW:
            raise refused(why=f"{name} is in the future")
    groups, note = _groups(claims, settings.groups_claim)
    return SignedIn(
        issuer=settings.oidc_issuer or "",
        subject=_subject(claims),
        email=_email(claims),
        groups=groups,
        groups_note=note,
        issued_at=issued_at,
        expires_at=expires_at,
    )


def _check_audience(claims: Mapping[str, object], ours: frozenset[str]) -> None:
    found = claims.get("aud")
    audiences = found if isinstance(found, list) else [found]
    if not any(isinstance(one, str) and one in ours for one in audiences):
        raise refused(why="aud is not this server's: it was issued for somebody else")
    party = claims.get("azp")
    if party is not None and not (isinstance(party, str) and party in ours):
        raise refused(why="azp is not this server's: somebody else asked for it")


def _moment(claims: Mapping[str, object], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refused(why=f"{name} is missing or is no number")
    try:
        return datetime.fromtimestamp(value, tz=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise refused(why=f"{name} is no time") from error


def _subject(claims: Mapping[str, object]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_LIMIT:
        raise refused(why="sub is missing, is too long or is no string")
    if not subject.isprintable():
        raise refused(why="sub holds what cannot be printed")
    return subject


def _email(claims: Mapping[str, object]) -> str:
    email = claims.get("email")
    if not isinstance(email, str):
        raise refused(why="it has no email: ask for the scope `email`")
    if claims.get("email_verified") is not True:
        raise refused(
            why="email_verified is not true, so anybody could have written it"
        )
    try:
        return normalise_email(email)
    except Invalid as error:
        raise refused(
            why=f"its email cannot be anybody's here ({error.why})"
        ) from error


def _groups(claims: Mapping[str, object], name: str) -> tuple[frozenset[str], str]:
    """Return the groups, and why there are none if the token does not say so.

    A claim that is odd makes its person nobody's member, not a stranger.
    """
    if name not in claims:
        return frozenset(), f"the token has no claim {name!r}"
    value = claims[name]
    if not isinstance(value, list):
        return frozenset(), f"the claim {name!r} is {kind_of(value)}, not a list"
    if len(value) > MOST_GROUPS:
        return frozenset(), f"the claim {name!r} has over {MOST_GROUPS} entries"
    if not all(isinstance(one, str) and _is_group(one) for one in value):
        return frozenset(), f"the claim {name!r} does not hold names alone"
    return frozenset(value), ""


def _is_group(name: str) -> bool:
    return 0 < len(name) <= GROUP_LIMIT and name.isprintable() and name == name.strip()
