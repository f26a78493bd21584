"""The control endpoints: acting as people, breaking things, looking inside.

Loopback only. A page of another origin cannot call them: Host, Origin and the
content type are checked.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import ValidationError

from bot.sandbox import orders
from bot.sandbox.acting import Acting
from bot.sandbox.errors import BadCall
from bot.sandbox.faults import Fault, Faults
from bot.sandbox.home import Homes
from bot.sandbox.journal import Journal
from bot.sandbox.people import Json
from bot.sandbox.snapshot import Snapshots
from bot.sandbox.socket_mode import SocketMode
from bot.sandbox.workspace import Workspace

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_MAX_BODY: Final = 1_048_576


class Control:
    """Answers everything under `/sandbox/` but the page."""

    def __init__(
        self,
        *,
        workspace: Workspace,
        acting: Acting,
        homes: Homes,
        snapshots: Snapshots,
        journal: Journal,
        faults: Faults,
        sockets: SocketMode,
    ) -> None:
        """Control these parts."""
        self._workspace = workspace
        self._acting = acting
        self._homes = homes
        self._snapshots = snapshots
        self._journal = journal
        self._faults = faults
        self._sockets = sockets

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        posts: dict[str, Callable[[bytes], Awaitable[Json]]] = {
            "command": self._command,
            "click": self._click,
            "submit": self._submit,
            "close": self._close,
            "redeliver": self._redeliver,
            "people": self._people,
            "channels": self._channels,
            "usergroups": self._user_groups,
            "socket": self._socket,
            "faults": self._add_fault,
            "home": self._home,
            "shortcut": self._later,
        }
        return [
            web.get("/sandbox/state", checked(self._state)),
            web.get("/sandbox/deliveries", checked(self._deliveries)),
            web.delete("/sandbox/faults", checked(self._clear_faults)),
            *(
                web.post(f"/sandbox/{name}", checked(_json_post(run)))
                for name, run in posts.items()
            ),
        ]

    async def _state(self, _: web.Request) -> web.StreamResponse:
        told = self._snapshots.everything()
        return web.json_response(told | {"connections": self._sockets.connections})

    async def _deliveries(self, _: web.Request) -> web.StreamResponse:
        return web.json_response(self._journal.to_told())

    async def _clear_faults(self, _: web.Request) -> web.StreamResponse:
        self._faults.clear()
        return web.json_response({"faults": 0})

    async def _command(self, body: bytes) -> Json:
        order = orders.Command.model_validate_json(body)
        person = self._workspace.person(order.user)
        return await self._acting.command(
            person,
            self._workspace.conversation(order.channel, seen_by=person),
            command=order.command,
            text=order.text,
            wait=order.wait_ms,
        )

    async def _click(self, body: bytes) -> Json:
        order = orders.Click.model_validate_json(body)
        person = self._workspace.person(order.user)
        if order.view_id is not None:
            return await self._acting.click_view(
                person,
                order.view_id,
                action_id=order.action_id,
                value=order.value,
                wait=order.wait_ms,
            )
        if order.home:
            return await self._homes.click(
                person, action_id=order.action_id, value=order.value, wait=order.wait_ms
            )
        if order.channel is None or order.ts is None:
            message = "name channel and ts, view_id or home"
            raise BadCall(message)
        return await self._acting.click_message(
            person,
            self._workspace.conversation(order.channel, seen_by=person),
            ts=order.ts,
            action_id=order.action_id,
            value=order.value,
            wait=order.wait_ms,
        )

    async def _submit(self, body: bytes) -> Json:
        order = orders.Submit.model_validate_json(body)
        return await self._acting.submit(
            self._workspace.person(order.user),
            order.view_id,
            values=order.values,
            wait=order.wait_ms,
        )

    async def _close(self, body: bytes) -> Json:
        order = orders.Close.model_validate_json(body)
        person = self._workspace.person(order.user)
        return await self._acting.close(person, order.view_id, wait=order.wait_ms)

    async def _home(self, body: bytes) -> Json:
        order = orders.Home.model_validate_json(body)
        person = self._workspace.person(order.user)
        return await self._homes.open(person, wait=order.wait_ms)

    async def _redeliver(self, body: bytes) -> Json:
        order = orders.Redeliver.model_validate_json(body)
        return await self._acting.again(
            order.delivery_id,
            times=order.times,
            signature=order.signature,
            wait=order.wait_ms,
        )

    async def _people(self, body: bytes) -> Json:
        order = orders.People.model_validate_json(body)
        person = self._workspace.person(order.user)
        for name, value in order.patch.model_dump(exclude_unset=True).items():
            setattr(person, name, value)
        self._workspace.changes.note()
        return person.to_user(with_email=True)

    async def _channels(self, body: bytes) -> Json:
        order = orders.Channels.model_validate_json(body)
        channel = orders.apply_to_channel(self._workspace, order)
        self._workspace.changes.note()
        return channel.to_channel()

    async def _user_groups(self, body: bytes) -> Json:
        order = orders.UserGroups.model_validate_json(body)
        group = orders.apply_to_user_group(self._workspace, order)
        self._workspace.changes.note()
        return group.to_usergroup(with_users=True, with_count=True)

    async def _socket(self, body: bytes) -> Json:
        order = orders.Socket.model_validate_json(body)
        match order.do:
            case "drop":
                count = self._sockets.drop(order.count)
            case "refuse":
                count = self._sockets.refuse(order.count)
            case "no_pong":
                count = self._sockets.stop_pongs(order.count)
            case _:
                count = await self._sockets.refresh(order.count, reason=order.reason)
        return {"connections": self._sockets.connections, "affected": count}

    async def _add_fault(self, body: bytes) -> Json:
        order = orders.AddFault.model_validate_json(body)
        self._faults.add(Fault(**order.model_dump()))
        return {"faults": len(self._faults.waiting)}

    async def _later(self, _: bytes) -> Json:
        message = "shortcuts are not in the sandbox yet"
        raise BadCall(message)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def checked(run: Handler) -> Handler:
    """Refuse with 400 whatever does not come from this machine and origin."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            check_origin(request)
            return await run(request)
        except BadCall as error:
            return _bad(str(error))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "body"
            return _bad(f"{where}: {first['msg']}")

    return handle


def check_origin(request: web.Request) -> None:
    """Check that a call comes from this machine and, if from a page, from ours.

    Raises:
        BadCall: it does not.
    """
    try:
        host = urlsplit(f"//{request.host}").hostname
    except ValueError:
        host = None
    if host not in _LOOPBACK or request.remote not in {*_LOOPBACK, None}:
        message = "the sandbox answers on 127.0.0.1 and localhost only"
        raise BadCall(message)
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{request.host}":
        message = f"the page {origin} is of another origin"
        raise BadCall(message)


def _json_post(run: Callable[[bytes], Awaitable[Json]]) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        if request.content_type != "application/json":
            message = "send JSON with Content-Type: application/json"
            raise BadCall(message)
        if (request.content_length or 0) > _MAX_BODY:
            message = f"the body has more than {_MAX_BODY} bytes"
            raise BadCall(message)
        return web.json_response(await run(await request.read()))

    return handle


def _bad(why: str) -> web.Response:
    return web.Response(
        text=json.dumps({"error": "bad_call", "message": why}),
        content_type="application/json",
        status=400,
    )
