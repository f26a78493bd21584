"""Views: what one may look like, and which are open in front of whom."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from bot.sandbox import limits
from bot.sandbox.blocks import block_problems, json_size, with_identifiers
from bot.sandbox.checks import PLAIN, Checker
from bot.sandbox.errors import MethodFailed
from bot.sandbox.people import APP_ID, BOT_ID, TEAM_ID, Json

_TEXTS: Final = ("title", "submit", "close")
_OPTIONAL: Final = (
    "callback_id",
    "private_metadata",
    "external_id",
    "clear_on_close",
    "notify_on_close",
    "submit_disabled",
    "submit",
    "close",
)


@dataclass(kw_only=True, slots=True)
class View:
    """One modal, or somebody's App Home.

    Attributes:
        content: the view as the app sent it, ids filled in.
        values: what its inputs hold, as `state.values`.
    """

    id: str
    owner: str
    root_id: str
    previous_id: str | None = None
    content: Json
    hash: str = field(default_factory=lambda: secrets.token_hex(8))
    values: Json = field(default_factory=dict)

    @classmethod
    def from_arguments(
        cls, content: Any, *, identifier: str, owner: str, below: "View | None" = None
    ) -> Self:
        """Make a view of what the app sent.

        Raises:
            MethodFailed: it is not one that Slack would show.
        """
        return cls(
            id=identifier,
            owner=owner,
            root_id=below.root_id if below else identifier,
            previous_id=below.id if below else None,
            content=checked_view(content),
        )

    def replace(self, content: Any) -> None:
        """Show something else under the same id.

        Raises:
            MethodFailed: it is not one that Slack would show.
        """
        checked = checked_view(content)
        if checked["type"] != self.content["type"]:
            error = "invalid_arguments"
            why = f"must be a {self.content['type']} [json-pointer:/view/type]"
            raise MethodFailed(error, messages=[why])
        self.content = checked
        self.hash = secrets.token_hex(8)
        blocks = {block["block_id"] for block in self.content["blocks"]}
        self.values = {name: v for name, v in self.values.items() if name in blocks}

    def to_view(self) -> Json:
        """Return the view object, as in answers and payloads."""
        sent = self.content
        return {
            "id": self.id,
            "team_id": TEAM_ID,
            "type": sent["type"],
            "blocks": sent["blocks"],
            "private_metadata": sent.get("private_metadata", ""),
            "callback_id": sent.get("callback_id", ""),
            "external_id": sent.get("external_id", ""),
            "state": {"values": self.values},
            "hash": self.hash,
            "title": sent.get("title"),
            "submit": sent.get("submit"),
            "close": sent.get("close"),
            "clear_on_close": sent.get("clear_on_close", False),
            "notify_on_close": sent.get("notify_on_close", False),
            "previous_view_id": self.previous_id,
            "root_view_id": self.root_id,
            "app_id": APP_ID,
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
        }


def checked_view(content: Any) -> Json:
    """Return a view with its ids filled in.

    Raises:
        MethodFailed: Slack would not take it.
    """
    problems = _problems(content)
    if problems:
        error = "invalid_arguments"
        raise MethodFailed(error, messages=problems)
    if json_size(content) > limits.VIEW_BYTES:
        error = "view_too_large"
        raise MethodFailed(error)
    filled: Json = {**content, "blocks": with_identifiers(content["blocks"])}
    return filled


def _problems(content: Any) -> list[str]:
    checker = Checker()
    kind = content.get("type") if isinstance(content, Mapping) else None
    if kind not in ("modal", "home"):
        checker.fail(f"unsupported type: {kind}", "/view/type")
        return checker.problems
    required: tuple[str, ...] = ("type", "blocks")
    optional: tuple[str, ...] = _OPTIONAL
    if kind == "modal":
        required = (*required, "title")
    else:
        optional = tuple(name for name in optional if name not in _TEXTS)
    checker.has_shape(content, "/view", required=required, optional=optional)
    for name in _TEXTS:
        checker.text(content, name, "/view", most=limits.VIEW_TITLE, kinds=PLAIN)
    most = limits.PRIVATE_METADATA
    checker.string(content, "private_metadata", "/view", most=most, least=0)
    checker.string(content, "callback_id", "/view", most=limits.IDENTIFIER)
    checker.string(content, "external_id", "/view", most=limits.IDENTIFIER, least=0)
    for name in ("clear_on_close", "notify_on_close", "submit_disabled"):
        checker.boolean(content, name, "/view")
    found = block_problems(content.get("blocks"), most=limits.VIEW_BLOCKS, in_view=True)
    checker.problems += [one.replace("pointer:/", "pointer:/view/") for one in found]
    if not checker.problems and kind == "modal" and "submit" not in content:
        _check_for_inputs(checker, content["blocks"])
    return checker.problems


def _check_for_inputs(checker: Checker, blocks: list[Json]) -> None:
    if any(block["type"] == "input" for block in blocks):
        why = "missing required field: submit; there are input blocks"
        checker.fail(why, "/view")
