"""The sign-in of a terminal that somebody confirms: its codes, words and moves.

Source: RFC 8628, OAuth 2.0 Device Authorization Grant.
"""

import re
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from core.domain.codes import parse_code
from core.domain.identity import SignIn
from core.errors import Invalid, NotAllowed
from core.vocabulary import SignInState

LIFETIME: Final = timedelta(minutes=10)
"""From the beginning until the terminal has its token; later it has to begin anew."""

INTERVAL_SECONDS: Final = 5
"""How long a terminal waits between two questions. Source: RFC 8628 section 3.2."""

SLOWER_BY_SECONDS: Final = 5
"""What a terminal that asks too soon waits longer. Source: RFC 8628 section 3.5."""

EARLY: Final = timedelta(seconds=1)
"""How much sooner a question may arrive; the road is not equally long each time."""

TOKEN_TTL: Final = timedelta(hours=12)
"""A working day: whoever goes on tomorrow signs in tomorrow."""

DEVICE_CODE_BYTES: Final = 32
"""256 bits. Source: RFC 8628 section 5.2 wants it not to be guessed at all."""

HOST_LIMIT: Final = 64
"""Characters. Source: Linux's HOST_NAME_MAX."""

CONFIRM_WORD: Final = "confirm"
"""What is typed where a machine has no name that one could type."""

_DEVICE_CODE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""32 bytes in unpadded base64 for addresses. Source: RFC 4648 section 5."""

_DASHES: Final = re.compile(r"[-\u2010-\u2014\u2212]+")

_TYPEABLE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._ -]*[A-Za-z0-9])?")


class PollOutcome(StrEnum):
    """What a terminal that asks for its token hears."""

    PENDING = "pending"
    TOO_SOON = "too_soon"
    REFUSED = "refused"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    READY = "ready"


def parse_user_code(text: str) -> str:
    """Return the code of a terminal as it is stored: capitals, without separators.

    Raises:
        Invalid: it cannot be one.
    """
    return parse_code(text, hint="`jitsudo login --slack` shows one")


def digest_of_device(device_code: str) -> str | None:
    """Return what is stored of a device code; None if it cannot be one of ours.

    A plain SHA-256 is enough for 256 random bits; there is no password to guess.
    """
    if not _DEVICE_CODE.fullmatch(device_code):
        return None
    return sha256(device_code.encode()).hexdigest()


def claimed_host(text: str) -> str:
    """Return what a machine says it is called, fit to be stored and shown.

    Controls, marks of direction and what has no width go; the rest is one line of
    at most `HOST_LIMIT` characters. It is a claim: nobody has checked it.
    """
    seen = []
    for character in text[: HOST_LIMIT * 16]:
        category = unicodedata.category(character)
        if category in {"Cc", "Zl", "Zp"}:
            seen.append(" ")
        elif category not in {"Cf", "Cs", "Co", "Cn"}:
            seen.append(character)
    return " ".join("".join(seen).split())[:HOST_LIMIT].strip()


def words_to_type(host: str) -> str:
    """Return what somebody types to confirm: the machine's name, or `confirm`.

    A name that a keyboard may not have, or that is none, is not asked for.
    """
    return host if _TYPEABLE.fullmatch(host) else CONFIRM_WORD


def check_typed(host: str, typed: str) -> None:
    """Check that somebody typed what confirms a sign-in.

    Case, outer blanks and what a keyboard makes of a dash do not matter.

    Raises:
        Invalid: they typed something else.
    """
    wanted = words_to_type(host)
    if _plain(typed) != _plain(wanted):
        shown = wanted if wanted == host else f"the word {wanted}"
        raise Invalid(field="machine", why=f"must be {shown}; nothing is signed in yet")


def polled(sign_in: SignIn, now: datetime) -> tuple[SignIn, PollOutcome]:
    """Return a sign-in after its terminal has asked, and what that hears.

    A terminal that asks too soon has to wait longer from then on, whatever else
    there would be to say, except that it is over.
    """
    if sign_in.state is SignInState.USED:
        return sign_in, PollOutcome.UNKNOWN
    if now >= sign_in.expires_at:
        return sign_in, PollOutcome.EXPIRED
    if sign_in.state is SignInState.REFUSED:
        return sign_in, PollOutcome.REFUSED
    asked = replace(sign_in, polled_at=now)
    pause = timedelta(seconds=sign_in.interval_seconds)
    if sign_in.polled_at is not None and now < sign_in.polled_at + pause - EARLY:
        slower = sign_in.interval_seconds + SLOWER_BY_SECONDS
        return replace(asked, interval_seconds=slower), PollOutcome.TOO_SOON
    if sign_in.state is SignInState.CONFIRMED:
        return asked, PollOutcome.READY
    return asked, PollOutcome.PENDING


def confirmed(sign_in: SignIn, *, by: str, now: datetime) -> SignIn:
    """Return a sign-in that somebody said is theirs; the same again changes nothing.

    Raises:
        NotAllowed: it was refused, or somebody else has said so.
    """
    if sign_in.state is SignInState.WAITING:
        return replace(sign_in, state=SignInState.CONFIRMED, email=by, settled_at=now)
    if sign_in.state is SignInState.REFUSED:
        raise NotAllowed(
            reason="this sign-in was refused, and that is final; for a new code type "
            "`jitsudo login --slack`"
        )
    if sign_in.email != by:
        raise NotAllowed(reason="somebody else has confirmed this sign-in already")
    return sign_in


def refused(sign_in: SignIn, *, by: str, now: datetime) -> SignIn:
    """Return a sign-in that somebody said is not theirs; that is final.

    Who confirmed it may still take that back while the terminal has no token.

    Raises:
        NotAllowed: the terminal has its token, or somebody else has confirmed it.
    """
    if sign_in.state is SignInState.REFUSED:
        return sign_in
    if sign_in.state is not SignInState.WAITING and sign_in.email != by:
        raise NotAllowed(reason="somebody else has confirmed this sign-in already")
    if sign_in.state is SignInState.USED:
        raise NotAllowed(
            reason="the terminal has its token already; `jitsudo token list` shows it, "
            "`jitsudo token revoke` ends it"
        )
    return replace(sign_in, state=SignInState.REFUSED, email=by, settled_at=now)


def _plain(text: str) -> str:
    return _DASHES.sub("-", " ".join(text.split())).casefold()
