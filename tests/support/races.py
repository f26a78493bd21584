"""Attempts that run at once, each with its record or its refusal."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from core.errors import JitsudoError

T = TypeVar("T")


async def outcomes(attempts: Sequence[Awaitable[T]]) -> list[T | JitsudoError]:
    """Run attempts at once; return each one's record or refusal, in their order."""
    results: list[T | JitsudoError | None] = [None] * len(attempts)

    async def run(index: int, attempt: Awaitable[T]) -> None:
        try:
            results[index] = await attempt
        except JitsudoError as error:
            results[index] = error

    async with asyncio.TaskGroup() as tasks:
        for index, attempt in enumerate(attempts):
            tasks.create_task(run(index, attempt))
    return [result for result in results if result is not None]
