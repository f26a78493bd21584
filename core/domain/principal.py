"""People and machines as identified, and how one of them acted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from core.errors import Invalid, NotAllowed
from core.vocabulary import Origin

EMAIL_LIMIT: Final = 254
"""Source: RFC 5321 section 4.5.3.1.3, less the angle brackets."""

_EMAIL: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
)
"""Source: RFC 5321 section 4.1.2, Dot-string (loosely) and Domain."""

STRANGER: Final = "slack:"
"""What stands before team and user of somebody whom nobody identifies."""

HIGHEST_TIER: Final = 4
"""The most that an admin can trust somebody; 0 is nothing known."""

ADMINS_GROUP: Final = "jitsudo-admins"
AUDITORS_GROUP: Final = "jitsudo-auditors"


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """A person or machine, with what is known of it now.

    Attributes:
        email: normalised by `normalise_email`; the identity.
        groups: as the directory says now.
        trust_tier: 0 (nothing known) to 4, set by admins.
        is_disabled: whether nothing of theirs counts any more.
        is_known: whether the directory has them at all.
        advice: what they can do where a source of groups forgot them.
    """

    email: str
    groups: frozenset[str]
    trust_tier: int = 0
    is_disabled: bool = False
    is_known: bool = True
    advice: str = ""

    @property
    def is_admin(self) -> bool:
        """Tell whether this is one of `jitsudo-admins`; nobody disabled is."""
        return ADMINS_GROUP in self.groups and not self.is_disabled

    @property
    def is_auditor(self) -> bool:
        """Tell whether this one may read everything."""
        is_one = AUDITORS_GROUP in self.groups and not self.is_disabled
        return self.is_admin or is_one

    def advised(self, reason: str) -> str:
        """Return a refusal's reason, and what they can do about their groups."""
        return f"{reason}; {self.advice}" if self.advice else reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Who acts and by which transport: a verified e-mail and nothing more.

    Attributes:
        email: verified by the transport, normalised.
        origin: bound by the server from the transport.
        evidence: what the transport knows of the act, for the audit event: the
            Slack team, user, channel, message and action; or OS user and host.
        vouched_by: whose word it is that this is them: who issued the token that
            they came with, and before them whoever vouched for those, with blanks
            between; empty if it is nobody's but their own.
    """

    email: str
    origin: Origin
    evidence: Mapping[str, str] = field(default_factory=dict)
    vouched_by: str = ""

    @property
    def word(self) -> str:
        """Return whose word it is what this one says of somebody else."""
        return " ".join(dict.fromkeys((*vouchers(self.vouched_by), self.email)))

    def check_own_eyes(self, requester: str, *, asked_by: str) -> None:
        """Refuse a yes where who asks and who says it may be one pair of eyes.

        Args:
            asked_by: whose word it is that the requester asked; empty if nobody's
                but their own.

        Raises:
            NotAllowed: the requester issued the token that says who this is, or
                this is who issued the token that was asked with.
        """
        if self.email in vouchers(asked_by):
            raise NotAllowed(
                reason="you issued the token that this was asked for with; somebody "
                "else has to decide"
            )
        if requester == self.email:
            return  # in their own name; policy says whether that may be
        if requester in vouchers(self.vouched_by):
            raise NotAllowed(
                reason=f"{requester} issued the token that this was said with; "
                "sign in, or use a token that somebody else issued"
            )

    @property
    def is_stranger(self) -> bool:
        """Tell whether this is an account in Slack that is nobody's known here."""
        return self.email.startswith(STRANGER)


def vouchers(word: str) -> tuple[str, ...]:
    """Return everybody whose word something is, whoever began first."""
    return tuple(word.split())


def normalise_email(text: str) -> str:
    """Return the one spelling of an e-mail address: no blanks, lower case.

    Raises:
        Invalid: it has no name and host, or has anything but the characters of
            an unquoted ASCII address, so that no look-alike of another alphabet
            becomes somebody else and no operator's or machine's name is one.
    """
    email = text.strip()
    # Checked before the case is folded: the Kelvin sign becomes an ASCII "k".
    if not _EMAIL.fullmatch(email) or len(email) > EMAIL_LIMIT:
        raise Invalid(
            field="e-mail", why="expected an address such as alice@example.com"
        )
    return email.lower()
