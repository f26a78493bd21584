"""The end of a server: what was taken is answered, what comes later is refused."""

import asyncio

from structlog.testing import capture_logs

from bot.slack.background import Background
from core.vocabulary import RequestState
from tests.support.offices import Office


async def test_a_press_after_the_stop_is_refused_and_decides_nothing(
    office: Office,
) -> None:
    """No press commits whose answer nobody can give any more."""
    request_id = await office.ask()
    card = await office.card(request_id)
    await office.click("dave", request_id, "approve")
    await office.slack.close_gate()

    answer = await office.hands.click("bob", card["ts"], "approve")

    assert answer["ack"]["status"] == 503
    assert (await office.request(request_id)).state is RequestState.PENDING


async def test_a_press_that_was_taken_is_answered_before_the_end(
    office: Office,
) -> None:
    """Closing waits for what is inside, which commits and is acknowledged."""
    request_id = await office.ask()
    card = await office.card(request_id)
    await office.hands.fault("users.info", "slow", seconds=0.8)

    async with asyncio.TaskGroup() as tasks:
        press = tasks.create_task(office.hands.click("bob", card["ts"], "approve"))
        await asyncio.sleep(0.4)
        await office.slack.close_gate()
        decided = (await office.request(request_id)).state

    assert press.result()["ack"]["status"] == 200
    assert decided in {RequestState.APPROVED, RequestState.ACTIVE}


async def test_work_begun_after_the_end_is_told_and_dropped() -> None:
    """Whoever acts last is not answered with an error for it."""
    ran = []

    async def work() -> None:
        ran.append(1)

    async with Background() as background:
        pass
    with capture_logs() as logs:
        background.start(work())
        await background.finish_within(work(), 1.0)

    assert ran == []
    assert [entry["event"] for entry in logs] == ["background_work_dropped"] * 2
