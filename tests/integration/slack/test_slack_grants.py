"""Revoke, Retry and Give up: from the card, from the message, and by command."""

import asyncio
from dataclasses import replace
from pathlib import Path

from typing_extensions import override

from bot.sandbox.app import Sandbox
from bot.sandbox.server import serving
from core.clock import SystemClock
from core.domain.grant import GrantOrder
from core.vocabulary import (
    AuditAction,
    GrantStatus,
    RequestId,
    RequestState,
    SurfacePurpose,
    SurfaceState,
)
from tests.support.cards import offered
from tests.support.offices import Office, eventually, open_office, text_of
from tests.support.providers import Mood, ScriptedProvider


class PatientProvider(ScriptedProvider):
    """Ends a grant only when a test lets it."""

    def __init__(self) -> None:
        """Keep whoever ends something waiting."""
        super().__init__(clock=SystemClock())
        self.may_end = asyncio.Event()

    @override
    async def revoke(self, order: GrantOrder, handle: str) -> None:
        """Wait, then end the grant."""
        await self.may_end.wait()
        await super().revoke(order, handle)


def moody(office: Office, mood: Mood) -> ScriptedProvider:
    """Return the office's provider, which is in this mood from now on."""
    assert office.provider is not None
    office.provider.mood = mood
    return office.provider


async def failing(office: Office) -> RequestId:
    """Return an approved request that the provider does not issue."""
    moody(office, Mood.FAIL)
    request_id = await office.ask()
    await office.approve(request_id)
    await office.card(request_id, showing="*Failed*: throttled; next try")
    return request_id


async def actions(office: Office, request_id: RequestId) -> list[AuditAction]:
    """Return what the audit log tells of a request, oldest first."""
    return [event.fact.action for event in await office.events(request_id)]


async def test_an_approver_revokes_from_the_card_and_it_says_what_is_true(
    tmp_path: Path,
) -> None:
    """The form repeats the facts; the card says revoked when the provider does."""
    provider = PatientProvider()
    async with (
        serving(Sandbox(pacing=False)) as sandbox,
        open_office(tmp_path, sandbox, provider=provider) as office,
    ):
        request_id = await office.active()
        assert offered(await office.card(request_id)) == ["revoke"]
        view = (await office.click("bob", request_id, "revoke"))["view"]
        shown = str(view["blocks"])
        assert "alice@example.com has infra-admin on staging" in shown
        assert "INC-4421" in shown

        done = await office.hands.submit("bob", view["id"], reason="all <done>")

        assert (done["view"], done["ephemeral"]) == (None, [])
        card = await office.card(request_id, showing="*Revoking…*, asked by bob@")
        assert "&lt;done&gt;" in text_of(card)
        assert offered(card) == []
        await office.dm("alice", showing="The credentials are gone")
        provider.may_end.set()
        await office.card(request_id, showing="*Revoked* by bob@example.com")
        await office.dm("alice", showing="all &lt;done&gt;")
    assert provider.in_force == {}


async def test_the_requester_revokes_from_their_own_message(office: Office) -> None:
    """Beside the line that uses it stands the button that ends it."""
    request_id = await office.active()
    message = await office.dm("alice", showing=f"jitsudo exec {request_id}")
    assert offered(message) == ["revoke"]

    view = (await office.click_dm("alice", message, "revoke"))["view"]
    await office.hands.submit("alice", view["id"], reason="")

    await office.card(request_id, showing="*Revoked* by alice@example.com")
    ended = await office.dm("alice", showing="*Revoked* by alice@example.com")
    assert ended["ts"] == message["ts"]
    assert offered(ended) == []
    revoked = (await office.events(request_id))[-2].fact
    assert revoked.action is AuditAction.GRANT_REVOKE_REQUESTED
    assert revoked.details["slack_message_ts"] == message["ts"]


async def test_a_message_that_the_database_lost_is_adopted_as_what_it_is(
    office: Office,
) -> None:
    """A second copy of a direct message ends as one, and never as a card."""
    request_id = await office.active()
    message = await office.dm("alice", showing=f"jitsudo exec {request_id}")
    async with office.jitsudo.store.transaction() as uow:
        for surface in await uow.surfaces.of(request_id):
            if surface.purpose is SurfacePurpose.DM:
                lost = replace(surface, ts=None, channel_id=None)
                await uow.surfaces.save(replace(lost, state=SurfaceState.PARKED))
        await uow.commit()

    view = (await office.click_dm("alice", message, "revoke"))["view"]
    await office.hands.submit("alice", view["id"], reason="")

    async def redrawn() -> bool:
        state = await office.hands.state()
        told = next(m for m in state["dms"]["alice"] if m["ts"] == message["ts"])
        return "*Revoked* by alice" in text_of(told) and "asks" not in text_of(told)

    await eventually(redrawn, "the message to say how it ended")
    copies = [s.destination for s in await office.surfaces(request_id)]
    assert f"D0ALICE:{message['ts']}" in copies


async def test_who_may_not_revoke_is_refused_in_private(office: Office) -> None:
    """An outsider in the form, who could too; strangers get no form at all."""
    request_id = await office.active()

    view = (await office.click("dave", request_id, "revoke"))["view"]
    refused = await office.hands.submit("dave", view["id"], reason="why not")
    guest = await office.click("gus", request_id, "revoke")

    told = str(refused["view"]["blocks"])
    assert "Not allowed" in told
    assert "bob@example.com" in told
    assert guest["view"] is None
    assert "guest" in guest["ephemeral"][0]
    assert (await office.request(request_id)).is_in_force
    assert (await actions(office, request_id))[-2:] == [
        AuditAction.GRANT_REVOKE_REFUSED,
        AuditAction.IDENTITY_REFUSED,
    ]


async def test_a_deactivated_person_ends_nothing(office: Office) -> None:
    """Whoever is gone in Slack gets neither a form nor a retry."""
    request_id = await office.active()
    await office.hands.post("people", {"user": "ben", "patch": {"deleted": True}})

    lines = ("revoke {}", "retry {}", "extend {} --duration 1h", "review {} --note x")
    answers = [
        await office.click("ben", request_id, "revoke"),
        *[await office.hands.command("ben", line.format(request_id)) for line in lines],
    ]

    for answer in answers:
        assert answer["view"] is None
        assert "deactivated" in answer["ephemeral"][0]
    assert (await office.request(request_id)).is_in_force


async def test_a_form_that_is_sent_five_times_ends_one_grant(office: Office) -> None:
    """As Slack delivers again what was not acknowledged in time."""
    request_id = await office.active()
    view = (await office.click("bob", request_id, "revoke"))["view"]
    first = await office.hands.submit("bob", view["id"], reason="once")
    await office.card(request_id, showing="*Revoked* by bob")

    body = {"delivery_id": first["delivery_id"], "times": 5}
    again = await office.hands.post("redeliver", body)

    assert {ack["status"] for ack in again["acks"]} == {200}
    asked = AuditAction.GRANT_REVOKE_REQUESTED
    assert (await actions(office, request_id)).count(asked) == 1


async def test_an_old_card_does_not_open_the_form_of_what_has_ended(
    office: Office,
) -> None:
    """Who pressed reads what became of it, and the card is drawn again."""
    request_id = await office.active()
    await office.hands.command("alice", f"revoke {request_id} --reason done")
    card = await office.card(request_id, showing="*Revoked* by alice")
    edits = len(_updates(await office.hands.deliveries()))

    late = await office.hands.click("bob", card["ts"], "revoke", wait_ms=2_000)

    assert late["view"] is None
    assert "REVOKED" in late["ephemeral"][0]
    assert "alice@example.com" in late["ephemeral"][0]

    async def redrawn() -> bool:
        return len(_updates(await office.hands.deliveries())) > edits

    await eventually(redrawn, "the card to be drawn again")


def _updates(told: dict[str, list[dict[str, str]]]) -> list[dict[str, str]]:
    return [call for call in told["calls"] if call["method"] == "chat.update"]


async def test_a_failed_issue_is_tried_again_at_once(scripted_office: Office) -> None:
    """Not everybody may; then the card goes from failed to active."""
    office = scripted_office
    request_id = await failing(office)
    card = await office.card(request_id)
    assert offered(card) == ["retry", "give_up"]
    refused = await office.click("dave", request_id, "retry")
    assert "Not allowed" in refused["ephemeral"][0]
    moody(office, Mood.WORK)

    pressed = await office.click("bob", request_id, "retry")

    assert pressed["ephemeral"] == []
    await office.card(request_id, showing="*Active* until")
    await _told_in_thread(office, request_id, "bob@example.com had it tried again")


async def test_a_failed_issue_is_given_up(scripted_office: Office) -> None:
    """The requester reads it too, and nothing is left at the provider."""
    office = scripted_office
    request_id = await failing(office)
    provider = moody(office, Mood.WORK)

    await office.click("bob", request_id, "give_up")

    card = await office.card(request_id, showing="*Revoked* by bob@example.com")
    assert "given up" in text_of(card)
    assert offered(card) == []
    await office.dm("alice", showing="given up")
    assert provider.revocations == [request_id]
    assert (await office.request(request_id)).state is RequestState.REVOKED


async def test_an_old_card_does_not_give_up_what_came_through(
    scripted_office: Office,
) -> None:
    """The phone still shows it as failed; the grant stays."""
    office = scripted_office
    request_id = await failing(office)
    moody(office, Mood.WORK)
    await office.hands.command("bob", f"retry {request_id}")
    card = await office.card(request_id, showing="*Active* until")

    late = await office.hands.click("ben", card["ts"], "give_up")
    again = await office.hands.click("ben", card["ts"], "retry")

    assert "ACTIVE" in late["ephemeral"][0]
    assert "ACTIVE" in again["ephemeral"][0]
    assert (await office.request(request_id)).is_in_force


async def test_an_end_that_fails_says_so_and_is_tried_again(
    scripted_office: Office,
) -> None:
    """Not ended yet is not revoked."""
    office = scripted_office
    request_id = await office.active()
    moody(office, Mood.FAIL)
    answer = await office.hands.command("bob", f"revoke {request_id}")
    assert "is being revoked" in answer["ephemeral"][0]
    card = await office.card(request_id, showing="*Not ended yet*: throttled; next")
    assert offered(card) == ["retry"]
    assert (await office.request(request_id)).grant_status is GrantStatus.REVOKE_FAILED
    moody(office, Mood.WORK)

    await office.click("alice", request_id, "retry")

    await office.card(request_id, showing="*Revoked* by bob@example.com")
    await _told_in_thread(office, request_id, "could not end it yet")


async def test_a_command_revokes_with_what_a_phone_makes_of_it(office: Office) -> None:
    """Dashes and quotes are repaired; outsiders learn no fact of the request."""
    request_id = await office.active()

    outsider = await office.hands.command("dave", f"revoke {request_id}")
    unknown = await office.hands.command("bob", f"retry {request_id}")
    done = await office.hands.command(
        "bob", f"revoke {request_id} \u2014reason \u201cpayload \u2013 done\u201d"
    )

    assert "Not allowed" in outsider["ephemeral"][0]
    assert "staging" not in outsider["ephemeral"][0]
    assert "not one whose grant failed" in unknown["ephemeral"][0]
    assert "is being revoked" in done["ephemeral"][0]
    assert (await office.request(request_id)).end_reason == "payload \u2013 done"


async def _told_in_thread(office: Office, request_id: RequestId, said: str) -> None:
    async def told() -> bool:
        card = (await office.cards(request_id))[0]
        return any(said in text_of(line) for line in card["thread"])

    await eventually(told, f"the thread to say {said!r}")
