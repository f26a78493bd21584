"""Reads JSON objects field by field, so that every complaint names its field.

This is not pydantic: importing that alone takes longer than a whole
`jitsudo status` should; `docs/adr/0010` has the figures.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Self, TypeVar

from core.domain.audit import from_timestamp
from core.errors import Invalid
from core.wire.parsing import kind_of, shown

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

_INTEGER: Final = re.compile(r"-?[0-9]{1,19}")
"""An int64 as protobuf's JSON spells it: a string of digits."""

_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}
"""How a query string spells a boolean."""


class Fields:
    """One JSON object; fields are asked for in camelCase, either case is read.

    Absent and null are the same. Fields nobody asks for are ignored, as the
    reference does.
    """

    def __init__(
        self, values: Mapping[str, object], *, path: str = "", is_query: bool = False
    ) -> None:
        """Keep the object.

        Args:
            path: where it stands in the document, for errors; empty at the top.
            is_query: whether it is a query string, where all is text and empty
                is absent.
        """
        self._values = values
        self._path = path
        self._is_query = is_query

    @classmethod
    def of(cls, value: object, *, path: str = "") -> Self:
        """Return the fields of a JSON value that has to be an object.

        Raises:
            Invalid: it is something else.
        """
        if not isinstance(value, dict):
            raise Invalid(
                field=path or "body",
                why=f"has to be a JSON object, not {kind_of(value)}",
            )
        return cls(value, path=path)

    def has(self, name: str) -> bool:
        """Tell whether a field is there and not null."""
        return self._value(name) is not None

    def text(self, name: str, *, default: str | None = None) -> str:
        """Return a string.

        Args:
            default: stands for an absent one; None means it has to be there.
        """
        value = self._value(name)
        if value is None:
            return self._absent(name, default)
        if not isinstance(value, str):
            raise self._wrong(name, f"has to be a string, not {kind_of(value)}")
        return value

    def text_or_none(self, name: str) -> str | None:
        """Return a string; None if it is absent or empty."""
        return self.text(name, default="") or None

    def integer(self, name: str, *, default: int | None = None) -> int:
        """Return an integer, spelled as a number or as a string of digits."""
        value = self._value(name)
        if value is None:
            return self._absent(name, default)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and _INTEGER.fullmatch(value):
            return int(value)
        raise self._wrong(name, f"has to be a whole number, not {shown(value)}")

    def boolean(self, name: str, *, default: bool = False) -> bool:
        """Return a boolean."""
        value = self._value(name)
        if value is None:
            return default
        if self._is_query and isinstance(value, str) and value in _BOOLEANS:
            return _BOOLEANS[value]
        if not isinstance(value, bool):
            raise self._wrong(name, f"has to be true or false, not {shown(value)}")
        return value

    def moment(self, name: str) -> datetime:
        """Return a time that has to be there."""
        moment = self.moment_or_none(name)
        return self._absent(name, moment) if moment is None else moment

    def moment_or_none(self, name: str) -> datetime | None:
        """Return an aware time; None if it is absent or empty."""
        text = self.text_or_none(name)
        if text is None:
            return None
        try:
            moment = from_timestamp(text)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass  # The same complaint as for a time without its zone.
        raise self._wrong(
            name, f"is {shown(text)}; write a time such as 2026-03-20T16:00:00Z"
        )

    def one_of(
        self, name: str, kind: type[E], *, prefix: str = "", default: E | None = None
    ) -> E:
        """Return a member of an enum.

        Args:
            prefix: what the reference puts before the member's name; may lack.
        """
        text = self.text_or_none(name)
        if text is None:
            return self._absent(name, default)
        return self._member(name, text, kind, prefix)

    def members(self, name: str, kind: type[E], *, prefix: str = "") -> frozenset[E]:
        """Return several members of an enum; `<prefix>UNSPECIFIED` is none."""
        return frozenset(
            self._member(name, text, kind, prefix)
            for text in self.texts(name)
            if not prefix or text != f"{prefix}UNSPECIFIED"
        )

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of strings; empty if it is absent."""
        values = self._list(name)
        for value in values:
            if not isinstance(value, str):
                raise self._wrong(name, f"has to hold strings, not {kind_of(value)}")
        return tuple(value for value in values if isinstance(value, str))

    def objects(self, name: str, read: Callable[["Fields"], T]) -> tuple[T, ...]:
        """Return a list of objects, each read by `read`; empty if it is absent."""
        path = self._named(name)
        return tuple(
            read(Fields.of(value, path=f"{path}[{index}]"))
            for index, value in enumerate(self._list(name))
        )

    def inner(self, name: str) -> "Fields":
        """Return the object in a field; without fields if it is absent."""
        value = self._value(name)
        return Fields.of({} if value is None else value, path=self._named(name))

    def pairs(self, name: str) -> dict[str, str]:
        """Return an object of strings by strings; empty if it is absent."""
        pairs: dict[str, str] = {}
        for key, value in self.inner(name)._values.items():  # noqa: SLF001 - of this class
            if not isinstance(value, str):
                raise self._wrong(
                    name, f"has to hold strings, not {kind_of(value)} ({shown(key)})"
                )
            pairs[key] = value
        return pairs

    def raw(self, name: str) -> object:
        """Return whatever is there; None if it is absent."""
        return self._value(name)

    def _value(self, name: str) -> object:
        other = _to_snake(name)
        if other != name and name in self._values and other in self._values:
            raise self._wrong(name, f"is given twice, as {name} and as {other}")
        value = self._values.get(name, self._values.get(other))
        return None if self._is_query and value == "" else value

    def _list(self, name: str) -> list[object]:
        value = self._value(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(name, f"has to be a list, not {kind_of(value)}")
        return value

    def _member(self, name: str, text: str, kind: type[E], prefix: str) -> E:
        try:
            return kind(text.removeprefix(prefix))
        except ValueError as error:
            known = ", ".join(prefix + member.value for member in kind)
            raise self._wrong(
                name, f"is {shown(text)}, which is none of {known}"
            ) from error

    def _absent(self, name: str, default: T | None) -> T:
        if default is None:
            raise self._wrong(name, "is missing")
        return default

    def _named(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def _wrong(self, name: str, why: str) -> Invalid:
        return Invalid(field=self._named(name), why=why)


def _to_snake(name: str) -> str:
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name)
