"""The Web API of the sandbox: Slack's own answers, limits and failures."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.app import Sandbox
from bot.sandbox.methods import DEFAULT_SCOPES
from bot.sandbox.server import serving
from tests.support.workspaces import Hands, WebApiCaller

CHANNEL = "C0ACCESS"


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


async def test_slack_sdk_speaks_with_it(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """Slack's own client gets its answers, whichever way it sends arguments."""
    client = AsyncWebClient(
        token=sandbox.bot_token,
        base_url=sandbox.api_url,
        session=http,
        retry_handlers=[],
    )
    told = await client.auth_test()
    assert told["team_id"] == "T0SANDBOX"
    assert "chat:write" in told.headers["x-oauth-scopes"]
    dm = await client.chat_postMessage(channel="U0ALICE", text="hello")
    assert dm["channel"] == "D0ALICE"
    channel, ts = str(dm["channel"]), str(dm["ts"])
    await client.chat_update(channel=channel, ts=ts, text="changed")
    await client.chat_delete(channel=channel, ts=ts)
    info = await client.users_info(user="U0XENA")
    assert info["user"]["is_stranger"] is True
    assert info["user"]["team_id"] == "T0OTHERCO"
    with pytest.raises(SlackApiError) as caught:
        await client.conversations_open(users="U0ALICE")
    assert caught.value.response["error"] == "missing_scope"
    assert caught.value.response["needed"] == "im:write"


async def test_user_groups_tell_what_they_are_asked(
    http: aiohttp.ClientSession,
) -> None:
    """Members and disabled groups only on request; the scope is its own."""
    scopes = (*DEFAULT_SCOPES, "usergroups:read")
    async with serving(Sandbox(pacing=False, scopes=scopes)) as sandbox:
        hands, web_api = Hands(sandbox.url, http), WebApiCaller(sandbox, http)
        await hands.post("usergroups", {"handle": "sre", "users": ["alice"]})
        gone = {"handle": "gone", "users": ["bob"], "is_disabled": True}
        await hands.post("usergroups", gone)

        plain = (await web_api("usergroups.list"))["usergroups"]
        full = await web_api(
            "usergroups.list", include_users="true", include_disabled=True
        )
        odd = await web_api("usergroups.list", include_users=["true"])

    assert [(one["handle"], "users" in one) for one in plain] == [("sre", False)]
    assert [
        (one["handle"], one["users"], one["date_delete"] > 0)
        for one in full["usergroups"]
    ] == [("sre", ["U0ALICE"], False), ("gone", ["U0BOB"], True)]
    assert odd["error"] == "invalid_arguments"


async def test_user_groups_need_their_scope(web_api: WebApiCaller) -> None:
    """The app of the manifests has none of it."""
    told = await web_api("usergroups.list")

    assert (told["error"], told["needed"]) == ("missing_scope", "usergroups:read")


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("no.such", {}, "unknown_method"),
        ("chat.postMessage", {"text": "x"}, "invalid_arguments"),
        ("chat.postMessage", {"channel": "C0NONE", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": CHANNEL}, "no_text"),
        (
            "chat.postMessage",
            {"channel": CHANNEL, "text": "x", "thread_ts": "1.0"},
            "thread_not_found",
        ),
        (
            "chat.postMessage",
            {"channel": CHANNEL, "text": "x", "blocks": [_section("x" * 3001)]},
            "invalid_blocks",
        ),
        (
            "chat.postMessage",
            {"channel": CHANNEL, "text": "x", "blocks": [_section("x" * 2900)] * 5},
            "msg_blocks_too_long",
        ),
        (
            "chat.postMessage",
            {
                "channel": CHANNEL,
                "text": "x",
                "metadata": {"event_type": "a", "event_payload": {"a": {}}},
            },
            "invalid_metadata_schema",
        ),
        (
            "chat.update",
            {"channel": CHANNEL, "ts": "1.0", "text": "x"},
            "message_not_found",
        ),
        (
            "chat.postEphemeral",
            {"channel": CHANNEL, "user": "U0NOBODY", "text": "x"},
            "user_not_in_channel",
        ),
        ("views.open", {"trigger_id": "1", "view": {}}, "invalid_trigger_id"),
        ("views.update", {"view_id": "V1", "view": {}}, "not_found"),
        ("users.info", {"user": "U0NOBODY"}, "user_not_found"),
        ("users.lookupByEmail", {"email": "xena@other.example"}, "users_not_found"),
        ("conversations.info", {"channel": "C0NONE"}, "channel_not_found"),
    ],
)
async def test_refuses_in_slacks_own_words(
    web_api: WebApiCaller, method: str, arguments: dict[str, Any], error: str
) -> None:
    """Every refusal has the error string that Slack documents."""
    assert (await web_api(method, **arguments))["error"] == error


async def test_long_text_is_cut_when_posted_and_refused_when_changed(
    sandbox: Sandbox, web_api: WebApiCaller
) -> None:
    """The post goes well; every later update of that length fails."""
    posted = await web_api("chat.postMessage", channel=CHANNEL, text="x" * 50_000)
    assert len(posted["message"]["text"]) == 40_000
    change = {"channel": CHANNEL, "ts": posted["ts"], "text": "x" * 4001}
    assert (await web_api("chat.update", **change))["error"] == "msg_too_long"
    kept = sandbox.state()["channels"][0]["messages"][0]
    assert len(kept["text"]) == 40_000


async def test_tokens_are_told_apart(sandbox: Sandbox, web_api: WebApiCaller) -> None:
    """No token, a wrong one and the other kind each have their own error."""
    assert (await web_api("auth.test", token="xoxb-no"))["error"] == "invalid_auth"
    wrong = await web_api("auth.test", token=sandbox.app_token)
    assert wrong["error"] == "not_allowed_token_type"
    opened = await web_api("apps.connections.open", token=sandbox.app_token)
    assert opened["url"].startswith("ws://127.0.0.1:")


async def test_channel_troubles_have_their_errors(
    hands: Hands, web_api: WebApiCaller
) -> None:
    """Kicked, archived and deactivated are each refused as by Slack."""

    async def error(channel: str) -> str:
        told = await web_api("chat.postMessage", channel=channel, text="x")
        return str(told["error"])

    await hands.post("channels", {"channel": "access", "do": "kick"})
    assert await error(CHANNEL) == "not_in_channel"
    await hands.post("channels", {"channel": "access", "do": "invite"})
    await hands.post("channels", {"channel": "access", "do": "archive"})
    assert await error("#access") == "is_archived"
    await hands.post("people", {"user": "bob", "patch": {"deleted": True}})
    assert await error("U0BOB") == "user_disabled"
    told = await web_api("users.info", user="U0BOB")
    assert told["user"]["deleted"] is True


@pytest.mark.parametrize(
    ("kind", "more", "acted", "status"),
    [
        ("drop_before", {}, False, None),
        ("drop_after", {}, True, None),
        ("timeout", {"seconds": 0.1}, True, None),
        ("slow", {"seconds": 0.1}, True, 200),
        ("http_500", {}, False, 500),
        ("html_503", {}, False, 503),
        ("html_200", {}, False, 200),
        ("ratelimited", {}, False, 429),
        ("ratelimited", {"retry_after": "3"}, False, 429),
        ("internal_error", {}, False, 200),
        ("internal_error", {"acts": True}, True, 200),
    ],
)
async def test_each_fault_strikes_once(
    *,
    sandbox: Sandbox,
    hands: Hands,
    web_api: WebApiCaller,
    kind: str,
    more: dict[str, Any],
    acted: bool,
    status: int | None,
) -> None:
    """A fault fails one call, does the work or not, and is then used up."""
    await hands.fault("chat.postMessage", kind, **more)
    try:
        await web_api("chat.postMessage", channel=CHANNEL, text="struck")
    except (aiohttp.ClientError, ValueError):
        assert kind not in {"slow", "internal_error", "ratelimited"}
    call = (await hands.deliveries())["calls"][-1]
    assert (call["fault"], call["status"]) == (kind, status)
    assert len(sandbox.state()["channels"][0]["messages"]) == int(acted)
    assert (await web_api("chat.postMessage", channel=CHANNEL, text="well"))["ok"]


async def test_retry_after_is_sent_only_where_asked(
    sandbox: Sandbox, hands: Hands, http: aiohttp.ClientSession
) -> None:
    """A 429 comes with and without the header."""
    headers = {"Authorization": f"Bearer {sandbox.bot_token}"}
    for wanted in (None, "7"):
        await hands.fault("auth.test", "ratelimited", retry_after=wanted)
        async with http.post(sandbox.api_url + "auth.test", headers=headers) as answer:
            assert answer.status == 429
            assert answer.headers.get("Retry-After") == wanted


async def test_posting_too_fast_is_limited(http: aiohttp.ClientSession) -> None:
    """With pacing on, one channel takes a short burst and then says when."""
    async with serving(Sandbox(pacing=True)) as paced:
        web_api = WebApiCaller(paced, http)
        told = [
            await web_api("chat.postMessage", channel=CHANNEL, text="x")
            for _ in range(7)
        ]
    assert [one["ok"] for one in told[:5]] == [True] * 5
    assert told[-1]["error"] == "ratelimited"
