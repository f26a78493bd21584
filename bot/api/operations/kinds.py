"""What is said of one operation, and what many of them share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from bot.api.schemas import NUMBER, TEXT, Schema, body

BASE: Final = "/api/v1alpha1"

COMMON: Final = (400, 401, 403, 429, 503)
"""What everything behind a token may answer beside what it is asked for."""

OF_ONE: Final = (404,)
OF_A_DECISION: Final = (404, 409)

JSON_TYPE: Final = "application/json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One method of one path.

    Attributes:
        id: as generated clients call it.
        answer: the schema of a 200.
        body: the schema of what is sent; None where nothing is read.
        needs_body: whether an empty one is refused.
        body_type: the content type of what is sent.
        query: the schemas of what may stand in the query string.
        headers: the same for headers.
        refuses: statuses beside `COMMON`.
        is_open: whether it needs no token.
        refusal: the schema of what is no 200; None for `Error`, and for the schema
            of a 200 where no token is needed.
        content_type: of a 200.
    """

    id: str
    summary: str
    answer: Schema
    body: Schema | None = None
    needs_body: bool = False
    body_type: str = JSON_TYPE
    query: Mapping[str, Schema] | None = None
    headers: Mapping[str, Schema] | None = None
    refuses: tuple[int, ...] = ()
    is_open: bool = False
    refusal: Schema | None = None
    content_type: str = JSON_TYPE

    @property
    def statuses(self) -> tuple[int, ...]:
        """Return every status that is no 200."""
        common = () if self.is_open else COMMON
        slow = (408,) if self.body is not None else ()
        return tuple(sorted({*common, *slow, *self.refuses}))


Operations: TypeAlias = Mapping[tuple[str, str], Operation]
"""Operations by method and path."""

PAGE: Final[Mapping[str, Schema]] = {"pageSize": NUMBER, "pageToken": TEXT}
"""The parameters of a list with pages."""

NOTHING: Final = body({})
"""A body that is read, and may say nothing."""
