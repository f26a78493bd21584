"""The rules say no; asking again changes nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Self

from typing_extensions import override

from core.errors.base import JitsudoError


class RefusedError(JitsudoError):
    """The rules say no; asking again changes nothing."""

    code: ClassVar[str] = "refused"


class NotFound(RefusedError):
    """There is no such thing, or the asker may not know of it."""

    code: ClassVar[str] = "not_found"
    fact_names: ClassVar[tuple[str, ...]] = (
        "what",
        "name",
    )

    def __init__(self, *, what: str, name: str) -> None:
        """Say what kind of thing was looked for and under which name."""
        self.what = what
        self.name = name
        super().__init__(f"{what} {name} not found")


class NotAllowed(RefusedError):
    """Policy does not let this person do this."""

    code: ClassVar[str] = "not_allowed"
    fact_names: ClassVar[tuple[str, ...]] = ("reason",)

    def __init__(self, *, reason: str) -> None:
        """Keep policy's own reason."""
        self.reason = reason
        super().__init__(reason)


class NotEligible(RefusedError):
    """Policy does not let this person ask for this."""

    code: ClassVar[str] = "not_eligible"
    fact_names: ClassVar[tuple[str, ...]] = ("reason",)

    def __init__(self, *, reason: str) -> None:
        """Keep policy's own reason."""
        self.reason = reason
        super().__init__(reason)


class SelfApproval(RefusedError):
    """The requester tried to approve their own request."""

    code: ClassVar[str] = "self_approval"

    def __init__(self) -> None:
        """Say the rule."""
        super().__init__("this is your own request: somebody else has to approve it")


class WrongState(RefusedError):
    """The act is not possible in the request's present state."""

    code: ClassVar[str] = "wrong_state"
    fact_names: ClassVar[tuple[str, ...]] = (
        "request_id",
        "expected",
        "actual",
        "by",
        "at",
    )

    def __init__(
        self,
        *,
        request_id: str,
        expected: str,
        actual: str,
        by: str | None = None,
        at: datetime | None = None,
    ) -> None:
        """Name both states, and who brought the present one about, and when."""
        self.request_id = request_id
        self.expected = expected
        self.actual = actual
        self.by = by
        self.at = at
        sentence = f"request {request_id} is {actual}, not {expected}"
        if by is not None:
            sentence += f" (by {by}"
            sentence += f", {at:%Y-%m-%d %H:%M} UTC)" if at is not None else ")"
        super().__init__(sentence)

    @classmethod
    @override
    def from_facts(cls, facts: Mapping[str, str]) -> Self:
        """Build the error again; `at` comes as ISO 8601 text."""
        at = facts.get("at")
        return cls(
            request_id=facts["request_id"],
            expected=facts["expected"],
            actual=facts["actual"],
            by=facts.get("by"),
            at=None if at is None else datetime.fromisoformat(at),
        )


class Invalid(RefusedError):
    """One field of what was asked cannot be."""

    code: ClassVar[str] = "invalid"
    fact_names: ClassVar[tuple[str, ...]] = (
        "field",
        "why",
    )

    def __init__(self, *, field: str, why: str) -> None:
        """Name the field, and say what is wrong and what to write instead."""
        self.field = field
        self.why = why
        super().__init__(f"{field}: {why}")


class Conflict(RefusedError):
    """The request kept changing while it was being decided."""

    code: ClassVar[str] = "conflict"
    fact_names: ClassVar[tuple[str, ...]] = ("what",)

    def __init__(self, *, what: str) -> None:
        """Say what kept changing."""
        self.what = what
        super().__init__(f"{what} changed at the same time; look again and retry")


class NotAuthenticated(RefusedError):
    """Nobody knows who is asking."""

    code: ClassVar[str] = "not_authenticated"
    fact_names: ClassVar[tuple[str, ...]] = ("why",)

    def __init__(self, *, why: str) -> None:
        """Say what is missing and how to sign in."""
        self.why = why
        super().__init__(why)


class TooMany(RefusedError):
    """Somebody did the same thing too often; nothing was done this time."""

    code: ClassVar[str] = "too_many"
    fact_names: ClassVar[tuple[str, ...]] = ("what", "retry_after_seconds")

    def __init__(self, *, what: str, retry_after_seconds: int) -> None:
        """Say of what there were too many, and when it can be tried again.

        Args:
            what: such as `decisions within a minute (at most 60)`.
            retry_after_seconds: whole seconds from now, at least 1.
        """
        self.what = what
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"too many {what}; try again in {retry_after_seconds} s")

    @classmethod
    @override
    def from_facts(cls, facts: Mapping[str, str]) -> Self:
        """Build the error again; the seconds come as text."""
        return cls(
            what=facts["what"], retry_after_seconds=int(facts["retry_after_seconds"])
        )
