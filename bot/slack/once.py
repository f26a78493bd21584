"""Does a thing once however often its delivery arrives."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from bot.slack.desk import Answer
from bot.slack.memory import Memory

REMEMBERED_SECONDS: Final = 600.0
"""Longer than the five minutes in which a signed delivery can be replayed."""


class Once:
    """Gives a repeated delivery the first one's answer, if that succeeded.

    Decisions do not need it, asking does: two submissions are two requests.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Remember nothing yet."""
        self._monotonic = monotonic
        self._answers = Memory[asyncio.Future[Answer]](
            seconds=REMEMBERED_SECONDS, monotonic=monotonic
        )

    async def do(self, key: str, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """Do `work`, or wait for what was begun under the same key.

        Args:
            key: what Slack repeats in a repeated delivery; empty for nothing.
        """
        if not key:
            return await work()
        if self._answers.has(key):
            return await asyncio.shield(self._answers.get(key))
        begun: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers.put(key, begun, asked_at=self._monotonic())
        try:
            answer = await work()
            begun.set_result(answer)
        finally:
            if not begun.done():
                begun.cancel()
                self._answers.drop(key)
        if answer.error is not None:
            self._answers.drop(key)
        return answer
