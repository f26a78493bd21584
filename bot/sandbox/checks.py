"""Checking JSON against Slack's rules, with Slack's own sentences."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from bot.sandbox import limits
from bot.sandbox.people import Json

ANY_TEXT: Final = ("plain_text", "mrkdwn")
PLAIN: Final = ("plain_text",)


class Checker:
    """Collects what is wrong, each with a JSON pointer to the place."""

    def __init__(self) -> None:
        """Start with nothing wrong."""
        self.problems: list[str] = []

    def fail(self, why: str, at: str) -> None:
        """Note one problem."""
        self.problems.append(f"{why} [json-pointer:{at}]")

    def has_shape(
        self,
        value: Any,
        at: str,
        *,
        required: Sequence[str],
        optional: Sequence[str] = (),
    ) -> bool:
        """Check that `value` is an object with these properties and no others."""
        if not isinstance(value, dict):
            self.fail("must provide an object", at)
            return False
        for name in required:
            if name not in value:
                self.fail(f"missing required field: {name}", at)
        for name in value:
            if name not in required and name not in optional:
                self.fail(f"invalid additional property: {name}", at)
        return all(name in value for name in required)

    def string(
        self, owner: Json, name: str, at: str, *, most: int, least: int = 1
    ) -> None:
        """Check a string property, if it is there, and its length."""
        if name not in owner:
            return
        value, at = owner[name], f"{at}/{name}"
        if not isinstance(value, str):
            self.fail("must provide a string", at)
        elif len(value) < least:
            self.fail(f"must be more than {least - 1} characters", at)
        elif len(value) > most:
            self.fail(f"must be less than {most + 1} characters", at)

    def one_of(self, owner: Json, name: str, at: str, known: Sequence[str]) -> None:
        """Check a property, if it is there, against the values it may have."""
        if name in owner and owner[name] not in known:
            self.fail(f"must be a valid enum value: {', '.join(known)}", f"{at}/{name}")

    def boolean(self, owner: Json, name: str, at: str) -> None:
        """Check a property, if it is there, for being true or false."""
        if name in owner and not isinstance(owner[name], bool):
            self.fail("must be a valid boolean", f"{at}/{name}")

    def whole(self, owner: Json, name: str, at: str, *, least: int, most: int) -> None:
        """Check a property, if it is there, for being a number in a range."""
        if name not in owner:
            return
        value = owner[name]
        if isinstance(value, bool) or not isinstance(value, int):
            self.fail("must be a valid integer", f"{at}/{name}")
        elif not least <= value <= most:
            self.fail(f"must be between {least} and {most}", f"{at}/{name}")

    def text(
        self,
        owner: Json,
        name: str,
        at: str,
        *,
        most: int = limits.TEXT_OBJECT,
        kinds: Sequence[str] = ANY_TEXT,
    ) -> None:
        """Check a text object, if it is there."""
        if name in owner:
            self.text_object(owner[name], f"{at}/{name}", most=most, kinds=kinds)

    def text_object(
        self, value: Any, at: str, *, most: int, kinds: Sequence[str] = ANY_TEXT
    ) -> None:
        """Check one text object."""
        optional = ("emoji", "verbatim")
        if not self.has_shape(value, at, required=("type", "text"), optional=optional):
            return
        if value["type"] not in kinds:
            self.fail(f"must be one of: {', '.join(kinds)}", f"{at}/type")
        wrong = "verbatim" if value["type"] == "plain_text" else "emoji"
        if wrong in value:
            self.fail(f"invalid additional property: {wrong}", at)
        self.boolean(value, "emoji", at)
        self.boolean(value, "verbatim", at)
        self.string(value, "text", at, most=most)

    def items(
        self,
        owner: Json,
        name: str,
        at: str,
        check: Callable[[Any, str], None],
        *,
        most: int,
        least: int = 1,
    ) -> None:
        """Check a list property, if it is there, and each of its items."""
        if name not in owner:
            return
        values, at = owner[name], f"{at}/{name}"
        if not isinstance(values, list):
            self.fail("must provide an array", at)
            return
        if len(values) < least:
            self.fail(f"no less than {least} items required", at)
        if len(values) > most:
            self.fail(f"no more than {most} items allowed", at)
        for index, value in enumerate(values):
            check(value, f"{at}/{index}")
