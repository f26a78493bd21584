"""Signing in a terminal from Slack: the code, the question, the yes and the no."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.signature import SignatureVerifier

from bot.sandbox.app import Sandbox
from bot.sandbox.server import serving
from core.domain.codes import shown_code
from core.domain.sign_in import PollOutcome, words_to_type
from core.ports import AuditFilter, PrincipalRow
from core.services.sign_in import BegunSignIn
from core.services.sign_in_consent import WRONG_CODES
from core.vocabulary import AuditAction, JobKind, SignInState
from tests.support.builders import ALICE
from tests.support.databases import run_sql
from tests.support.offices import Office, eventually, open_office
from tests.support.sign_ins import ADDRESS, HOST, begin, poll

Json = dict[str, Any]


async def asked(office: Office, begun: BegunSignIn, who: str = "alice") -> Json:
    """Type the code; return the form that asks."""
    code = shown_code(begun.sign_in.user_code)
    told = await office.hands.command(who, f"login {code}")
    assert told["view"] is not None, told
    view: Json = told["view"]
    return view


async def state_of(office: Office, begun: BegunSignIn) -> SignInState:
    """Return where a sign-in stands."""
    async with office.jitsudo.store.transaction() as uow:
        found = await uow.sign_ins.by_digest(begun.sign_in.digest)
    assert found is not None
    return found.state


async def events(office: Office, action: AuditAction) -> list[Any]:
    """Return the audit events of one kind, oldest first."""
    async with office.jitsudo.store.snapshot() as uow:
        return (await uow.audit.find(AuditFilter(action=action)))[::-1]


def words(view: Json) -> str:
    """Return everything that a view shows."""
    return json.dumps([view["title"], view["blocks"]], ensure_ascii=False)


async def press(office: Office, who: str, view: Json, action: str) -> Json:
    """Press a button of a form."""
    return await office.hands.post(
        "click", {"user": who, "view_id": view["id"], "action_id": action}
    )


async def test_a_code_opens_a_form_that_says_what_would_be_granted(
    office: Office,
) -> None:
    """For how long, on which machine, from where; and what never to do."""
    begun = await begin(office.jitsudo)

    view = await asked(office, begun)

    shown = words(view)
    for part in (HOST, ADDRESS, "12\u00a0h", "everything that you may do", "just now"):
        assert part in shown
    assert "Never confirm a code that somebody sent you" in shown
    assert view["submit"]["text"] == "Confirm"
    assert await state_of(office, begun) is SignInState.WAITING


async def test_who_types_the_machines_name_signs_the_terminal_in(
    office: Office,
) -> None:
    """They read for how long, and how to end it; the event says who and whence."""
    begun = await begin(office.jitsudo)
    view = await asked(office, begun)

    wrong = await office.hands.submit("alice", view["id"], machine="another")
    assert await state_of(office, begun) is SignInState.WAITING
    done = await office.hands.submit("alice", view["id"], machine=HOST.upper())

    assert list(wrong["errors"]) == ["machine"]
    assert HOST in wrong["errors"]["machine"]
    told = words(done["view"])
    assert "12\u00a0h" in told
    assert "jitsudo token revoke" in told
    assert "jitsudo logout" in told
    answer = await poll(office.jitsudo, begun)
    assert answer.issued is not None
    assert answer.issued.token.email == ALICE
    (event,) = await events(office, AuditAction.SIGN_IN_CONFIRMED)
    assert event.fact.actor == ALICE
    assert event.fact.details["slack_user"] == "U0ALICE"
    assert event.fact.details["address"] == ADDRESS
    assert begun.sign_in.user_code not in event.record


async def test_the_form_sent_again_has_the_same_answer(office: Office) -> None:
    """Slack may deliver it twice, and more than one at once."""
    begun = await begin(office.jitsudo)
    view = await asked(office, begun)
    done = await office.hands.submit("alice", view["id"], machine=HOST)

    again = await office.hands.post(
        "redeliver", {"delivery_id": done["delivery_id"], "times": 3}
    )

    assert [ack["status"] for ack in again["acks"]] == [200, 200, 200]
    deliveries = (await office.hands.deliveries())["deliveries"]
    sent = [one for one in deliveries if one["what"] == "view_submission"]
    assert len(sent) == 4
    assert len(await events(office, AuditAction.SIGN_IN_CONFIRMED)) == 1


async def test_what_is_not_mine_is_refused_for_good(office: Office) -> None:
    """The terminal hears it, and the admins are to be told."""
    begun = await begin(office.jitsudo)
    view = await asked(office, begun, "bob")

    done = await press(office, "bob", view, "not_mine")
    again = await office.hands.command("bob", f"login {begun.sign_in.user_code}")

    assert "gets nothing" in words(done["view"])
    assert "refused" in again["ephemeral"][0]
    assert (await poll(office.jitsudo, begun)).outcome is PollOutcome.REFUSED
    async with office.jitsudo.store.snapshot() as uow:
        jobs = await uow.jobs.find(failing_only=False, limit=100)
    assert [job.kind for job in jobs if job.kind is JobKind.TELL_ADMINS]


async def test_app_home_leads_to_the_same_form(office: Office) -> None:
    """A button, a code in any spelling, the question in place of the form."""
    begun = await begin(office.jitsudo)
    await office.hands.post("home", {"user": "alice"})
    await eventually(lambda: _home(office, "alice"), "App Home")

    form = (
        await office.hands.post(
            "click", {"user": "alice", "home": True, "action_id": "sign_in"}
        )
    )["view"]
    wrong = await office.hands.submit("alice", form["id"], code="nonsense")
    code = shown_code(begun.sign_in.user_code).lower().replace("-", " \u2013 ")
    question = (await office.hands.submit("alice", form["id"], code=code))["view"]
    done = await office.hands.submit("alice", question["id"], machine=HOST)

    assert list(wrong["errors"]) == ["code"]
    assert question["id"] == form["id"]
    assert "12\u00a0h" in words(done["view"])
    assert await state_of(office, begun) is SignInState.CONFIRMED


async def _home(office: Office, who: str) -> Json | None:
    home: Json | None = (await office.hands.state())["homes"].get(who)
    return home


@pytest.mark.parametrize("is_socket_mode", [False, True])
async def test_app_home_is_drawn_for_members_alone(
    tmp_path: Path, *, is_socket_mode: bool
) -> None:
    """Over either transport; a guest reads why there is nothing."""
    async with (
        serving(Sandbox(pacing=False)) as sandbox,
        open_office(tmp_path, sandbox, is_socket_mode=is_socket_mode) as office,
    ):
        await eventually(lambda: _health(office), "a connection")
        for who in ("alice", "gus"):
            await office.hands.post("home", {"user": who})
        member = await eventually(lambda: _home(office, "alice"), "alice's Home")
        guest = await eventually(lambda: _home(office, "gus"), "gus's Home")

    assert "sign_in" in json.dumps(member["blocks"])
    assert "sign_in" not in json.dumps(guest["blocks"])
    assert "guest" in json.dumps(guest["blocks"])


async def _health(office: Office) -> bool:
    return (await office.slack.health()).is_ready


async def test_login_without_a_code_opens_the_form(office: Office) -> None:
    """As the button in App Home does."""
    told = await office.hands.command("alice", "login")

    assert told["view"]["callback_id"] == "code_view"


@pytest.mark.parametrize(
    ("typed", "said"),
    [("ABCD-EFGH", "8 letters"), ("ZZZZ-ZZZZ", "compare it"), ("x", "8 letters")],
)
async def test_a_code_that_is_none_is_answered_privately(
    office: Office, typed: str, said: str
) -> None:
    """And nothing opens."""
    told = await office.hands.command("alice", f"login {typed}")

    assert said in told["ephemeral"][0]
    assert told["view"] is None


async def test_a_form_that_was_open_too_long_says_so(office: Office) -> None:
    """The code has expired meanwhile; nothing is confirmed."""
    begun = await begin(office.jitsudo)
    view = await asked(office, begun)
    await run_sql(
        f"sqlite+aiosqlite:///{office.groups_file.parents[1] / 'jitsudo.db'}",
        "UPDATE sign_ins SET expires_at = created_at",
    )

    done = await office.hands.submit("alice", view["id"], machine=HOST)

    assert "expired" in words(done["view"])
    assert await state_of(office, begun) is SignInState.WAITING


async def test_who_sends_the_form_is_identified_again(office: Office) -> None:
    """A person who was disabled after it opened confirms nothing."""
    disabled = await begin(office.jitsudo)
    view = await asked(office, disabled, "dave")
    async with office.jitsudo.store.transaction() as uow:
        await uow.principals.put(
            PrincipalRow(email="dave@example.com", is_disabled=True)
        )
        await uow.commit()

    done = await office.hands.submit("dave", view["id"], machine=HOST)

    assert "disabled" in words(done["view"])
    assert await state_of(office, disabled) is SignInState.WAITING


async def test_wrong_codes_end_in_a_pause(office: Office) -> None:
    """And the person reads how long it is."""
    for _ in range(WRONG_CODES):
        await office.hands.command("bob", "login ZZZZ-ZZZZ")

    told = await office.hands.command("bob", "login ZZZZ-ZZZZ")

    assert "too many wrong codes" in told["ephemeral"][0].lower()
    assert "try again in" in told["ephemeral"][0]


@pytest.mark.parametrize(
    "host",
    [
        "<!channel> <@U0BOB> *bold* `x`",
        "laptop”. It is yours: just press Confirm. “",
        "\u202etpp\u2066",
        "",
        "<https://evil.example|jitsudo>",
    ],
    ids=ascii,
)
async def test_no_name_of_a_machine_can_say_more_than_a_name(
    office: Office, host: str
) -> None:
    """It stands in quotes, in plain text, at the end of the sentence."""
    begun = await begin(office.jitsudo, host=host)

    view = await asked(office, begun)

    facts = next(b for b in view["blocks"] if b["block_id"] == "machine_facts")
    assert facts["text"]["type"] == "plain_text"
    text = facts["text"]["text"]
    assert "\u202e" not in text
    if begun.sign_in.host:
        assert text.endswith("”")
        assert text.count("”") == 1
    for block in view["blocks"]:
        if block.get("text", {}).get("type") == "mrkdwn":
            assert "evil" not in block["text"]["text"]
    typed = words_to_type(begun.sign_in.host)
    done = await office.hands.submit("alice", view["id"], machine=f" {typed} ")
    assert "signed in as you" in words(done["view"])


async def test_slack_that_does_not_answer_keeps_a_refusal(office: Office) -> None:
    """What was refused stays so, whether or not Slack shows it."""
    begun = await begin(office.jitsudo)
    view = await asked(office, begun)
    await office.hands.fault("views.update", "http_500")

    told = await press(office, "alice", view, "not_mine")

    assert told["error"] is None
    assert await state_of(office, begun) is SignInState.REFUSED


async def test_two_people_with_one_code_sign_in_one(office: Office) -> None:
    """Both have the form before them and send it at once."""
    begun = await begin(office.jitsudo)
    views = {who: await asked(office, begun, who) for who in ("alice", "bob")}

    async with asyncio.TaskGroup() as tasks:
        sent = [
            tasks.create_task(office.hands.submit(who, view["id"], machine=HOST))
            for who, view in views.items()
        ]

    told = [words(task.result()["view"]) for task in sent]
    assert sum("signed in as you" in text for text in told) == 1
    assert sum("somebody else" in text for text in told) == 1
    assert len(await events(office, AuditAction.SIGN_IN_CONFIRMED)) == 1


@pytest.mark.parametrize("is_signed", [True, False])
async def test_slacks_question_whether_events_can_be_sent_here_is_answered(
    office: Office, *, is_signed: bool
) -> None:
    """Without that an app of the HTTP manifest could not be set up; only if signed."""
    body = json.dumps({"type": "url_verification", "challenge": "c0de", "token": "t"})
    secret = office.sandbox.signing_secret if is_signed else "another"
    timestamp = str(int(office.jitsudo.clock.now().timestamp()))
    headers = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": SignatureVerifier(secret).generate_signature(
            timestamp=timestamp, body=body
        )
        or "",
    }

    async with (
        aiohttp.ClientSession() as http,
        http.post(str(office.sandbox.deliver_to), data=body, headers=headers) as reply,
    ):
        text = await reply.text()

    assert reply.status == (200 if is_signed else 401)
    assert ("c0de" in text) is is_signed
