"""Three seconds are Slack's patience: what begins within them, and what ends."""

import asyncio
import json
from dataclasses import dataclass

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.slack.errors import UNEXPECTED
from bot.slack.payloads import SlackPerson
from bot.slack.verified import Verified
from core.clock import Deadline
from core.domain.policy import PolicyAnswer, PolicyQuestion
from core.domain.principal import Actor
from core.domain.request import ElevationRequest
from core.errors import DeadlineExceeded
from core.vocabulary import Origin, RequestId, RequestState
from tests.support.builders import ALICE, BOB, an_ask
from tests.support.offices import Office, eventually


@dataclass(frozen=True)
class Slowness:
    """Makes parts of an office slow; what is slow is still real."""

    office: Office
    monkeypatch: pytest.MonkeyPatch

    def of_reading(self, seconds: float) -> None:
        """Read requests slowly, though never beyond the deadline."""
        desk = self.office.slack._desk
        read = desk.request

        async def slowly(request_id: RequestId, deadline: Deadline) -> ElevationRequest:
            await asyncio.sleep(min(seconds, deadline.remaining() - 0.1))
            return await read(request_id, deadline)

        self.monkeypatch.setattr(desk, "request", slowly)

    def of_identifying(self, seconds: float) -> None:
        """Find out slowly who somebody is."""
        people = self.office.slack._people
        identify = people.identify

        async def slowly(person: SlackPerson, deadline: Deadline) -> Verified:
            await asyncio.sleep(seconds)
            return await identify(person, deadline)

        self.monkeypatch.setattr(people, "identify", slowly)

    def of_policy(self, seconds: float) -> None:
        """Have policy think for a while, whatever the deadline says."""
        policy = self.office.jitsudo.policy
        ask = policy.ask

        async def slowly(
            question: PolicyQuestion, deadline: Deadline | None = None
        ) -> PolicyAnswer:
            await asyncio.sleep(seconds)
            return await ask(question, deadline)

        self.monkeypatch.setattr(policy, "ask", slowly)


@pytest.fixture
def slowness(office: Office, monkeypatch: pytest.MonkeyPatch) -> Slowness:
    """What slows an office down."""
    return Slowness(office, monkeypatch)


async def test_no_decision_commits_after_the_deadline_of_its_press(
    office: Office, slowness: Slowness
) -> None:
    """The clock starts with the delivery, and no later step starts another."""
    request_id = await office.ask()
    card = await office.card(request_id)
    slowness.of_reading(1.8)
    slowness.of_policy(0.8)

    answer = await office.hands.click("bob", card["ts"], "approve", wait_ms=5_000)

    assert "nothing was decided" in answer["ephemeral"][0]
    await asyncio.sleep(1.0)  # longer than a clock of its own would have run
    assert (await office.request(request_id)).state is RequestState.PENDING


async def test_every_call_of_a_binding_keeps_to_one_deadline(office: Office) -> None:
    """A deadline that has passed lets nothing more begin, by any call."""
    request_id = await office.ask()
    over = Deadline(seconds=0.0)
    asks = office.jitsudo.acting(Actor(email=ALICE, origin=Origin.API), deadline=over)
    decides = office.jitsudo.acting(Actor(email=BOB, origin=Origin.API), deadline=over)

    with pytest.raises(DeadlineExceeded):
        await decides.approve(request_id, comment="")
    with pytest.raises(DeadlineExceeded):
        await decides.deny(request_id, reason="no")
    with pytest.raises(DeadlineExceeded):
        await asks.submit(an_ask())
    with pytest.raises(DeadlineExceeded):
        await asks.withdraw(request_id)

    assert (await office.request(request_id)).state is RequestState.PENDING


async def test_opening_a_modal_keeps_to_the_deadline_of_its_press(
    office: Office, slowness: Slowness
) -> None:
    """Slack gets what is left of the time, not two seconds of its own."""
    request_id = await office.ask()
    card = await office.card(request_id)
    slowness.of_identifying(1.5)
    await office.hands.fault("views.open", "timeout")

    answer = await office.hands.click("bob", card["ts"], "deny")

    assert answer["error"] is None
    assert answer["ack"]["ms"] < 2_800

    async def told() -> str:
        said = json.dumps((await office.hands.state())["ephemerals"])
        return said if "no answer in time" in said else ""

    assert f"jitsudo deny {request_id}" in await eventually(told, "the reason")


async def test_a_pause_that_slack_asked_for_is_told_and_not_waited_out(
    office: Office,
) -> None:
    """Somebody waits for an answer, so a short pause is a refusal as well."""
    request_id = await office.ask()
    await office.card(request_id)
    await office.hands.fault("views.open", "ratelimited", retry_after="2")
    await office.click("bob", request_id, "deny")

    answer = await office.click("bob", request_id, "deny")

    assert answer["view"] is None
    assert answer["ack"]["ms"] < 1_000
    assert "no such call for another" in answer["ephemeral"][0]


@pytest.mark.parametrize(("act", "status"), [("approve", 500), ("command", 200)])
async def test_what_is_not_acknowledged_in_time_is_not_told_as_done(
    office: Office, slowness: Slowness, act: str, status: int
) -> None:
    """A button shows Slack's warning, a command says that nobody knows."""
    request_id = await office.ask()
    card = await office.card(request_id)
    slowness.of_identifying(3.4)
    body: dict[str, object]

    person = {"id": "U0BOB", "team_id": "T0SANDBOX"}
    if act == "command":
        body = {"command": "/jitsudo", "text": f"approve {request_id}"}
        body |= {"user_id": person["id"], "team_id": person["team_id"]}
        body |= {"trigger_id": "1.2", "channel_id": "C0ACCESS", "response_url": ""}
    else:
        pressed = {"action_id": act, "value": request_id, "type": "button"}
        body = {"type": "block_actions", "user": person, "trigger_id": "1.2"}
        body |= {"team": {"id": person["team_id"]}, "message": card}
        body |= {"actions": [pressed | {"block_id": "b", "action_ts": "1.2"}]}
        body |= {"channel": {"id": "C0ACCESS"}, "container": {"type": "message"}}

    delivery = AsyncBoltRequest(mode="socket_mode", body=body)
    answer = await office.slack.app.async_dispatch(delivery)

    assert answer.status == status
    if act == "command":
        assert answer.body == UNEXPECTED
