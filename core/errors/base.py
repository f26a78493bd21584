"""What every deliberate error is: facts with a stable code, no transport."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Self


class JitsudoError(Exception):
    """Something that jitsudo says no to, or could not do.

    `fact_names` are the constructor's arguments, so that an error can cross a
    wire as its code and its facts and be the same error on the other side.
    """

    code: ClassVar[str] = "error"
    fact_names: ClassVar[tuple[str, ...]] = ()

    def facts(self) -> dict[str, str]:
        """Return what the constructor was given, as strings; absent ones left out."""
        values = {name: getattr(self, name) for name in self.fact_names}
        return {
            name: value.isoformat() if isinstance(value, datetime) else str(value)
            for name, value in values.items()
            if value is not None
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, str]) -> Self:
        """Build the error again from `facts()`.

        Raises:
            TypeError: the facts are not those of this class.
        """
        return cls(**facts)
