"""The sandbox put together; to be served alone or inside another application."""

import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from bot.sandbox.acting import Acting, Parts
from bot.sandbox.control import Control
from bot.sandbox.courier import Courier
from bot.sandbox.faults import Faults
from bot.sandbox.home import Homes
from bot.sandbox.journal import Journal
from bot.sandbox.methods import DEFAULT_SCOPES, all_methods
from bot.sandbox.modals import Modals
from bot.sandbox.page import Page
from bot.sandbox.people import Json, Person, demo_people
from bot.sandbox.rates import Rates
from bot.sandbox.responses import Responses
from bot.sandbox.snapshot import Snapshots
from bot.sandbox.socket_mode import SocketMode
from bot.sandbox.storage import Storage
from bot.sandbox.tickets import Tickets
from bot.sandbox.web_api import WebApi
from bot.sandbox.workspace import Workspace

CHANNEL = "access"
"""The one channel there is unless others are asked for."""


class Sandbox:
    """A stand-in for a Slack workspace.

    `add_routes`, then `start` once the address is known, and `stop` before the
    server is cleaned up (an application that has the routes does that itself).

    Attributes:
        url: its own address, `http://127.0.0.1:8080`, set by `start`.
        workspace: people, channels and messages.
        journal: what went over the wire.
        faults: what is going to go wrong.
    """

    def __init__(
        self,
        *,
        deliver_to: str | None = None,
        pacing: bool = True,
        data: Path | None = None,
        people: Sequence[Person] | None = None,
        channels: Sequence[str] = (CHANNEL,),
        scopes: Sequence[str] = DEFAULT_SCOPES,
    ) -> None:
        """Put a workspace together, with new tokens.

        Args:
            deliver_to: where the app takes interactions and commands over HTTP;
                None for Socket Mode.
            pacing: whether Slack's rate limits hold.
            data: a file that keeps the workspace; None forgets it at the end.
            people: those of the demo by default.
            channels: names without `#`.
            scopes: what the app's token was granted.
        """
        self.bot_token = f"xoxb-sandbox-{secrets.token_hex(12)}"
        self.app_token = f"xapp-sandbox-{secrets.token_hex(12)}"
        self.signing_secret = secrets.token_hex(16)
        self.url = ""
        self.workspace = Workspace(
            people=demo_people() if people is None else people,
            channels=channels,
            now=time.time,
        )
        self.journal = Journal()
        self.faults = Faults()
        self.sockets = SocketMode()
        self.modals = Modals(self.workspace)
        self._tickets = Tickets(now=time.time)
        self._snapshots = Snapshots(self.workspace, self.modals)
        self._storage = None if data is None else Storage(self.workspace, data)
        self._responses = Responses(self.workspace, self._tickets, self.faults)
        self._courier = Courier(
            journal=self.journal,
            sockets=self.sockets,
            signing_secret=self.signing_secret,
            new_id=self.workspace.next_id,
        )
        self._courier.deliver_to = deliver_to
        self._web_api = WebApi(
            methods=all_methods(
                workspace=self.workspace,
                modals=self.modals,
                tickets=self._tickets,
                scopes=scopes,
                page=lambda: self.page_url,
                new_socket=lambda: self.sockets.new_address(self.url),
            ),
            bot_token=self.bot_token,
            app_token=self.app_token,
            scopes=scopes,
            journal=self.journal,
            faults=self.faults,
            rates=Rates(monotonic=time.monotonic) if pacing else None,
        )

    @property
    def people(self) -> dict[str, Person]:
        """Return the people by short name."""
        return self.workspace.people

    @property
    def api_url(self) -> str:
        """Return the base address of the Web API, with a slash at its end."""
        return f"{self.url}/sandbox/api/"

    @property
    def page_url(self) -> str:
        """Return the address of the page."""
        return f"{self.url}/sandbox/"

    @property
    def deliver_to(self) -> str | None:
        """Return where interactions go over HTTP; None means Socket Mode."""
        return self._courier.deliver_to

    @deliver_to.setter
    def deliver_to(self, address: str | None) -> None:
        self._courier.deliver_to = address

    def channel_id(self, name: str = CHANNEL) -> str:
        """Return the id of a channel."""
        return next(one.id for one in self.workspace.channels() if one.name == name)

    def state(self) -> Json:
        """Return what `GET /sandbox/state` answers."""
        return self._snapshots.everything()

    def add_routes(self, app: web.Application) -> None:
        """Add the Web API, Socket Mode, the control endpoints and the page."""
        parts = Parts(
            workspace=self.workspace,
            modals=self.modals,
            tickets=self._tickets,
            responses=self._responses,
            courier=self._courier,
            response_url=lambda ticket: f"{self.url}/sandbox/response/{ticket}",
        )
        control = Control(
            workspace=self.workspace,
            acting=Acting(parts),
            homes=Homes(parts),
            snapshots=self._snapshots,
            journal=self.journal,
            faults=self.faults,
            sockets=self.sockets,
        )
        page = Page(self.workspace, self._snapshots)
        app.add_routes(
            [
                web.route("GET", "/sandbox/api/{method}", self._web_api.answer),
                web.route("POST", "/sandbox/api/{method}", self._web_api.answer),
                web.post("/sandbox/response/{ticket}", self._responses.answer),
                web.get("/sandbox/link/", self.sockets.serve),
                *control.routes(),
                *page.routes(),
            ]
        )
        app.on_shutdown.append(self._on_shutdown)

    async def start(self, *, url: str) -> None:
        """Begin, now that the address is known.

        Args:
            url: where the routes are served, without a slash at its end.

        Raises:
            BrokenData: the file with the workspace cannot be read.
        """
        self.url = url.rstrip("/")
        if self._storage is not None:
            self._storage.load()
            self.workspace.changes.listen(self._storage.save)
        self._courier.open()

    async def stop(self) -> None:
        """End: close connections and pages, and keep what is to be kept."""
        self.workspace.changes.close()
        await self.sockets.close()
        await self._courier.close()
        if self._storage is not None:
            self._storage.save()

    async def _on_shutdown(self, _: web.Application) -> None:
        await self.stop()
