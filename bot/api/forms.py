"""Reads the forms that OAuth clients send.

Source: RFC 6749, appendix B and section 3.2.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import hdrs, web

from bot.api.reading import read_body
from core.errors import Invalid

FORM: Final = "application/x-www-form-urlencoded"

MOST_FIELDS: Final = 32


async def form_fields(request: web.Request) -> Mapping[str, str]:
    """Return the fields of a form, each given once; empty ones were not given.

    Raises:
        Invalid: it is no form, too long, not UTF-8, has a field twice, or some of
            it stands in the address, where logs keep it.
    """
    if request.query_string:
        raise Invalid(field="query", why="has to be empty; send a form in the body")
    content_types = request.headers.getall(hdrs.CONTENT_TYPE, [])
    if len(content_types) != 1 or request.content_type != FORM:
        raise Invalid(field="Content-Type", why=f"has to be {FORM}")
    text = await read_body(request)
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except UnicodeDecodeError as error:
        raise Invalid(field="body", why="is not UTF-8") from error
    except ValueError as error:
        raise Invalid(field="body", why="has too many fields") from error
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields:
            raise Invalid(field="body", why="has a field twice")
        fields[name] = value
    return {name: value for name, value in fields.items() if value}
