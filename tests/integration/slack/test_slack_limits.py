"""What a person in Slack reads who decides too often."""

from pathlib import Path

from bot.sandbox.app import Sandbox
from core.vocabulary import RequestState
from tests.support.offices import open_office


async def test_a_click_too_many_is_told_in_private(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """The request waits; the next minute, or somebody else, decides it."""
    async with open_office(tmp_path, sandbox, decisions_per_minute=1) as office:
        first, second = await office.ask(), await office.ask()
        await office.click("bob", first, "approve")

        answer = await office.click("bob", second, "approve")

        assert (
            "Too many decisions within a minute (at most 1)" in answer["ephemeral"][0]
        )
        assert (await office.request(second)).state is RequestState.PENDING
        await office.click("ben", second, "approve")
        assert (await office.request(second)).state is not RequestState.PENDING
