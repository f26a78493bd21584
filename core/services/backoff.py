"""How long to wait before the next try."""

import random
from datetime import timedelta
from typing import Final

FIRST_SECONDS: Final = 1.0
MAX_SECONDS: Final = 300.0


def is_news(attempts: int) -> bool:
    """Tell whether a failure that repeats itself is to be told of again.

    The first, second, fourth, eighth … time: an outage of days fills neither
    the audit log nor a thread.
    """
    return attempts & (attempts - 1) == 0


def pause_after(attempts: int) -> timedelta:
    """Return the pause after the given number of failed tries.

    It doubles from one second to five minutes, with up to a half added by
    chance, so that what failed together is not tried together.
    """
    seconds = min(FIRST_SECONDS * 2 ** min(attempts - 1, 20), MAX_SECONDS)
    return timedelta(seconds=seconds * random.uniform(1, 1.5))  # noqa: S311  # spreads retries
