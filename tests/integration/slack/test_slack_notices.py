"""What the admins are told: each once, whatever Slack does, or else the channel."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.notices import LoggedNotices
from bot.sandbox.app import Sandbox
from bot.sandbox.server import serving
from core.services.notices import notice_to_admins
from core.vocabulary import JobKind
from tests.support.offices import Json, Office, eventually, open_office, text_of

TEXT = "Somebody <!channel> came as *erin*. Type `jitsudo identity list`."


async def notice(office: Office, text: str = TEXT) -> None:
    """Promise a notice."""
    async with office.jitsudo.store.transaction() as uow:
        await uow.jobs.add(notice_to_admins("test", text))
        await uow.commit()
    office.jitsudo.signal.ring()


async def settled(office: Office) -> None:
    """Wait until no notice is to be told any more."""

    async def look() -> bool:
        async with office.jitsudo.store.snapshot() as uow:
            jobs = await uow.jobs.find(failing_only=False, limit=500)
        return all(job.kind is not JobKind.TELL_ADMINS for job in jobs)

    await eventually(look, "every notice to be told")


async def read_by(office: Office, who: str) -> list[Json]:
    """Return the direct messages to somebody that are notices."""
    messages: list[Json] = (await office.hands.state())["dms"].get(who, [])
    return [message for message in messages if "came as" in text_of(message)]


async def in_channel(office: Office) -> list[Json]:
    """Return the notices in the channel."""
    messages: list[Json] = (await office.hands.state())["channels"][0]["messages"]
    return [message for message in messages if "For the admins" in text_of(message)]


def admins(office: Office, *people: str) -> None:
    """Make people the admins."""
    members = ", ".join(f"{person}@example.com" for person in people)
    office.groups_file.write_text(
        f"groups: {{jitsudo-admins: {{members: [{members}]}}}}\n", "utf-8"
    )


async def test_every_admin_reads_a_notice_once(office: Office) -> None:
    """As plain text: nothing in it is a mention, and it is cut by nobody."""
    admins(office, "erin", "carol")

    await notice(office)
    await settled(office)

    for who in ("erin", "carol"):
        (message,) = await read_by(office, who)
        assert message["blocks"][0]["text"]["text"].endswith(TEXT)
        assert "<!channel>" not in message["text"]
    assert await in_channel(office) == []


async def test_more_than_ten_admins_are_too_many_to_write_to(office: Office) -> None:
    """The first ten whom Slack knows are told."""
    admins(office, *(f"admin{n}" for n in range(12)), "erin")

    await notice(office)
    await settled(office)

    assert len(await read_by(office, "erin")) == 1


@pytest.mark.parametrize("people", [(), ("nobody",), ("gus",)])
async def test_without_an_admin_in_slack_the_channel_is_told(
    office: Office, people: tuple[str, ...]
) -> None:
    """Nobody in the group, nobody whom Slack knows, nobody who may act."""
    admins(office, *people)

    await notice(office)
    await settled(office)

    (message,) = await in_channel(office)
    assert "admins_not_told" in message["text"]
    assert "erin" not in str(message), "whoever is in the channel reads it"


async def test_somebody_disabled_is_no_admin_to_tell(office: Office) -> None:
    """Who was shut out does not hear of it here."""
    admins(office, "erin", "carol")
    operator = office.jitsudo.operator("operator:root@test", {})
    await operator.disable_principal("erin@example.com", reason="left")

    await notice(office)
    await settled(office)

    assert await read_by(office, "erin") == []
    assert len(await read_by(office, "carol")) == 1


@pytest.mark.parametrize(
    ("kind", "count", "messages"),
    [
        ("ratelimited", 1, 1),
        ("drop_before", 1, 1),
        ("drop_after", 1, 2),
        ("drop_after", 2, 2),
    ],
)
async def test_an_outage_delays_a_notice_and_at_most_doubles_it(
    office: Office, kind: str, count: int, messages: int
) -> None:
    """It is never lost, and never a storm."""
    admins(office, "erin")
    await office.hands.fault("chat.postMessage", kind, count=count, retry_after="0")

    await notice(office)
    await settled(office)

    assert len(await read_by(office, "erin")) == messages


async def test_an_admin_whom_slack_refuses_is_told_of_in_the_channel(
    office: Office,
) -> None:
    """Others read there that there is one, and not what it says."""
    admins(office, "erin")
    await office.hands.fault("chat.postMessage", "cannot_dm_bot")

    await notice(office)
    await settled(office)

    assert await read_by(office, "erin") == []
    (message,) = await in_channel(office)
    assert "came as" not in str(message)


async def test_a_notice_that_another_worker_took_over_is_told_once(
    tmp_path: Path,
) -> None:
    """Whoever finishes the job sends it on its way; the other does nothing."""
    async with (
        serving(Sandbox(pacing=False)) as sandbox,
        open_office(tmp_path, sandbox, is_working=False) as office,
    ):
        admins(office, "erin")
        await notice(office)
        async with office.jitsudo.store.transaction() as uow:
            (job,) = await uow.jobs.claim(
                frozenset({JobKind.TELL_ADMINS}), limit=1, lease=timedelta(seconds=30)
            )
            await uow.commit()

        for _ in range(2):
            await office.slack.notice_handler(job)
        told = {JobKind.TELL_ADMINS: office.slack.notice_handler}
        await office.jitsudo.workers(told).run_due()

        assert len(await read_by(office, "erin")) == 1


async def test_without_slack_a_notice_is_logged_and_done(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing piles up that nobody will ever read."""
    notices = LoggedNotices(store=office.jitsudo.store)
    workers = office.jitsudo.workers({JobKind.TELL_ADMINS: notices.run})
    async with office.jitsudo.store.transaction() as uow:
        await uow.jobs.add(notice_to_admins("test", TEXT))
        await uow.commit()

    await workers.run_due()
    await settled(office)

    assert "admins_not_told" in capsys.readouterr().out
