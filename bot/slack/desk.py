"""Where every act from Slack passes: who is it, may it begin, what is answered."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from bot.slack.background import Background
from bot.slack.blocks import Block
from bot.slack.client import SlackClient
from bot.slack.errors import Trouble, WhoCan
from bot.slack.payloads import SlackPerson
from bot.slack.people import People
from bot.slack.ports import JitsudoPort
from bot.slack.recognition import Recognition
from bot.slack.text import FALLBACK_LIMIT, clip, escape
from core.approvals import Approvals
from core.clock import Deadline
from core.domain.identity import LinkCode
from core.domain.principal import Actor
from core.domain.request import ElevationRequest, parse_request_id
from core.errors import (
    DeadlineExceeded,
    DependencyError,
    Invalid,
    JitsudoError,
    NotAllowed,
    NotEligible,
    NotFound,
    RefusedError,
    SelfApproval,
    SlackFailed,
)
from core.services.sign_in_consent import BoundConsent
from core.vocabulary import RequestId, Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ACT_SECONDS: Final = 2.2
"""For identity, policy, locks and retries together; Slack waits three seconds."""

EXPLAIN_SECONDS: Final = 0.4
"""For auditing a stranger and for finding out who could, together, beyond the act's.

Without it the refusal is told all the same. Counted from the delivery both end
after 2.6 seconds, which leaves the ack some time to travel.
"""

AT_ONCE: Final = 64
"""Acts in flight; more wait within their own deadline."""

_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """Something a person does in Slack, before it is known who they are.

    Attributes:
        request_id: which request it names; None if it names none.
        verdict: what they want to say; None if it is no decision.
        is_submission: whether they ask for elevation.
        may_show: whether the person has the request before their eyes, so that
            a refusal may tell who could.
        is_for_approvers: whether a refusal tells who could approve.
        terminal_line: does the same on the terminal.
    """

    person: SlackPerson
    evidence: Mapping[str, str]
    deadline: Deadline
    request_id: RequestId | None = None
    verdict: Verdict | None = None
    is_submission: bool = False
    may_show: bool = False
    is_for_approvers: bool = True
    terminal_line: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a person is told.

    Attributes:
        text: raw; None where what they see is answer enough.
        is_markup: `text` is markup already, such as one with dates in it.
        view: a form that goes on from the one that was sent.
        error: why it was refused, or None.
    """

    text: str | None = None
    error: JitsudoError | None = None
    is_markup: bool = False
    view: Block | None = None


class Desk:
    """Identifies people and turns errors into private answers."""

    def __init__(
        self,
        *,
        jitsudo: JitsudoPort,
        client: SlackClient,
        people: People,
        background: Background,
    ) -> None:
        """Keep what acts need."""
        self._jitsudo = jitsudo
        self._client = client
        self._recognition = Recognition(
            jitsudo=jitsudo,
            people=people,
            background=background,
            explain_seconds=EXPLAIN_SECONDS,
        )
        self._background = background
        self._room = asyncio.Semaphore(AT_ONCE)
        self._idle = asyncio.Event()
        self._idle.set()
        self._in_flight = 0

    async def approvals(self, act: Act) -> Approvals:
        """Return the approvals of the person who acts, within what time is left.

        Raises:
            NotAuthenticated: they may not act; it is audited.
            SlackFailed, DeadlineExceeded: nobody knows who they are.
        """
        actor = await self.identify(act)
        return self._jitsudo.acting(actor, deadline=act.deadline)

    async def consent(self, act: Act) -> BoundConsent:
        """Return what lets the person who acts sign in a terminal.

        Raises:
            NotAuthenticated, SlackFailed, DeadlineExceeded: as for `approvals`.
        """
        actor = await self.identify(act)
        return self._jitsudo.consenting(actor, deadline=act.deadline)

    async def identify(self, act: Act) -> Actor:
        """Return the actor behind an act.

        Raises:
            NotAuthenticated: they may not act; it is audited.
            SlackFailed, DeadlineExceeded: nobody knows who they are.
        """
        return await self._recognition.identify(act)

    async def offer_link(self, act: Act) -> LinkCode | None:
        """Return a code that links the account to a sign-in; None if it is so.

        Raises:
            RefusedError: it cannot be linked, and why.
            SlackFailed, DeadlineExceeded: nobody knows who they are.
        """
        return await self._recognition.offer_link(act)

    async def request(
        self, request_id: RequestId, deadline: Deadline
    ) -> ElevationRequest:
        """Return a request by one indexed read; policy is not asked.

        Raises:
            NotFound: there is no such request.
        """
        async with self._jitsudo.store.snapshot(deadline) as uow:
            request = await uow.requests.get(request_id)
        if request is None:
            raise NotFound(what="request", name=request_id)
        return request

    async def answer(self, act: Act, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """Do `work` and return its answer, or why there is none.

        No deliberate error leaves here, so that none can follow an ack: Bolt
        forgets an ack that an exception comes after.
        """
        try:
            async with self._busy(act.deadline):
                return await work()
        except JitsudoError as error:
            if isinstance(error, DependencyError):
                _log.warning("act_failed", error=error.code, why=str(error))
            return Answer(text=await self._explain(act, error), error=error)

    async def _explain(self, act: Act, error: JitsudoError) -> str:
        who_can, stranger = None, None
        if isinstance(error, NotAllowed | NotEligible | SelfApproval):
            try:
                left = act.deadline.later(EXPLAIN_SECONDS).remaining()
                async with asyncio.timeout(left):
                    who_can = await self._who_can(act)
                    stranger = await self._stranger(act)
            except (JitsudoError, TimeoutError):
                _log.info("refusal_not_explained", refusal=error.code)
        trouble = Trouble(
            error=error,
            who_can=who_can,
            stranger=stranger,
            terminal_line=act.terminal_line,
        )
        return trouble.to_text()

    async def _who_can(self, act: Act) -> WhoCan | None:
        if act.request_id is None or not act.is_for_approvers:
            return None
        if not await self._may_show(act):
            return None
        deadline = act.deadline.later(EXPLAIN_SECONDS)
        request = await self.request(act.request_id, deadline)
        members: set[str] = set()
        for group in request.routing.approver_groups:
            members.update(await self._jitsudo.directory.members_of(group))
        members.discard(request.requester)
        return WhoCan(
            groups=request.routing.approver_groups, people=tuple(sorted(members))
        )

    async def _may_show(self, act: Act) -> bool:
        """Tell whether the person may read about the request they named."""
        if act.request_id is None:
            return True
        deadline = act.deadline.later(EXPLAIN_SECONDS)
        try:
            actor = await self._recognition.again(act)
            if act.may_show:  # on the card; who else could is not, for who is out
                async with self._jitsudo.store.snapshot(deadline) as uow:
                    return not (await uow.principals.get(actor.email)).is_disabled
            approvals = self._jitsudo.acting(actor, deadline=deadline)
            await approvals.get(act.request_id)
        except RefusedError:
            return False
        return True

    async def _stranger(self, act: Act) -> str | None:
        email = (await self._recognition.again(act)).email
        groups = await self._jitsudo.directory.groups_of(email)
        return None if groups else email

    def tell(self, response_url: str | None, answer: Answer) -> None:
        """Tell a person privately, after the ack and without waiting for it."""
        if answer.text is not None and response_url:
            text = clip(escape(answer.text), FALLBACK_LIMIT)
            self._background.start(self._respond(response_url, text))

    async def _respond(self, response_url: str, text: str) -> None:
        try:
            await self._client.respond(response_url, text)
        except SlackFailed as error:
            _log.warning("answer_not_delivered", why=error.why)

    @asynccontextmanager
    async def _busy(self, deadline: Deadline) -> "AsyncIterator[None]":
        """Count an act in flight; wait for room no longer than it may take."""
        self._in_flight += 1
        self._idle.clear()
        try:
            try:
                async with asyncio.timeout(deadline.remaining()):
                    await self._room.acquire()
            except TimeoutError as error:
                raise DeadlineExceeded from error
            try:
                yield
            finally:
                self._room.release()
        finally:
            self._in_flight -= 1
            if self._in_flight == 0:
                self._idle.set()

    async def drain(self, seconds: float) -> None:
        """Wait until no act is in flight, but no longer than `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("acts_still_in_flight", count=self._in_flight)


def id_or_none(text: str) -> RequestId | None:
    """Return the request id that `text` spells, or None; for the audit log."""
    try:
        return parse_request_id(text)
    except Invalid:
        return None
