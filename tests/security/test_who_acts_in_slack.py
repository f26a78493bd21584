"""Nobody reads or does in Slack what is not theirs: every listener, every person.

The listeners are those that are registered: a new one fails here until it has an act in
`tests/support/listeners.py`.
"""

import json
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import pytest
from slack_sdk.signature import SignatureVerifier

from bot.slack.listeners.registry import register_listeners
from core.domain.identity import SignIn
from core.domain.request import ElevationRequest
from core.ports import RequestFilter
from core.vocabulary import RequestId
from tests.support.builders import an_ask
from tests.support.listeners import (
    ACTS,
    ALICE,
    BOB,
    DAVE,
    MACHINE,
    OUTSIDERS,
    Act,
    Kind,
    payload_of,
)
from tests.support.offices import Office, eventually
from tests.support.providers import Mood
from tests.support.sign_ins import ADDRESS, begin

ROLE, SCOPE, REASON = "plugh-admin", "vault-of-xyzzy", "the reactor leaks frobozz"
FACTS: Final = (ROLE, SCOPE, REASON, "alice@example.com", MACHINE, ADDRESS)

NAMED: Final = {f"{act.name} ({act.kind.name})": act for act in ACTS}

PEOPLE: Final = {
    "alice": ("U0ALICE", "T0SANDBOX"),
    "bob": ("U0BOB", "T0SANDBOX"),
    "dave": ("U0DAVE", "T0SANDBOX"),
    "gus": ("U0GUS", "T0SANDBOX"),
    "xena": ("U0XENA", "T0OTHERCO"),
}


class Recorder:
    """Stands where Bolt's app does, and notes what is registered."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.found: set[tuple[str, str]] = set()

    def __getattr__(self, kind: str) -> Callable[..., Callable[[object], None]]:
        """Return what registers a listener of some kind."""

        def register(name: str, **_: object) -> Callable[[object], None]:
            self.found.add((kind, name))
            return lambda _listener: None

        return register


def test_every_listener_is_in_the_table() -> None:
    """A new one has to say whom it is for; an act names none that is gone."""
    recorder: Any = Recorder()
    parts: Any = dict.fromkeys(("desk", "client", "adoption", "clock"))

    register_listeners(recorder, **parts)

    assert recorder.found == {act.listener for act in ACTS}


async def a_request(office: Office, kind: Kind) -> str:
    """Return a request of alice's that stands as it should, with its card.

    Of a terminal, return the code that it shows.
    """
    if kind is Kind.TERMINAL:
        return (await begin(office.jitsudo, host=MACHINE)).sign_in.user_code
    assert office.provider is not None
    office.provider.mood = Mood.FAIL if kind is Kind.FAILING else Mood.WORK
    is_glass = kind is Kind.GLASS
    ask = an_ask(role=ROLE, resource_scope=SCOPE, reason=REASON, break_glass=is_glass)
    request_id = await office.ask(ask=ask)
    if kind in {Kind.ACTIVE, Kind.FAILING}:
        await office.approve(request_id)
    shown = {Kind.FAILING: "give_up", Kind.OPEN: "approve"}.get(kind, "*Active* until")
    await office.card(request_id, showing=shown)
    return request_id


async def everything(office: Office, about: str) -> list[ElevationRequest | SignIn]:
    """Return every request as stored, and the sign-in with a code."""
    async with office.jitsudo.store.snapshot() as uow:
        sign_in = await uow.sign_ins.by_user_code(about)
        requests = await uow.requests.find(RequestFilter(limit=500))
    return [*requests, *([] if sign_in is None else [sign_in])]


async def do(office: Office, who: str, act: Act, request_id: str) -> str:
    """Do an act as a person; return all that they are shown."""
    kind, name = act.listener
    if kind == "event":
        await office.hands.post("home", {"user": who})

        async def drawn() -> object:
            return (await office.hands.state())["homes"].get(who)

        return json.dumps(await eventually(drawn, f"the App Home of {who}"))
    if kind == "command":
        line = act.line.replace("{id}", request_id)
        answer = await office.hands.command(who, line, wait_ms=600)
    elif act.is_on_card:
        card = await office.card(RequestId(request_id))
        answer = await office.hands.click(who, card["ts"], name, wait_ms=600)
    else:
        return await send_off(office, who, act, request_id)
    assert answer["error"] is None
    return json.dumps([answer["ephemeral"], answer["view"], answer["errors"]])


async def send_off(office: Office, who: str, act: Act, request_id: str) -> str:
    """Deliver a form or a press that this person was never offered; return the ack."""
    user_id, team_id = PEOPLE[who]
    payload = payload_of(act, user_id=user_id, team_id=team_id, request_id=request_id)
    body = urlencode({"payload": json.dumps(payload)}).encode()
    stamp = str(int(time.time()))
    signer = SignatureVerifier(office.sandbox.signing_secret)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signer.generate_signature(timestamp=stamp, body=body)
        or "",
    }
    url = office.sandbox.deliver_to
    assert url is not None
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, data=body, headers=headers) as answer,
    ):
        assert answer.status == 200
        return await answer.text()


@pytest.mark.parametrize("name", NAMED)
async def test_nobody_outside_reads_or_changes_anything(
    scripted_office: Office, name: str
) -> None:
    """A press shows who has the card before them what it says, and no more.

    Dave signs his own terminals in; nobody of another company, and no guest.
    """
    office, act = scripted_office, NAMED[name]
    request_id = await a_request(office, act.kind)

    for who in OUTSIDERS:
        if act.kind is Kind.TERMINAL:
            request_id = await a_request(office, act.kind)
        before = await everything(office, request_id)
        told = await do(office, who, act, request_id)
        leaked = [fact for fact in FACTS if fact in told]
        if who == DAVE and act.is_of_members:
            assert MACHINE in leaked
        elif who != DAVE or not act.is_on_card:
            assert leaked == [], (who, told)
        is_changed = await everything(office, request_id) != before
        assert is_changed == (who in act.of), who


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("who", [ALICE, BOB])
async def test_who_may_act_does(scripted_office: Office, name: str, who: str) -> None:
    """Requester and approver change what is theirs to change, and nothing else."""
    office, act = scripted_office, NAMED[name]
    request_id = await a_request(office, act.kind)
    before = await everything(office, request_id)

    await do(office, who, act, request_id)

    if who in act.of:

        async def changed() -> bool:
            return await everything(office, request_id) != before

        await eventually(changed, f"{who}: {name}")
    else:
        after = await everything(office, request_id)
        assert [one.state for one in after] == [one.state for one in before]
