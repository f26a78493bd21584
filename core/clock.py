"""Time as services get it: passed in, aware, UTC."""

import time
from datetime import UTC, datetime

from core.errors import DeadlineExceeded


class SystemClock:
    """The machine's own clock; `core.ports.Clock` of a real process."""

    def now(self) -> datetime:
        """Return the present time, aware, UTC."""
        return datetime.now(UTC)


class Deadline:
    """A moment after which nothing more is begun.

    It measures with the monotonic clock, so that a corrected wall clock neither
    grants more time nor takes it away.
    """

    def __init__(self, *, seconds: float) -> None:
        """Start the time running.

        Args:
            seconds: how long from now.
        """
        self._ends = time.monotonic() + seconds

    def later(self, seconds: float) -> "Deadline":
        """Return the deadline that ends some seconds after this one."""
        other = Deadline(seconds=seconds)
        other._ends = self._ends + seconds
        return other

    def remaining(self) -> float:
        """Return the seconds left.

        Raises:
            DeadlineExceeded: none are left.
        """
        left = self._ends - time.monotonic()
        if left <= 0:
            raise DeadlineExceeded
        return left
