"""Stores of how somebody is known, and of how often they act."""

from datetime import datetime, timedelta
from typing import Protocol

from core.domain.identity import (
    LinkCode,
    Membership,
    PublishedKeys,
    Rate,
    SignIn,
    SlackAccount,
    SlackLink,
)


class LinkStore(Protocol):
    """Which account in Slack is whose; one each way."""

    async def of_account(self, account: SlackAccount) -> SlackLink | None:
        """Return the link of an account."""
        ...

    async def of_email(self, email: str) -> SlackLink | None:
        """Return the link of a principal."""
        ...

    async def all(self) -> list[SlackLink]:
        """Return every link, by e-mail."""
        ...

    async def add(self, link: SlackLink) -> bool:
        """Insert a link; False if the account or the principal has one already."""
        ...

    async def remove(self, account: SlackAccount) -> SlackLink | None:
        """Remove a link; return what it was."""
        ...

    async def add_code(self, code: LinkCode) -> None:
        """Insert a code; codes that have expired when it begins are removed.

        Raises:
            Conflict: the code is taken.
        """
        ...

    async def code(self, code: str) -> LinkCode | None:
        """Return a code, and keep others from using it until the transaction ends."""
        ...

    async def use_code(self, code: str, *, at: datetime) -> None:
        """Note that a code was used."""
        ...


class SignInStore(Protocol):
    """Sign-ins of terminals that Slack confirms."""

    async def add(self, sign_in: SignIn) -> None:
        """Insert a sign-in; those that expired a while before are removed.

        A while: a terminal that asks too late is told so, not that it is unknown.

        Raises:
            Conflict: the user code is taken.
        """
        ...

    async def by_digest(self, digest: str) -> SignIn | None:
        """Return a sign-in, and keep others from changing it."""
        ...

    async def by_user_code(self, user_code: str) -> SignIn | None:
        """Return a sign-in, and keep others from changing it."""
        ...

    async def count_waiting(self, *, at: datetime) -> int:
        """Return how many wait for somebody to confirm them."""
        ...

    async def refuse_of(self, email: str) -> None:
        """Refuse what a person confirmed and no terminal has taken yet."""
        ...

    async def save(self, sign_in: SignIn) -> None:
        """Write what changes of a sign-in: state, times, interval, person."""
        ...


class MembershipStore(Protocol):
    """Groups as an identity provider named them last."""

    async def of(self, email: str) -> Membership | None:
        """Return what was remembered of a person."""
        ...

    async def put(self, membership: Membership) -> None:
        """Replace what is remembered of a person."""
        ...

    async def members_of(self, group: str, *, since: datetime) -> list[str]:
        """Return the e-mails in a group, of those who signed in since then, sorted."""
        ...


class IssuerKeyStore(Protocol):
    """The public keys of identity providers."""

    async def of(self, issuer: str) -> PublishedKeys | None:
        """Return what an issuer published, as a server got it last."""
        ...

    async def put(self, keys: PublishedKeys) -> None:
        """Replace what is kept, unless that is newer."""
        ...


class RateStore(Protocol):
    """Counts of what was done within a window; shared by every replica."""

    async def add(self, name: str, *, at: datetime, window: timedelta) -> Rate:
        """Count one more, in a new window if the last one is over.

        Windows that ended an hour before are removed now and then.

        Args:
            name: of what is counted and for whom, such as `decide:bob@example.com`.
        """
        ...

    async def of(self, name: str, *, at: datetime) -> Rate | None:
        """Return what was counted in the window that runs, if one does."""
        ...
