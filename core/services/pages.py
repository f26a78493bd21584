"""How much of a list is on one page."""

from typing import Final

from core.errors import Invalid

MAX_PAGE: Final = 500


def check_limit(limit: int) -> None:
    """Check that a page may be this long.

    Raises:
        Invalid: it may not.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise Invalid(field="limit", why=f"has to be from 1 to {MAX_PAGE}")
