"""Who is behind an act: Slack vouches for the account, core says whose it is."""

from typing import TYPE_CHECKING

from bot.slack.background import Background
from bot.slack.people import People
from bot.slack.ports import JitsudoPort
from bot.slack.verified import Verified
from core.clock import Deadline
from core.domain.identity import LinkCode
from core.domain.principal import Actor
from core.errors import NotAuthenticated

if TYPE_CHECKING:
    from bot.slack.desk import Act


class Recognition:
    """Turns the ids of a payload into an actor, or refuses and has it audited."""

    def __init__(
        self,
        *,
        jitsudo: JitsudoPort,
        people: People,
        background: Background,
        explain_seconds: float,
    ) -> None:
        """Keep whom to ask.

        Args:
            explain_seconds: how long auditing a stranger may take beyond the act.
        """
        self._jitsudo = jitsudo
        self._people = people
        self._background = background
        self._explain_seconds = explain_seconds

    async def identify(self, act: "Act") -> Actor:
        """Return the actor behind an act.

        Raises:
            NotAuthenticated: they may not act; it is audited.
            SlackFailed, DeadlineExceeded: nobody knows who they are.
        """
        return await self._recognised(act, await self._verify(act), act.deadline)

    async def again(self, act: "Act") -> Actor:
        """Return the actor once more, to explain what they were refused.

        Not by `identify`: a stranger is audited where they were refused, once.
        """
        deadline = act.deadline.later(self._explain_seconds)
        person = await self._people.identify(act.person, deadline)
        return await self._recognised(act, person, deadline)

    async def offer_link(self, act: "Act") -> LinkCode | None:
        """Return a code that links the account to a sign-in.

        Returns:
            None where it is linked so already.

        Raises:
            RefusedError: it cannot be linked, and why.
            SlackFailed, DeadlineExceeded: nobody knows who they are.
        """
        person = await self._verify(act)
        return await self._jitsudo.offer_link(
            person.account, person.email, evidence=act.evidence, deadline=act.deadline
        )

    async def _verify(self, act: "Act") -> Verified:
        try:
            return await self._people.identify(act.person, act.deadline)
        except NotAuthenticated as error:
            await self._audit_stranger(act, error)
            raise

    async def _recognised(
        self, act: "Act", person: Verified, deadline: Deadline
    ) -> Actor:
        return await self._jitsudo.recognise(
            person.account,
            person.email,
            evidence=act.evidence,
            deadline=deadline,
            request_id=act.request_id,
            verdict=act.verdict,
        )

    async def _audit_stranger(self, act: "Act", error: NotAuthenticated) -> None:
        """Record a stranger's refusal; never longer than the act may take."""
        refusal = self._jitsudo.refuse_stranger(
            actor=act.person.actor,
            request_id=act.request_id,
            verdict=act.verdict,
            code=error.code,
            why=error.why,
            evidence=act.evidence,
            is_submission=act.is_submission,
        )
        seconds = act.deadline.later(self._explain_seconds).remaining()
        await self._background.finish_within(refusal, seconds)
