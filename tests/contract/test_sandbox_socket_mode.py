"""Socket Mode of the sandbox, with Slack's own client at the other end."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.app import Sandbox
from tests.support.workspaces import Hands, WebApiCaller


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[SocketModeClient]:
    """Slack's client, connected, acknowledging everything."""
    web_client = AsyncWebClient(base_url=sandbox.api_url, retry_handlers=[])
    running = SocketModeClient(
        app_token=sandbox.app_token, web_client=web_client, ping_interval=0.2
    )

    async def ack(
        client: AsyncBaseSocketModeClient, request: SocketModeRequest
    ) -> None:
        payload = {"text": f"got {request.payload['text']}"}
        response = SocketModeResponse(envelope_id=request.envelope_id, payload=payload)
        await client.send_socket_mode_response(response)

    running.socket_mode_request_listeners.append(ack)
    await running.connect()  # type: ignore[no-untyped-call]  # of slack_sdk
    yield running
    await running.close()  # type: ignore[no-untyped-call]  # of slack_sdk


async def _until_opened(sandbox: Sandbox, count: int) -> None:
    """Wait until there have been so many connections."""
    sockets = sandbox.sockets
    async with asyncio.timeout(8):
        while sockets.opened < count:
            await sockets.changes.after(sockets.changes.version)


@pytest.mark.usefixtures("client")
async def test_envelope_is_acknowledged_with_its_payload(
    sandbox: Sandbox, hands: Hands
) -> None:
    """What the acknowledgement carries is shown like an HTTP answer."""
    await _until_opened(sandbox, 1)
    told = await hands.command("bob", "status")
    assert told["ack"]["status"] == 200
    assert told["ephemeral"] == ["got status"]


@pytest.mark.parametrize("what", ["drop", "refresh"])
async def test_client_comes_back_after(
    what: str, sandbox: Sandbox, client: SocketModeClient, hands: Hands
) -> None:
    """A cut connection and a refresh both end in a new connection that works."""
    await _until_opened(sandbox, 1)
    before = client.wss_uri
    told = await hands.post("socket", {"do": what})
    assert told["affected"] == 1
    await _until_opened(sandbox, 2)
    assert client.wss_uri != before
    assert (await hands.command("bob", "status"))["ephemeral"] == ["got status"]


async def test_without_a_connection_the_command_fails(hands: Hands) -> None:
    """Nobody is there, so the person is told at once."""
    told = await hands.command("bob", "status")
    assert told["ack"]["status"] is None
    assert told["error"] == "dispatch_failed"


async def test_ticket_is_single_use_and_a_handshake_can_be_refused(
    sandbox: Sandbox, web_api: WebApiCaller, hands: Hands, http: aiohttp.ClientSession
) -> None:
    """The second use of an address is refused, and so is a handshake on demand."""

    async def status(address: str) -> int:
        try:
            async with http.ws_connect(address) as socket:
                hello = await socket.receive_json()
                assert hello["type"] == "hello"
                return 101
        except aiohttp.WSServerHandshakeError as error:
            return error.status

    async def new() -> str:
        told = await web_api("apps.connections.open", token=sandbox.app_token)
        return str(told["url"])

    address = await new()
    assert await status(address) == 101
    assert await status(address) == 403
    await hands.post("socket", {"do": "refuse"})
    refused = await new()
    assert await status(refused) == 408
    assert await status(refused) == 403
    assert await status(await new()) == 101


async def test_silent_pongs_make_the_client_leave(
    sandbox: Sandbox, client: SocketModeClient, hands: Hands
) -> None:
    """Without pongs the client gives the connection up and makes a new one."""
    await _until_opened(sandbox, 1)
    before = client.wss_uri
    await hands.post("socket", {"do": "no_pong"})
    await _until_opened(sandbox, 2)
    assert client.wss_uri != before
