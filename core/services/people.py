"""Who somebody is now: groups from the directory, tier and bans from the store."""

from collections.abc import Iterable, Mapping, Sequence

from core.clock import Deadline
from core.domain.identity import GroupsFrom
from core.domain.principal import Principal
from core.errors import NotAllowed
from core.ports import Directory, PrincipalRow, Store


class People:
    """Turns verified e-mails into principals; the services never get groups passed."""

    def __init__(self, *, store: Store, directory: Directory) -> None:
        """Keep where to look."""
        self._store = store
        self._directory = directory

    async def principal(self, email: str, deadline: Deadline | None) -> Principal:
        """Return one person as known now.

        Raises:
            DirectoryUnavailable: the groups cannot be read.
            StoreUnavailable: the database does not answer.
        """
        people = await self.principals([email], deadline)
        return people[email]

    async def explained(
        self, email: str, deadline: Deadline | None
    ) -> tuple[Principal, tuple[GroupsFrom, ...]]:
        """Return one person as known now, and what each source of groups says.

        Raises:
            DirectoryUnavailable: the groups cannot be read.
            StoreUnavailable: the database does not answer.
        """
        async with self._store.snapshot(deadline) as uow:
            row = await uow.principals.get(email)
        explained = await self._directory.explain(email)
        return to_principal(row, explained), explained

    async def check_enabled(self, email: str, deadline: Deadline | None) -> None:
        """Refuse somebody of whom nothing counts any more; groups are not read.

        Raises:
            NotAllowed: they are disabled.
            StoreUnavailable: the database does not answer.
        """
        async with self._store.snapshot(deadline) as uow:
            row = await uow.principals.get(email)
        if row.is_disabled:
            raise NotAllowed(reason=f"{email} is disabled; ask an admin")

    async def principals(
        self, emails: Iterable[str], deadline: Deadline | None
    ) -> dict[str, Principal]:
        """Return several people by e-mail, in one read.

        Raises:
            DirectoryUnavailable: the groups cannot be read.
            StoreUnavailable: the database does not answer.
        """
        async with self._store.snapshot(deadline) as uow:
            rows = await uow.principals.of(set(emails))
        return await self.with_groups(rows)

    async def with_groups(
        self, rows: Mapping[str, PrincipalRow]
    ) -> dict[str, Principal]:
        """Return the principals of rows that were read already.

        Raises:
            DirectoryUnavailable: the groups cannot be read.
        """
        return {
            email: to_principal(row, await self._directory.explain(email))
            for email, row in rows.items()
        }


def to_principal(row: PrincipalRow, explained: Sequence[GroupsFrom]) -> Principal:
    """Return a person as the store and every source of groups know them."""
    groups = frozenset(group for each in explained for group in each.groups)
    return Principal(
        email=row.email,
        groups=groups,
        trust_tier=row.trust_tier,
        is_disabled=row.is_disabled,
        is_known=bool(groups),
        advice="; ".join(each.advice for each in explained if each.advice),
    )
