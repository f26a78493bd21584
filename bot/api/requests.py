"""Requests: asked, listed, seen, decided; every route translates and calls."""

from typing import Final

from aiohttp import web

from bot.api.answers import to_answer
from bot.api.keys import APPROVALS
from bot.api.reading import body_fields, key_of, query_fields, wait_of
from core.domain.decision import RequestRecord
from core.domain.request import parse_request_id
from core.vocabulary import RequestId
from core.wire import pages
from core.wire.requests import (
    from_ask,
    from_duration,
    to_credentials,
    to_decision,
    to_request,
)

_REQUEST: Final = "/v1alpha1/requests/{id}"


async def submit(request: web.Request) -> web.Response:
    """Ask for elevation."""
    ask = from_ask(await body_fields(request))
    return _answer(await request[APPROVALS].submit(ask, key=key_of(request)))


async def extend(request: web.Request) -> web.Response:
    """Ask for more of one's own grant."""
    fields = await body_fields(request)
    record = await request[APPROVALS].extend(
        _id(request),
        duration=from_duration(fields),
        reason=fields.text("reason", default=""),
        key=key_of(request),
    )
    return _answer(record)


async def list_(request: web.Request) -> web.Response:
    """List what the caller may see, newest first."""
    query = pages.from_query(query_fields(request))
    return to_answer(pages.to_page(await request[APPROVALS].list(query)))


async def get(request: web.Request) -> web.Response:
    """Show a request, waiting for a newer version if asked to."""
    fields = query_fields(request)
    record = await request[APPROVALS].get(
        _id(request),
        wait=wait_of(fields),
        since_version=fields.integer("sinceVersion", default=0),
    )
    return _answer(record)


async def approve(request: web.Request) -> web.Response:
    """Approve a request."""
    comment = (await body_fields(request)).text("comment", default="")
    return _answer(await request[APPROVALS].approve(_id(request), comment=comment))


async def deny(request: web.Request) -> web.Response:
    """Deny a request; a reason is required, and core says so."""
    reason = (await body_fields(request)).text("reason", default="")
    return _answer(await request[APPROVALS].deny(_id(request), reason=reason))


async def withdraw(request: web.Request) -> web.Response:
    """Take back one's own undecided request."""
    await body_fields(request)
    return _answer(await request[APPROVALS].withdraw(_id(request)))


async def revoke(request: web.Request) -> web.Response:
    """Begin the end of a grant."""
    fields = await body_fields(request)
    record = await request[APPROVALS].revoke(
        _id(request),
        reason=fields.text("reason", default=""),
        only_unissued=fields.boolean("onlyUnissued"),
    )
    return _answer(record)


async def retry(request: web.Request) -> web.Response:
    """Have what the provider refused tried again now."""
    await body_fields(request)
    return _answer(await request[APPROVALS].retry(_id(request)))


async def review(request: web.Request) -> web.Response:
    """Close the review of a break-glass request."""
    note = (await body_fields(request)).text("note", default="")
    return _answer(await request[APPROVALS].review(_id(request), note=note))


async def decisions(request: web.Request) -> web.Response:
    """Show who decided what, oldest first."""
    record = await request[APPROVALS].get(_id(request))
    return to_answer(
        {"decisions": [to_decision(decision) for decision in record.decisions]}
    )


async def credentials(request: web.Request) -> web.Response:
    """Hand the requester their credentials."""
    opened = await request[APPROVALS].credentials(_id(request))
    return to_answer({"grant": to_credentials(opened)})


def routes() -> list[web.RouteDef]:
    """Return the routes; HEAD is none of them, since reading is audited."""
    return [
        web.post("/v1alpha1/requests", submit),
        web.get("/v1alpha1/requests", list_, allow_head=False),
        web.get(_REQUEST, get, allow_head=False),
        web.post(f"{_REQUEST}/approve", approve),
        web.post(f"{_REQUEST}/deny", deny),
        web.post(f"{_REQUEST}/withdraw", withdraw),
        web.post(f"{_REQUEST}/revoke", revoke),
        web.post(f"{_REQUEST}/retry", retry),
        web.post(f"{_REQUEST}/extend", extend),
        web.post(f"{_REQUEST}/review", review),
        web.get(f"{_REQUEST}/decisions", decisions, allow_head=False),
        web.get(f"{_REQUEST}/credentials", credentials, allow_head=False),
    ]


def _id(request: web.Request) -> RequestId:
    return parse_request_id(request.match_info["id"])


def _answer(record: RequestRecord) -> web.Response:
    return to_answer({"request": to_request(record)})
