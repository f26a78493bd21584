"""Groups as the identity provider named them at somebody's last sign-in."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar

from typing_extensions import override

from core.domain.identity import GroupsFrom, Membership
from core.errors import DependencyError, DirectoryUnavailable
from core.ports import Clock, Directory, Store, UnitOfWork
from core.vocabulary import GroupSource

SIGN_IN: Final = "sign in again with `jitsudo login`"

_T = TypeVar("_T")


class SignedInGroups(Directory):
    """Believes a sign-in for a while; after it the person is in no group.

    Nobody tells jitsudo that somebody left a group at the identity provider: the
    age is the longest that such a person keeps it here.
    """

    def __init__(self, *, store: Store, clock: Clock, max_age: timedelta) -> None:
        """Keep where sign-ins are remembered.

        Args:
            max_age: how long the groups of a sign-in count.
        """
        self._store = store
        self._clock = clock
        self._max_age = max_age

    @override
    async def explain(self, email: str) -> tuple[GroupsFrom, ...]:
        """Return a person's groups and until when they count, or that they do not.

        Raises:
            DirectoryUnavailable: the database does not answer.
        """

        async def read(uow: UnitOfWork) -> Membership | None:
            return await uow.memberships.of(email.strip().lower())

        return (self._explained(await self._read(read)),)

    @override
    async def groups_of(self, email: str) -> frozenset[str]:
        """Return a person's groups, if they signed in lately.

        Raises:
            DirectoryUnavailable: the database does not answer.
        """
        (explained,) = await self.explain(email)
        return explained.groups

    @override
    async def knows(self, email: str) -> bool:
        """Tell whether a person signed in lately, and is in any group.

        Raises:
            DirectoryUnavailable: the database does not answer.
        """
        return bool(await self.groups_of(email))

    @override
    async def members_of(self, group: str) -> tuple[str, ...]:
        """Return who signed in lately and is in a group, in alphabetical order.

        Raises:
            DirectoryUnavailable: the database does not answer.
        """
        # `explain` counts a sign-in that is exactly as old as allowed as too old.
        since = self._clock.now() - self._max_age + timedelta(microseconds=1)

        async def read(uow: UnitOfWork) -> list[str]:
            return await uow.memberships.members_of(group, since=since)

        return tuple(await self._read(read))

    @override
    async def slack_handle_of(self, group: str) -> str | None:
        """Return nothing: an identity provider knows nothing of Slack."""
        return None

    async def _read(self, read: Callable[[UnitOfWork], Awaitable[_T]]) -> _T:
        try:
            async with self._store.snapshot() as uow:
                return await read(uow)
        except DependencyError as error:
            why = f"the last sign-ins cannot be read: {error}"
            raise DirectoryUnavailable(why=why) from error

    def _explained(self, known: Membership | None) -> GroupsFrom:
        if known is None or known.is_forgotten:
            return GroupsFrom(
                source=GroupSource.OIDC,
                note="never signed in at the identity provider",
                advice="sign in with `jitsudo login`, so that your groups are known",
            )
        until = known.signed_in_at + self._max_age
        when = f"signed in {known.signed_in_at:%Y-%m-%d %H:%M} UTC"
        if until <= self._clock.now():
            return GroupsFrom(
                source=GroupSource.OIDC,
                note=f"{when}, too long ago: {SIGN_IN}",
                advice=f"your groups are from a sign-in too long ago: {SIGN_IN}",
            )
        return GroupsFrom(
            source=GroupSource.OIDC,
            groups=known.groups,
            note=f"{when}, until {until:%Y-%m-%d %H:%M} UTC",
            until=until,
        )
