"""A call that hangs keeps nobody from leaving."""

import asyncio
import subprocess
import sys
import threading

import pytest

from cli.loose_threads import LooseThreads

_HANGS = """
import asyncio, threading
from cli.loose_threads import LooseThreads

async def main():
    asyncio.get_running_loop().set_default_executor(LooseThreads())
    hanging = asyncio.ensure_future(asyncio.to_thread(threading.Event().wait))
    await asyncio.sleep(0)
    hanging.cancel()

asyncio.run(main())
print("left")
"""


def test_the_process_ends_while_a_call_hangs() -> None:
    """Neither the loop nor the interpreter waits for it."""
    done = subprocess.run(
        [sys.executable, "-c", _HANGS],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )

    assert (done.stdout, done.stderr) == ("left\n", "")


async def test_calls_give_their_results_and_leave_no_thread() -> None:
    """What a call raises is raised where it is awaited."""
    before = threading.active_count()
    threads = LooseThreads()
    asyncio.get_running_loop().set_default_executor(threads)

    assert await asyncio.to_thread(int, "7") == 7
    with pytest.raises(ValueError, match="'x'"):
        await asyncio.to_thread(int, "x")
    threads.settle()
    assert threading.active_count() == before
