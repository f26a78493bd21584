"""Who somebody is now: groups from the directory, tier and bans from the store."""

from collections.abc import Iterable, Mapping

from core.clock import Deadline
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
            email: Principal(
                email=email,
                groups=await self._directory.groups_of(email),
                trust_tier=row.trust_tier,
                is_disabled=row.is_disabled,
                is_known=await self._directory.knows(email),
            )
            for email, row in rows.items()
        }
