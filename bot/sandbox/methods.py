"""Which Web API methods there are, and what each one needs.

Source: https://docs.slack.dev/reference/methods
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from bot.sandbox.arguments import Arguments
from bot.sandbox.chat import ChatMethods
from bot.sandbox.directory import DirectoryMethods
from bot.sandbox.errors import MethodFailed
from bot.sandbox.modals import Modals
from bot.sandbox.people import Json
from bot.sandbox.tickets import Tickets
from bot.sandbox.workspace import Workspace

DEFAULT_SCOPES: Final = (
    "chat:write",
    "commands",
    "users:read",
    "users:read.email",
    "channels:read",
    "groups:read",
)
"""What the app of the manifests is granted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Method:
    """One Web API method.

    Attributes:
        run: does it; returns the answer without `ok`.
        scope: what the bot token must have been granted; None if nothing.
        takes_app_token: whether it wants the `xapp-` token instead.
    """

    run: Callable[[Arguments], Json]
    scope: str | None = None
    takes_app_token: bool = False


class ViewMethods:
    """The `views.*` methods."""

    def __init__(self, modals: Modals, tickets: Tickets, workspace: Workspace) -> None:
        """Act on `modals`, for triggers among `tickets`."""
        self._modals = modals
        self._tickets = tickets
        self._workspace = workspace

    def open(self, arguments: Arguments) -> Json:
        """Open a modal for a trigger."""
        trigger = self._tickets.exchange(arguments.required("trigger_id"))
        return {"view": self._modals.open(trigger, _view(arguments)).to_view()}

    def push(self, arguments: Arguments) -> Json:
        """Lay a modal over the one in which the trigger was made."""
        trigger = self._tickets.exchange(arguments.required("trigger_id"))
        if trigger.view_id is None:
            error = "not_found"
            raise MethodFailed(error)
        view = self._modals.push(trigger.person, _view(arguments), watch=trigger.watch)
        return {"view": view.to_view()}

    def update(self, arguments: Arguments) -> Json:
        """Change an open modal."""
        view_id = arguments.optional("view_id")
        external_id = arguments.optional("external_id")
        if not view_id and not external_id:
            error = "invalid_arguments"
            why = "must provide one of view_id and external_id"
            raise MethodFailed(error, messages=[why])
        view = self._modals.find(view_id=view_id, external_id=external_id)
        expected = arguments.optional("hash")
        self._modals.update(view, _view(arguments), expected=expected)
        return {"view": view.to_view()}

    def publish(self, arguments: Arguments) -> Json:
        """Show something in somebody's App Home."""
        user_id = arguments.required("user_id")
        if self._workspace.by_id(user_id) is None:
            error = "invalid_arguments"
            raise MethodFailed(error, messages=["user not found: user_id"])
        expected = arguments.optional("hash")
        view = self._modals.publish(user_id, _view(arguments), expected=expected)
        return {"view": view.to_view()}


def all_methods(
    *,
    workspace: Workspace,
    modals: Modals,
    tickets: Tickets,
    scopes: Iterable[str],
    page: Callable[[], str],
    new_socket: Callable[[], str],
) -> dict[str, Method]:
    """Return every method by name.

    Args:
        scopes: what the bot token was granted.
        page: the address of the sandbox's page.
        new_socket: makes the address of a new Socket Mode connection.
    """
    chat, directory = ChatMethods(workspace), DirectoryMethods(workspace)
    views = ViewMethods(modals, tickets, workspace)
    tells_email = "users:read.email" in scopes
    return {
        "auth.test": Method(run=lambda _: directory.auth_test(page())),
        "apps.connections.open": Method(
            run=lambda _: {"url": new_socket()}, takes_app_token=True
        ),
        "chat.postMessage": Method(run=chat.post_message, scope="chat:write"),
        "chat.update": Method(run=chat.update, scope="chat:write"),
        "chat.delete": Method(run=chat.delete, scope="chat:write"),
        "chat.postEphemeral": Method(run=chat.post_ephemeral, scope="chat:write"),
        "chat.getPermalink": Method(run=lambda a: chat.permalink(a, page=page())),
        "views.open": Method(run=views.open),
        "views.push": Method(run=views.push),
        "views.update": Method(run=views.update),
        "views.publish": Method(run=views.publish),
        "users.info": Method(
            run=lambda a: directory.user_info(a, with_email=tells_email),
            scope="users:read",
        ),
        "users.lookupByEmail": Method(
            run=directory.lookup_by_email, scope="users:read.email"
        ),
        "conversations.info": Method(
            run=directory.conversation_info, scope="channels:read"
        ),
        "conversations.list": Method(
            run=lambda _: directory.conversation_list(), scope="channels:read"
        ),
        "conversations.members": Method(
            run=directory.conversation_members, scope="channels:read"
        ),
        "conversations.open": Method(run=directory.open_conversation, scope="im:write"),
        "usergroups.list": Method(run=directory.user_groups, scope="usergroups:read"),
    }


def _view(arguments: Arguments) -> Any:
    view = arguments.anything("view")
    if view is None:
        error = "invalid_arguments"
        raise MethodFailed(error, messages=["missing required field: view"])
    return view
