"""The Web API as this application uses it: typed answers, typed failures."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.blocks import Block, Message, content_of
from bot.slack.failures import (
    SlackCredential,
    SlackNotSent,
    SlackRefused,
    from_exception,
)
from bot.slack.ids import METADATA_EVENT
from bot.slack.pacing import POST, UPDATE, Pacer, Urgency
from bot.slack.payloads import MessageRef
from bot.slack.profiles import ChannelFacts, SlackProfile, Workspace
from core.clock import Deadline

INTERACTIVE_SECONDS: Final = 2.0
"""For calls that a person waits for; Slack gives us three seconds in all."""

OUTBOX_SECONDS: Final = 10.0
"""For posts and edits, which jobs make."""

CREDENTIAL_PAUSE_SECONDS: Final = 60.0
"""How long nothing is sent after Slack refused the token."""

_RESPONSE: Final = "response_url"

PAGE: Final = 200
MAX_PAGES: Final = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What marks one attempt to post, to find it again in Slack; nothing secret."""

    delivery_id: str
    request_id: str


class SlackClient:
    """Calls Slack; nothing is ever retried here, jobs do that.

    Every method may raise the `SlackFailed`s of `bot.slack.failures`.
    """

    def __init__(
        self, *, api_url: str, bot_token: str, response_base: str, pacer: Pacer
    ) -> None:
        """Keep where to call; `open` connects.

        Args:
            response_base: scheme and host that a response_url must have.
        """
        self._api_url = api_url
        self._bot_token = bot_token
        self._response_base = response_base
        self._pacer = pacer
        self._sessions: list[aiohttp.ClientSession] = []
        self._interactive: AsyncWebClient | None = None
        self._outbox: AsyncWebClient | None = None
        self.credential_problem = ""

    async def open(self) -> None:
        """Make the sessions; needs a running loop."""
        if not self._sessions:
            self._interactive = self._web(self._session(INTERACTIVE_SECONDS))
            self._outbox = self._web(self._session(OUTBOX_SECONDS))

    async def close(self) -> None:
        """Close every connection."""
        sessions, self._sessions = self._sessions, []
        self._interactive = self._outbox = None
        for session in sessions:
            await session.close()

    def _session(self, seconds: float) -> aiohttp.ClientSession:
        # The client's own timeout is ignored once it has a session.
        session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds))
        self._sessions.append(session)
        return session

    def _web(self, session: aiohttp.ClientSession) -> AsyncWebClient:
        # Without retry handlers: the default one posts twice after a lost answer.
        return AsyncWebClient(
            token=self._bot_token,
            base_url=self._api_url,
            session=session,
            retry_handlers=[],
        )

    async def auth_test(self) -> Workspace:
        """Return whose token this is."""
        answer, headers = await self._call(self._outbox, "auth.test")
        scopes = headers.get("x-oauth-scopes", "")
        return Workspace.from_answer(answer, scopes=scopes)

    async def check_app_token(self, app_token: str) -> None:
        """Ask for a Socket Mode address, as a connection would."""
        await self._call(
            self._outbox,
            "apps.connections.open",
            headers={"Authorization": f"Bearer {app_token}"},
        )

    async def profile(self, user_id: str) -> SlackProfile:
        """Return what Slack knows of a person, by id."""
        answer, _ = await self._call(
            self._interactive, "users.info", http_verb="GET", params={"user": user_id}
        )
        return SlackProfile.from_answer(answer)

    async def profile_by_email(self, email: str) -> SlackProfile | None:
        """Return the person with an e-mail, if there is one."""
        try:
            answer, _ = await self._call(
                self._outbox,
                "users.lookupByEmail",
                http_verb="GET",
                params={"email": email},
            )
        except SlackRefused as error:
            if error.error == "users_not_found":
                return None
            raise
        return SlackProfile.from_answer(answer)

    async def channel(self, channel_id: str) -> ChannelFacts:
        """Return what matters of a channel."""
        answer, _ = await self._call(
            self._outbox,
            "conversations.info",
            http_verb="GET",
            params={"channel": channel_id},
        )
        return ChannelFacts.from_answer(answer.get("channel"))

    async def channel_named(self, name: str) -> ChannelFacts | None:
        """Return the channel with a name, if the app can see one."""
        cursor = ""
        for _ in range(MAX_PAGES):
            params = {"types": "public_channel,private_channel", "limit": str(PAGE)}
            params |= {"exclude_archived": "true"}
            answer, _ = await self._call(
                self._outbox,
                "conversations.list",
                http_verb="GET",
                params=params | ({"cursor": cursor} if cursor else {}),
            )
            channels = answer.get("channels")
            for channel in channels if isinstance(channels, list) else []:
                facts = ChannelFacts.from_answer(channel)
                if facts.name == name:
                    return facts
            metadata = answer.get("response_metadata")
            cursor = metadata.get("next_cursor", "") if metadata else ""
            if not cursor:
                return None
        return None

    async def post(
        self,
        channel: str,
        message: Message,
        *,
        delivery: Delivery,
        urgency: Urgency,
        thread_ts: str | None = None,
    ) -> MessageRef:
        """Post a message.

        Args:
            channel: a channel's id, or a person's for a direct message.
            thread_ts: the message to reply to.

        Returns:
            Where it is; the channel of a direct message is not the person's id.
        """
        await self._pacer.admit(POST, channel=channel, urgency=urgency)
        payload = {
            "delivery_id": delivery.delivery_id,
            "request_id": delivery.request_id,
        }
        answer, _ = await self._call(
            self._outbox,
            POST,
            json={
                "channel": channel,
                **content_of(message),
                "unfurl_links": False,
                "unfurl_media": False,
                "metadata": {"event_type": METADATA_EVENT, "event_payload": payload},
                **({"thread_ts": thread_ts} if thread_ts else {}),
            },
        )
        match answer:
            case {"channel": str(channel_id), "ts": str(ts)}:
                return MessageRef(channel_id=channel_id, ts=ts)
            case _:
                raise from_exception(POST, ValueError("answer without channel and ts"))

    async def update(
        self, at: MessageRef, message: Message, *, urgency: Urgency
    ) -> None:
        """Redraw a message; safe to repeat."""
        await self._pacer.admit(UPDATE, urgency=urgency)
        where = {"channel": at.channel_id, "ts": at.ts}
        await self._call(self._outbox, UPDATE, json={**where, **content_of(message)})

    async def open_view(self, trigger_id: str, view: Block, deadline: Deadline) -> None:
        """Open a modal; a trigger works once and for three seconds.

        Args:
            deadline: of the act that the modal answers.

        Raises:
            DeadlineExceeded: it had passed before Slack was called.
        """
        await self._in_time("views.open", deadline, trigger_id=trigger_id, view=view)

    async def update_view(self, view_id: str, view: Block, deadline: Deadline) -> None:
        """Show something else in an open modal; raises as `open_view` does."""
        await self._in_time("views.update", deadline, view_id=view_id, view=view)

    async def publish_home(self, user_id: str, view: Block, deadline: Deadline) -> None:
        """Show something in somebody's App Home; raises as `open_view` does."""
        await self._in_time("views.publish", deadline, user_id=user_id, view=view)

    async def _in_time(self, method: str, deadline: Deadline, **body: object) -> None:
        try:
            async with asyncio.timeout(deadline.remaining()):
                await self._call(self._interactive, method, json=body)
        except TimeoutError as error:
            raise from_exception(method, error) from error

    async def respond(self, response_url: str, text: str) -> None:
        """Answer privately through the `response_url` of a payload.

        Raises:
            SlackRefused: it is not an address of Slack's.
        """
        parts = urlsplit(response_url)
        if f"{parts.scheme}://{parts.netloc}" != self._response_base:
            raise SlackRefused(method=_RESPONSE, error="foreign_host")
        if not self._sessions:
            raise SlackNotSent(method=_RESPONSE, why="not started")
        body = {"response_type": "ephemeral", "replace_original": False, "text": text}
        try:
            async with self._sessions[0].post(
                response_url, json=body, allow_redirects=False
            ) as reply:
                if reply.status != 200:  # noqa: PLR2004  # HTTP's OK
                    raise SlackRefused(method=_RESPONSE, error=f"status_{reply.status}")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise from_exception(_RESPONSE, error) from error

    async def _call(
        self, web: AsyncWebClient | None, method: str, **arguments: Any
    ) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        """Make one call; return the answer's fields and headers."""
        if web is None:
            raise SlackNotSent(method=method, why="not started")
        if web is self._interactive:
            self._pacer.admit_at_once(method)
        elif method not in {POST, UPDATE}:  # those were admitted by their channel
            await self._pacer.admit(method)
        try:
            response = await web.api_call(method, **arguments)
        except (
            SlackClientError,
            aiohttp.ClientError,
            aiohttp.InvalidURL,
            TimeoutError,
            OSError,
            ValueError,
        ) as error:
            raise self._noted(method, error) from error
        self.credential_problem = ""
        answer = response.data if isinstance(response.data, dict) else {}
        return answer, response.headers

    def _noted(self, method: str, error: Exception) -> Exception:
        failure = from_exception(method, error)
        if isinstance(failure, SlackNotSent) and failure.retry_after_seconds:
            self._pacer.pause(method, failure.retry_after_seconds)
        if isinstance(failure, SlackCredential):
            self.credential_problem = failure.why
            # A scope that only presses of buttons lack does not keep cards back.
            outbox = {POST, UPDATE}
            for paused in outbox & {method} if failure.is_of_method else outbox:
                self._pacer.pause(paused, CREDENTIAL_PAUSE_SECONDS)
        return failure
