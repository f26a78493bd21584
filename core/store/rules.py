"""What a broken rule of the database means to the one who broke it."""

from typing import Final

from core.errors import (
    Conflict,
    Invalid,
    JitsudoError,
    NotAllowed,
    SelfApproval,
    StoreBusy,
    StoreUnavailable,
)

ONE_VERDICT_EACH: Final = "one_verdict_each"
NO_SELF_APPROVAL: Final = "no_self_approval"
REVIEW_BY_ANOTHER: Final = "review_by_another"
"""A trigger's; its name is all of its message on SQLite."""

_RACES: Final = frozenset(
    {
        "one_waiting_job_per_key",
        "one_job_in_flight_per_lane",
        "one_request_per_submission",
    }
)
"""Two workers met; the loser's transaction simply runs again."""


def broken(rule: str) -> JitsudoError:
    """Return the error for a constraint, by its name."""
    if rule == NO_SELF_APPROVAL:
        return SelfApproval()
    if rule == REVIEW_BY_ANOTHER:
        return NotAllowed(reason="somebody other than the requester has to review it")
    if rule in _RACES:
        return StoreBusy()
    return StoreUnavailable(why=f"its rule {rule or 'without a name'} refuses this")


def taken(rule: str) -> JitsudoError:
    """Return the error for a uniqueness constraint, by its name."""
    if rule in _RACES:
        return broken(rule)
    what = "this decision" if rule == ONE_VERDICT_EACH else "what you are storing"
    return Conflict(what=what)


def unstorable() -> JitsudoError:
    """Return the error for a text that no database column can hold."""
    return Invalid(field="text", why="holds a NUL or half a character; remove it")


def wrong_schema() -> JitsudoError:
    """Return the error for a table or column that is not there."""
    return StoreUnavailable(
        why="its schema is not this version's; run `jitsudo server migrate`"
    )


def failed_before() -> JitsudoError:
    """Return the error for going on in a transaction of which a part failed."""
    return StoreUnavailable(why="a part of the transaction had failed before")


def no_file() -> JitsudoError:
    """Return the error for a SQLite file that cannot be opened."""
    return StoreUnavailable(
        why="the file is not there or cannot be opened; "
        "`jitsudo server migrate` creates it"
    )
