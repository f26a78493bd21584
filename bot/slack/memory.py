"""Remembers answers of Slack for a while, and not too many of them."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

REMEMBERED: Final = 5_000
"""Most answers kept at once."""

_T = TypeVar("_T")


class Memory(Generic[_T]):
    """Answers by key, each forgotten after a time."""

    def __init__(self, *, seconds: float, monotonic: Callable[[], float]) -> None:
        """Remember nothing yet.

        Args:
            seconds: how old an answer may be and still count.
        """
        self._seconds = seconds
        self._monotonic = monotonic
        self._answers: dict[str, tuple[_T, float]] = {}

    def has(self, key: str) -> bool:
        """Tell whether there is an answer that is fresh enough."""
        known = self._answers.get(key)
        return known is not None and self._monotonic() - known[1] < self._seconds

    def get(self, key: str) -> _T:
        """Return the answer that `has` said is there."""
        return self._answers[key][0]

    def put(self, key: str, answer: _T, *, asked_at: float) -> None:
        """Remember an answer; its age counts from when it was asked for."""
        if len(self._answers) >= REMEMBERED:
            self._answers.clear()
        self._answers[key] = (answer, asked_at)

    def clear(self) -> None:
        """Forget everything."""
        self._answers.clear()

    def drop(self, key: str) -> None:
        """Forget one answer."""
        self._answers.pop(key, None)
