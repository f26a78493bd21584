"""Whether a process that a test knows by its id is still there."""

import os
import time
from pathlib import Path
from typing import Final

_PATIENCE_SECONDS: Final = 10.0
_ENDED: Final = frozenset({"Z", "X"})
"""States of what has ended and nobody has waited for yet; see proc(5)."""


def is_alive(pid: int) -> bool:
    """Tell whether a process is there and has not ended."""
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat")
        if not stat.parent.parent.joinpath("self").exists():
            return True
        state = stat.read_text("utf-8").rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state not in _ENDED


def is_gone(pid: int) -> bool:
    """Wait for a process to end; tell whether it did."""
    ends = time.monotonic() + _PATIENCE_SECONDS
    while is_alive(pid):
        if time.monotonic() > ends:
            return False
        time.sleep(0.02)
    return True
