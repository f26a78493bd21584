"""Slack's user groups as a directory: a handle is the name of a group."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

import structlog
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from typing_extensions import override

from bot.slack.accounts import Accounts, OutsideClient, is_somebody
from bot.slack.failures import SlackAmbiguous, SlackCredential
from bot.slack.memory import Memory
from bot.slack.pacing import Bucket, Urgency
from core.domain.identity import GroupsFrom
from core.errors import DirectoryUnavailable, NotAuthenticated, SlackFailed
from core.ports import Directory
from core.vocabulary import GroupSource

GROUPS_SECONDS: Final = 60.0
"""How old the list of user groups may be; tier 2 allows 20 calls a minute."""

ANSWER_SECONDS: Final = 1.5
"""How long one person's groups may take; a click has 2.2 s for everything."""

LIST_SECONDS: Final = 10.0
"""How long the members of one group may take; nobody waits for a click there."""

MOST_MEMBERS: Final = 40
"""Members of one group who are looked up; the others of a larger one are left out."""

LISTED_SECONDS: Final = 3600.0
"""How long it is believed who is behind an id where members are listed."""

LISTED_AT_ONCE: Final = 40
LISTED_PER_SECOND: Final = 0.5
"""How fast members are looked up: a tier 4 method that decisions need too, of which
100 calls a minute are allowed; after a refusal no decision could be made for a while.
"""

METHOD: Final = "usergroups.list"
SCOPE: Final = "usergroups:read"

_log = structlog.get_logger()


class _UserGroup(BaseModel):
    """A user group as Slack tells. Source: docs.slack.dev, usergroup object."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    id: Annotated[str, StringConstraints(pattern=r"^S[A-Z0-9]{2,}$")]
    handle: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    is_external: bool = False
    date_delete: int = 0
    user_count: int | str = ""
    users: list[str] | None = None

    @property
    def members(self) -> list[str]:
        """Return the ids of its members.

        Raises:
            SlackAmbiguous: they are not told, though there are some.
        """
        if self.users is None and str(self.user_count) != "0":
            raise SlackAmbiguous(method=METHOD, why="a user group without its members")
        return self.users or []


class SlackUserGroups(Directory):
    """Who is in which user group; while Slack does not say, nobody is in any.

    Guests, deactivated accounts and whoever else may not act are in no group, by
    the same rules as when they press a button.
    """

    def __init__(
        self,
        *,
        client: OutsideClient,
        accounts: Accounts,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Know no group yet; nothing is called before the first question."""
        self._client = client
        self._accounts = accounts
        self._monotonic = monotonic
        self._sleep = sleep
        self._asking = asyncio.Lock()
        self._groups: Mapping[str, _UserGroup] = {}
        self._asked_at = float("-inf")
        self._listed = Memory[str | None](seconds=LISTED_SECONDS, monotonic=monotonic)
        self._lookups = Bucket(
            per_second=LISTED_PER_SECOND, burst=LISTED_AT_ONCE, clock=monotonic
        )

    @override
    async def explain(self, email: str) -> tuple[GroupsFrom, ...]:
        """Return a person's user groups, or why they are in none.

        Raises:
            DirectoryUnavailable: Slack does not say, and what to do.
        """
        email = email.strip().lower()
        async with _answering(ANSWER_SECONDS):
            groups = await self._current()
            try:
                user_id = await self._accounts.id_of(email)
            except NotAuthenticated as error:
                return (_nowhere(is_somebody(error), has_person=True),)
        if user_id is None:
            return (_nowhere("Slack has no member with this e-mail"),)
        found = frozenset(n for n, group in groups.items() if user_id in group.members)
        note = "" if found else f"in no user group as {user_id}"
        return (
            GroupsFrom(
                source=GroupSource.SLACK, groups=found, note=note, has_person=True
            ),
        )

    @override
    async def groups_of(self, email: str) -> frozenset[str]:
        """Return the handles of a person's user groups.

        Raises:
            DirectoryUnavailable: Slack does not say, and what to do.
        """
        (explained,) = await self.explain(email)
        return explained.groups

    @override
    async def knows(self, email: str) -> bool:
        """Tell whether a person is in any user group.

        Raises:
            DirectoryUnavailable: Slack does not say, and what to do.
        """
        return bool(await self.groups_of(email))

    @override
    async def members_of(self, group: str) -> tuple[str, ...]:
        """Return the e-mails in a user group, `MOST_MEMBERS` at most, sorted.

        For looking and calling, not for deciding: an e-mail may be an hour old.
        What was looked up before a refusal is remembered, so that trying again
        comes further.

        Raises:
            DirectoryUnavailable: Slack does not say, and what to do.
        """
        async with _answering(LIST_SECONDS):
            groups = await self._current()
            members = groups[group].members if group in groups else []
            found = [await self._listed_email(one) for one in members[:MOST_MEMBERS]]
        return tuple(sorted({email for email in found if email is not None}))

    async def _listed_email(self, user_id: str) -> str | None:
        """Return who is behind an id; None for a guest, say, or for nobody."""
        if self._listed.has(user_id):
            return self._listed.get(user_id)
        while (wait := self._lookups.wait(Urgency.FIRST)) > 0:
            await self._sleep(wait)
        self._lookups.take()
        asked_at = self._monotonic()
        try:
            email = await self._accounts.email_of(user_id)
        except NotAuthenticated:
            email = None
        self._listed.put(user_id, email, asked_at=asked_at)
        return email

    @override
    async def slack_handle_of(self, group: str) -> str | None:
        """Return the id of the user group, to mention it.

        Raises:
            DirectoryUnavailable: Slack does not say, and what to do.
        """
        async with _answering(ANSWER_SECONDS):
            groups = await self._current()
        return groups[group].id if group in groups else None

    async def _current(self) -> Mapping[str, _UserGroup]:
        """Return the user groups by handle; one question at a time."""
        async with self._asking:
            now = self._monotonic()
            if now - self._asked_at >= GROUPS_SECONDS:
                workspace = await self._accounts.workspace()
                answer = await self._client.user_groups(workspace)
                self._groups = _by_handle(answer)
                self._asked_at = now
            return self._groups


def _by_handle(answer: Mapping[str, Any]) -> Mapping[str, _UserGroup]:
    """Return our own enabled user groups.

    A handle that is there twice, as it may be in an organisation, names nobody:
    which of the two policy means cannot be told.

    Raises:
        SlackAmbiguous: it is no such answer; a group without its members is none.
    """
    listed = answer.get("usergroups")
    if not isinstance(listed, list):
        raise SlackAmbiguous(method=METHOD, why="odd answer")
    found: dict[str, _UserGroup] = {}
    twice: set[str] = set()
    for each in listed:
        try:
            group = _UserGroup.model_validate(each)
        except ValidationError as error:
            raise SlackAmbiguous(method=METHOD, why="odd answer") from error
        if group.is_external or group.date_delete:
            continue
        _ = group.members  # an odd one fails the whole answer
        if group.handle in found:
            twice.add(group.handle)
        found[group.handle] = group
    for handle in sorted(twice):
        _log.warning("user_group_twice", handle=handle)
        del found[handle]
    return found


def _nowhere(note: str, *, has_person: bool = False) -> GroupsFrom:
    return GroupsFrom(source=GroupSource.SLACK, note=note, has_person=has_person)


@asynccontextmanager
async def _answering(seconds: float) -> AsyncIterator[None]:
    """Turn Slack's failures into a directory's, with what to do.

    Raises:
        DirectoryUnavailable: Slack failed, or took longer than `seconds`.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise DirectoryUnavailable(why="Slack did not answer in time") from error
    except SlackCredential as error:
        why = str(error)
        if error.method == METHOD and error.is_of_method:
            why += f"; add {SCOPE} to the app's bot scopes and install it again"
        raise DirectoryUnavailable(why=why) from error
    except SlackFailed as error:
        raise DirectoryUnavailable(why=str(error)) from error
