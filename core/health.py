"""Whether the parts of a process can do their work."""

from collections.abc import Awaitable
from dataclasses import dataclass

from core.errors import JitsudoError


@dataclass(frozen=True, kw_only=True, slots=True)
class PartHealth:
    """Whether one part can do its work, and what to do if it cannot.

    Attributes:
        is_needed: whether decisions need it; without it a server sends people away.
    """

    is_ready: bool
    detail: str
    is_needed: bool = True


async def health_of(answer: Awaitable[str]) -> PartHealth:
    """Return the health of a part that says what is there, or why it is not."""
    try:
        return PartHealth(is_ready=True, detail=await answer)
    except JitsudoError as error:
        return PartHealth(is_ready=False, detail=str(error))
