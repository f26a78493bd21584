"""Cards, messages and threads while Slack fails: nothing lost, the card right."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.sandbox.app import Sandbox
from bot.sandbox.server import serving
from core.vocabulary import (
    RequestId,
    SurfacePurpose,
    SurfaceState,
)
from tests.support.builders import an_ask
from tests.support.offices import Office, eventually, open_office, text_of


async def test_a_post_whose_answer_is_lost_ends_in_cards_that_all_agree(
    office: Office,
) -> None:
    """The second copy works like the first, and pressing either adopts it."""
    await office.hands.fault("chat.postMessage", "drop_after")
    request_id = await office.ask()

    async def two() -> bool:
        return len(await office.cards(request_id)) == 2

    await eventually(two, "the second copy")
    first, second = await office.cards(request_id)
    await office.hands.click("bob", first["ts"], "approve")

    async def agree() -> bool:
        return all("Active" in text_of(c) for c in await office.cards(request_id))

    await eventually(agree, "both cards to be final")
    assert second["ts"] != first["ts"]


@pytest.mark.parametrize("kind", ["ratelimited", "html_503", "drop_before", "http_500"])
async def test_an_outage_delays_the_card_and_no_decision(
    office: Office, kind: str
) -> None:
    """The decision commits while Slack is down; the card is right afterwards."""
    request_id = await office.ask()
    await office.card(request_id)
    await office.hands.fault("chat.update", kind, count=2, retry_after="1")

    answer = await office.hands.command("bob", f"approve {request_id}")

    assert "APPROVED" in answer["ephemeral"][0]
    await office.card(request_id, showing="Active")


async def test_a_429_on_a_post_waits_as_long_as_slack_says(office: Office) -> None:
    """Nothing is posted twice, and nothing before the pause is over."""
    await office.hands.fault("chat.postMessage", "ratelimited", retry_after="1")
    request_id = await office.ask()

    await office.card(request_id)

    assert len(await office.cards(request_id)) == 1


async def test_blocks_that_slack_refuses_become_a_plain_card(office: Office) -> None:
    """Approvers still read what is asked and how to decide."""
    await office.hands.fault("chat.postMessage", "invalid_blocks")
    request_id = await office.ask()

    card = await office.card(request_id, showing="/jitsudo approve")

    assert card["blocks"] == []


async def test_a_deleted_card_is_posted_anew_while_it_can_be_decided(
    office: Office,
) -> None:
    """After the decision it stays deleted."""
    ask = an_ask(resource_scope="prod-1")
    request_id = await office.ask(ask=ask)
    card = await office.card(request_id)
    await _delete(office, card["ts"])

    await office.hands.command("bob", f"approve {request_id}")
    again = await office.card(request_id, showing="1 of 2")
    assert again["ts"] != card["ts"]
    assert "<@" not in text_of(again)
    await _delete(office, again["ts"])
    await office.hands.command("carol", f"deny {request_id} --reason no")

    async def gone() -> bool:
        surfaces = await office.surfaces(request_id)
        return any(s.state is SurfaceState.GONE for s in surfaces)

    await eventually(gone, "the surface to be known as gone")
    assert await office.cards(request_id) == []


async def _delete(office: Office, ts: str) -> None:
    body = {"channel": "access", "do": "delete_message", "ts": ts}
    await office.hands.post("channels", body)


async def test_a_channel_without_the_bot_parks_the_card_where_it_is_seen(
    office: Office,
) -> None:
    """The job stays visible with what Slack said; the decision goes on."""
    await office.hands.post("channels", {"channel": "access", "do": "kick"})
    request_id = await office.ask()

    async def parked() -> bool:
        surfaces = await office.surfaces(request_id)
        return any(s.state is SurfaceState.PARKED for s in surfaces)

    await eventually(parked, "the card to be parked")
    async with office.jitsudo.store.snapshot() as uow:
        failing = await uow.jobs.find(failing_only=True, limit=10)
    assert any("not_in_channel" in job.last_error for job in failing)
    answer = await office.hands.command("bob", f"approve {request_id}")
    assert "APPROVED" in answer["ephemeral"][0]
    await office.hands.post("channels", {"channel": "access", "do": "invite"})


async def test_a_channel_shared_with_another_company_gets_no_card(
    tmp_path: Path,
) -> None:
    """Unless the setting says so, and the health says what to do."""
    async with (
        serving(Sandbox(pacing=False)) as sandbox,
        open_office(tmp_path, sandbox, allow_shared=False) as office,
    ):
        request_id = await office.ask()

        async def parked() -> bool:
            surfaces = await office.surfaces(request_id)
            return any("shared_channel" in s.error for s in surfaces)

        await eventually(parked, "the card to be parked")
        assert await office.cards(request_id) == []
        health = await office.slack.health()
        assert health.is_ready is False
        assert "JITSUDO_SLACK_ALLOW_SHARED_CHANNELS" in health.detail


async def _leave_sending(
    office: Office, request_id: RequestId, purpose: SurfacePurpose, error: str = ""
) -> None:
    """Leave a surface as a server does that stops while it posts."""
    async with office.jitsudo.store.transaction() as uow:
        for surface in await uow.surfaces.of(request_id):
            if surface.purpose is purpose:
                stopped = replace(surface, state=SurfaceState.SENDING, error=error)
                await uow.surfaces.save(stopped)
        await uow.commit()


async def test_what_a_stopped_server_was_posting_is_posted_once_more(
    tmp_path: Path,
) -> None:
    """A card may come twice and works twice; it must not be missing."""
    async with serving(Sandbox(pacing=False)) as sandbox:
        async with open_office(tmp_path, sandbox, is_working=False) as office:
            request_id = await office.ask()
            await _leave_sending(office, request_id, SurfacePurpose.CARD)
            assert await office.cards(request_id) == []
        async with open_office(tmp_path, sandbox) as office:
            await office.card(request_id)


async def test_a_message_that_may_have_come_twice_is_not_sent_again(
    tmp_path: Path,
) -> None:
    """A direct message is told once more at most; a storm helps nobody."""
    async with serving(Sandbox(pacing=False)) as sandbox:
        async with open_office(tmp_path, sandbox, is_working=False) as office:
            request_id = await office.ask()
            await office.hands.command("bob", f"deny {request_id} --reason no")
            await _leave_sending(
                office, request_id, SurfacePurpose.DM, "sent again, after ambiguous: x"
            )
        async with open_office(tmp_path, sandbox) as office:
            await office.card(request_id, showing="Denied")

            async def parked() -> bool:
                surfaces = await office.surfaces(request_id)
                return any(s.state is SurfaceState.PARKED for s in surfaces)

            await eventually(parked, "the message to be parked")
            assert (await office.hands.state())["dms"].get("alice", []) == []


async def test_the_thread_keeps_the_trail(office: Office) -> None:
    """A long reason and every act, in lines below the card."""
    reason = "because " * 100
    ask = an_ask(resource_scope="prod-1", reason=reason)
    request_id = await office.ask(ask=ask)
    await office.card(request_id)
    await office.click("bob", request_id, "approve")
    await office.hands.command("carol", f"approve {request_id} --comment agreed")

    async def told() -> bool:
        card = (await office.cards(request_id))[0]
        thread = " ".join(text_of(line) for line in card["thread"])
        return all(
            said in thread
            for said in (reason.strip(), "bob@example.com approved", "agreed", "issued")
        )

    await eventually(told, "the whole trail")
