"""How somebody is known: accounts in Slack, sign-ins, groups that were remembered."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from core.domain.codes import parse_code
from core.errors import Invalid
from core.vocabulary import GroupSource, LinkMethod, SignInState

_TEAM: Final = re.compile(r"[TE][A-Z0-9]{1,31}")
_USER: Final = re.compile(r"[UW][A-Z0-9]{1,31}")
"""Source: docs.slack.dev, user object; the length is not documented."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SlackAccount:
    """An account in Slack, by ids alone.

    Attributes:
        team_id: of the workspace, `T…`; of the organisation, `E…`, where the app
            serves a whole one, since an account is the same in all its workspaces.
        user_id: `U…` or `W…`.
    """

    team_id: str
    user_id: str

    @property
    def name(self) -> str:
        """Return how people write the account: `T0123/U0456`."""
        return f"{self.team_id}/{self.user_id}"


def parse_account(text: str) -> SlackAccount:
    """Return the account that `TEAM/USER` names.

    Raises:
        Invalid: it names none.
    """
    team_id, _, user_id = text.strip().partition("/")
    if not _TEAM.fullmatch(team_id) or not _USER.fullmatch(user_id):
        raise Invalid(
            field="account",
            why="expected the ids of team and user, such as T0123ABC/U0456DEF; "
            "`jitsudo identity list` shows those that are linked, `jitsudo server "
            "check` the team, and a profile in Slack its user (“Copy member ID”)",
        )
    return SlackAccount(team_id=team_id, user_id=user_id)


def parse_link_code(text: str) -> str:
    """Return a link code as it is stored: capitals, without separators.

    Raises:
        Invalid: it cannot be one.
    """
    return parse_code(text, hint="type `/jitsudo link` in Slack for one")


@dataclass(frozen=True, kw_only=True, slots=True)
class SlackLink:
    """An account that is bound to one principal, and how it came to be."""

    account: SlackAccount
    email: str
    method: LinkMethod
    linked_by: str
    linked_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkCode:
    """A word that an account in Slack was given, to be named by a signed-in person.

    Attributes:
        code: single use, without separators.
        email: what Slack says of the account.
    """

    code: str = field(repr=False)
    account: SlackAccount
    email: str
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SignIn:
    """A terminal that asks to be signed in by somebody in Slack.

    Attributes:
        digest: SHA-256 of the device code, which the terminal alone has.
        user_code: what the terminal shows, without separators; single use.
        host: what the terminal says its machine is called; a claim, shown as one.
        address: from where the server was asked.
        polled_at: when the terminal asked last.
        interval_seconds: how long it has to wait between two questions.
        email: who confirmed it, or refused it; None while it waits.
        settled_at: when that was.
    """

    digest: str
    user_code: str
    host: str
    address: str
    state: SignInState
    created_at: datetime
    expires_at: datetime
    interval_seconds: int
    polled_at: datetime | None = None
    email: str | None = None
    settled_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Membership:
    """The groups that an identity provider named at somebody's last sign-in.

    Attributes:
        issuer: who said so.
        subject: whom the issuer means; not the identity, which is the e-mail.
            Empty where an admin let the e-mail change hands: then it is whoever
            signs in next.
        signed_in_at: when the token was issued; or the hands were changed.
    """

    email: str
    issuer: str
    subject: str
    signed_in_at: datetime
    groups: frozenset[str]

    @property
    def is_forgotten(self) -> bool:
        """Tell whether it is nobody's until somebody signs in anew."""
        return not self.subject

    def forgotten(self, *, at: datetime) -> "Membership":
        """Return what stays when an e-mail changes hands: since when it is free."""
        return replace(self, subject="", signed_in_at=at, groups=frozenset())


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedKeys:
    """An identity provider's public keys.

    Attributes:
        document: a JSON list of them.
        fetched_at: when the issuer was asked.
    """

    issuer: str
    document: str
    fetched_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """What an identity provider's ID token says of its person; verified.

    Attributes:
        email: verified by the issuer, normalised; the identity.
        groups: none where the token names none, or says so oddly.
        groups_note: why there are none, if the token does not say "none"; for the
            audit log.
    """

    issuer: str
    subject: str
    email: str
    groups: frozenset[str]
    groups_note: str
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class SignInOffer:
    """How a terminal signs in at a server; told to anybody who asks.

    Attributes:
        issuer: whose ID tokens are taken; empty where only tokens of jitsudo's are.
        client_id: who the terminal is at the issuer.
        discovery_url: of the issuer's own description, in full.
        scopes: to ask the issuer for.
        slack: whether somebody in Slack can confirm a sign-in.
    """

    issuer: str = ""
    client_id: str = ""
    discovery_url: str = ""
    scopes: tuple[str, ...] = ()
    slack: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupsFrom:
    """What one source says of somebody's groups.

    Attributes:
        note: how the source knows, or why there are none; for people.
        until: when the groups stop counting by themselves; None if they do not.
        advice: what the person can do about it; empty if nothing is amiss.
        has_person: whether the source has somebody of this e-mail, in a group or not.
    """

    source: GroupSource
    groups: frozenset[str] = frozenset()
    note: str = ""
    until: datetime | None = None
    advice: str = ""
    has_person: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """How often something was done in the window that runs."""

    count: int
    window_ends_at: datetime
