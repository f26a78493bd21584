"""The state of the workspace: people, conversations and what they hold."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from bot.sandbox.changes import Changes
from bot.sandbox.errors import BadCall
from bot.sandbox.messages import Conversation, Ephemeral, Message
from bot.sandbox.people import OTHER_TEAM_ID, Json, Person, the_bot
from bot.sandbox.user_groups import UserGroup
from bot.sandbox.watch import Watch

EPHEMERALS_KEPT: Final = 200
"""How many a person's list keeps; Slack itself forgets them at a reload."""


class Workspace:
    """Everything there is in the workspace."""

    def __init__(
        self,
        *,
        people: Sequence[Person],
        channels: Sequence[str],
        now: Callable[[], float],
    ) -> None:
        """Open a workspace in which everybody and the app are in every channel.

        Args:
            channels: names; all are shared with the other company, if anybody of
                it is among the people.
            now: seconds since the epoch.
        """
        self.now = now
        self.people = {person.name: person for person in people}
        self.bot = the_bot()
        self.changes = Changes()
        self.conversations: dict[str, Conversation] = {}
        self.ephemerals: dict[str, list[Ephemeral]] = {}
        self.user_groups = dict[str, UserGroup]()
        self._watches: set[Watch] = set()
        self._last_ts = 0
        self._counter = itertools.count(1)
        is_shared = any(person.team_id == OTHER_TEAM_ID for person in people)
        for name in channels:
            identifier = "C0" + "".join(filter(str.isalnum, name)).upper()
            self.conversations[identifier] = Conversation(
                id=identifier,
                name=name,
                is_im=False,
                members=[person.id for person in people],
                is_ext_shared=is_shared,
            )

    def next_ts(self) -> str:
        """Return a new message timestamp, later than every one before."""
        self._last_ts = max(self._last_ts + 1, int(self.now() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def next_id(self, prefix: str) -> str:
        """Return a new id such as `V0000012K`."""
        return f"{prefix}{next(self._counter):07d}{int(self.now()) % 46_656:05d}"

    def person(self, name_or_id: str) -> Person:
        """Return a person by short name or id.

        Raises:
            BadCall: there is nobody of that name.
        """
        found = self.people.get(name_or_id) or self.by_id(name_or_id)
        if found is None:
            known = ", ".join(self.people)
            message = f"nobody is called {name_or_id!r}; there are {known}"
            raise BadCall(message)
        return found

    def by_id(self, user_id: str) -> Person | None:
        """Return the person, or the app's own user, with this id."""
        for person in (self.bot, *self.people.values()):
            if person.id == user_id:
                return person
        return None

    def channels(self) -> list[Conversation]:
        """Return the channels, without direct messages."""
        return [one for one in self.conversations.values() if not one.is_im]

    def dm(self, person: Person) -> Conversation:
        """Return the direct messages with a person, opened if they are not yet."""
        identifier = "D" + person.id[1:]
        if identifier not in self.conversations:
            self.conversations[identifier] = Conversation(
                id=identifier, name=person.name, is_im=True, members=[person.id]
            )
        return self.conversations[identifier]

    def conversation(self, name_or_id: str, *, seen_by: Person) -> Conversation:
        """Return a conversation that somebody sees, by id or name.

        Args:
            name_or_id: `C…`, `D…`, `#access`, `access`, or for one's own direct
                messages with the app one's own name.

        Raises:
            BadCall: there is none, or that person is not in it.
        """
        if name_or_id in {seen_by.name, seen_by.id}:
            return self.dm(seen_by)
        name = name_or_id.removeprefix("#")
        for one in self.conversations.values():
            if one.id == name_or_id or (not one.is_im and one.name == name):
                if seen_by.id not in one.members:
                    message = f"{seen_by.name} is not in {name_or_id}"
                    raise BadCall(message)
                return one
        message = f"there is no channel {name_or_id!r}"
        raise BadCall(message)

    def post(
        self,
        where: Conversation,
        *,
        text: str,
        blocks: list[Json],
        thread_ts: str | None = None,
        metadata: Json | None = None,
    ) -> Message:
        """Add a message of the app's."""
        message = Message(
            ts=self.next_ts(),
            text=text,
            blocks=blocks,
            thread_ts=thread_ts,
            metadata=metadata,
        )
        where.messages[message.ts] = message
        self.changes.note()
        return message

    def whisper(self, shown: Ephemeral, *, watch: Watch | None = None) -> None:
        """Show one person something.

        Args:
            watch: of the act that it answers; None where that cannot be known,
                which means of everything this person is waiting for.
        """
        seen = self.ephemerals.setdefault(shown.user, [])
        seen.append(shown)
        del seen[:-EPHEMERALS_KEPT]
        for one in self._of(shown.user, watch):
            one.see_text(shown.text)
        self.changes.note()

    def show_view(self, user_id: str, view: Json, *, watch: Watch | None) -> None:
        """Tell whoever waits for it that a view was opened or changed."""
        for one in self._of(user_id, watch):
            one.see_view(view)
        self.changes.note()

    @contextmanager
    def watching(self, person: Person) -> Iterator[Watch]:
        """Collect what a person is shown while the block runs."""
        watch = Watch(person=person.id)
        self._watches.add(watch)
        try:
            yield watch
        finally:
            self._watches.discard(watch)

    def _of(self, user_id: str, watch: Watch | None) -> list[Watch]:
        if watch is not None:
            return [watch]
        return [one for one in self._watches if one.person == user_id]
