"""Reads bodies and query strings of strangers."""

import asyncio
import re
from datetime import timedelta
from typing import Final

from aiohttp import hdrs, web

from core.errors import Invalid
from core.wire.fields import Fields
from core.wire.pages import REPEATED
from core.wire.parsing import parse_json, shown
from core.wire.requests import KEY_LIMIT, SUBMISSION_HEADER

MAX_BODY: Final = 64 * 1024
"""Bytes; the longest text that core takes has 2,000 characters."""

BODY_SECONDS: Final = 15.0
"""How long a body may take: 64 KiB over the slowest line that anybody decides on."""

MAX_WAIT: Final = timedelta(seconds=60)

_SECONDS: Final = re.compile(r"[0-9]{1,4}(\.[0-9]{1,6})?")


async def body_fields(request: web.Request) -> Fields:
    """Return the fields of a JSON body; none for an empty one.

    Raises:
        Invalid: it is too long, encoded, no JSON, or no object.
        web.HTTPRequestTimeout: it came too slowly.
    """
    text = (await read_body(request)).strip()
    return Fields.of(parse_json("body", text)) if text else Fields({})


async def read_body(request: web.Request) -> str:
    """Return the text of a body.

    Raises:
        Invalid: it is too long, encoded, not UTF-8, or ends too soon.
    """
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise Invalid(field="body", why="is compressed; send it as it is")
    length = request.content_length or 0
    body = b"" if length > MAX_BODY else await _read(request)
    if max(length, len(body)) > MAX_BODY:
        raise Invalid(field="body", why=f"is longer than {MAX_BODY} bytes (64 KiB)")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Invalid(field="body", why="is not UTF-8") from error


async def _read(request: web.Request) -> bytes:
    """Return the body, or the first part of one that is too long."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.content.iter_any():
                body += part
                if len(body) > MAX_BODY:
                    break
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except (web.RequestPayloadError, ConnectionError) as error:
        raise Invalid(
            field="body", why="ended before its end; send it again"
        ) from error
    return bytes(body)


def key_of(request: web.Request) -> str:
    """Return what the client calls this submission; empty if it does not say.

    Raises:
        Invalid: it is too long, or not printable ASCII.
    """
    key = request.headers.get(SUBMISSION_HEADER, "")
    if len(key) > KEY_LIMIT or not (key.isascii() and key.isprintable()):
        raise Invalid(
            field=SUBMISSION_HEADER,
            why=f"has to be at most {KEY_LIMIT} printable ASCII characters",
        )
    return key


def query_fields(request: web.Request) -> Fields:
    """Return the fields of a query string.

    Raises:
        Invalid: a parameter comes twice that may come only once.
    """
    values: dict[str, object] = {}
    for name in request.query:
        given = request.query.getall(name)
        if name in REPEATED:
            values[name] = [value for value in given if value]
        elif len(given) > 1:
            raise Invalid(field=shown(name), why="is given twice")
        else:
            values[name] = given[0]
    return Fields(values, is_query=True)


def wait_of(fields: Fields) -> timedelta | None:
    """Return how long a long-poll may wait; None if it is none.

    Raises:
        Invalid: it is no number of seconds up to a minute.
    """
    text = fields.text_or_none("waitSeconds")
    if text is None:
        return None
    if _SECONDS.fullmatch(text):
        wait = timedelta(seconds=float(text))
        if wait <= MAX_WAIT:
            return wait
    raise Invalid(
        field="waitSeconds",
        why=f"is {shown(text)}; write seconds from 0 to {MAX_WAIT.seconds}",
    )
