"""Which views are open in front of whom."""

from typing import Any

from bot.sandbox import limits
from bot.sandbox.errors import MethodFailed
from bot.sandbox.people import Json
from bot.sandbox.tickets import Trigger
from bot.sandbox.views import View
from bot.sandbox.watch import Watch
from bot.sandbox.workspace import Workspace


class Modals:
    """The stack of modals in front of each person, and everybody's App Home."""

    def __init__(self, workspace: Workspace) -> None:
        """Start with none open."""
        self._workspace = workspace
        self._stacks: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}

    def stack(self, user_id: str) -> list[View]:
        """Return what is open in front of somebody, the lowest first."""
        return list(self._stacks.get(user_id, ()))

    def top(self, user_id: str) -> View | None:
        """Return what somebody looks at; None if no modal is open."""
        stack = self._stacks.get(user_id)
        return stack[-1] if stack else None

    def find(self, *, view_id: str | None, external_id: str | None) -> View:
        """Return an open view.

        Raises:
            MethodFailed: it is closed, or there never was one.
        """
        for stack in self._stacks.values():
            for view in stack:
                theirs = view.content.get("external_id") or None
                if view.id == view_id or (external_id and theirs == external_id):
                    return view
        error = "not_found"
        raise MethodFailed(error)

    def open(self, trigger: Trigger, content: Any) -> View:
        """Open a first view.

        Raises:
            MethodFailed: it is no view, or its external_id is taken.
        """
        view = self._make(content, owner=trigger.person, kind="modal")
        self._stacks[trigger.person] = [view]
        self._show(view, trigger.watch)
        return view

    def push(self, user_id: str, content: Any, *, watch: Watch | None) -> View:
        """Lay a view over the one that somebody looks at.

        Raises:
            MethodFailed: it is no view, none is open, or three are.
        """
        below = self.top(user_id)
        if below is None:
            error = "not_found"
            raise MethodFailed(error)
        if len(self._stacks[user_id]) >= limits.VIEW_STACK:
            error = "push_limit_reached"
            raise MethodFailed(error)
        view = self._make(content, owner=user_id, kind="modal", below=below)
        self._stacks[user_id].append(view)
        self._show(view, watch)
        return view

    def update(
        self,
        view: View,
        content: Any,
        *,
        expected: str | None = None,
        watch: Watch | None = None,
    ) -> View:
        """Show something else in an open view.

        Args:
            expected: the hash that the view must still have; None for any.

        Raises:
            MethodFailed: it is no view, or the view has changed since.
        """
        if expected is not None and expected != view.hash:
            error = "hash_conflict"
            raise MethodFailed(error)
        view.replace(content)
        self._show(view, watch)
        return view

    def publish(self, user_id: str, content: Any, *, expected: str | None) -> View:
        """Show something in somebody's App Home.

        Raises:
            MethodFailed: it is no view, or the view has changed since.
        """
        before = self.homes.get(user_id)
        if expected is not None and (before is None or before.hash != expected):
            error = "hash_conflict"
            raise MethodFailed(error)
        view = self._make(content, owner=user_id, kind="home")
        self.homes[user_id] = view
        self._workspace.changes.note()
        return view

    def close(self, view: View) -> None:
        """Take a view away, and whatever lies over it."""
        stack = self._stacks.get(view.owner, [])
        if view in stack:
            del stack[stack.index(view) :]
            self._workspace.changes.note()

    def clear(self, user_id: str) -> None:
        """Take every view away that is open in front of somebody."""
        self._stacks.pop(user_id, None)
        self._workspace.changes.note()

    def to_told(self, user_id: str) -> list[Json]:
        """Return the views that are open in front of somebody, lowest first."""
        return [view.to_view() for view in self.stack(user_id)]

    def _make(
        self, content: Any, *, owner: str, kind: str, below: View | None = None
    ) -> View:
        view = View.from_arguments(
            content, identifier=self._workspace.next_id("V"), owner=owner, below=below
        )
        if view.content["type"] != kind:
            error = "invalid_arguments"
            why = f"must be a {kind} [json-pointer:/view/type]"
            raise MethodFailed(error, messages=[why])
        external = view.content.get("external_id") or None
        for stack in self._stacks.values():
            if external and any(
                one.content.get("external_id") == external for one in stack
            ):
                error = "duplicate_external_id"
                raise MethodFailed(error)
        return view

    def _show(self, view: View, watch: Watch | None) -> None:
        self._workspace.show_view(view.owner, view.to_view(), watch=watch)
