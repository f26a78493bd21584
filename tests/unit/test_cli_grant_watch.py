"""The end of a grant: by the clock, by the server, with a word before it."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typing_extensions import override

from cli.grant_watch import GrantWatch, why_over
from cli.private_files import private_files
from cli.terminal import Flags, Terminal
from core.domain.decision import RequestRecord
from core.domain.grant import Credentials, Secrets
from core.errors import NotAuthenticated, ServerUnavailable
from core.vocabulary import GrantStatus, RequestId, RequestState
from tests.support.builders import BOB, NOON, FrozenClock
from tests.support.terminals import ScriptedApprovals, a_record

_HOUR = timedelta(hours=1)


@dataclass
class SlowApprovals(ScriptedApprovals):
    """Like a long poll: answers when there is something new."""

    news: asyncio.Queue[RequestRecord] = field(default_factory=asyncio.Queue)
    polls: asyncio.Queue[int] = field(default_factory=asyncio.Queue)

    @override
    async def get(
        self,
        request_id: RequestId,
        *,
        wait: timedelta | None = None,
        since_version: int = 0,
    ) -> RequestRecord:
        self.polls.put_nowait(since_version)
        self._note("get", request_id, wait is not None, since_version)
        return await self.news.get()


@pytest.fixture
def clock() -> FrozenClock:
    """Return a clock at noon."""
    return FrozenClock()


def _in_force(version: int = 1, *, until: datetime = NOON + _HOUR) -> RequestRecord:
    return a_record(
        RequestState.ACTIVE,
        grant_status=GrantStatus.ACTIVE,
        version=version,
        expires_at=until,
    )


def _watch(
    clock: FrozenClock,
    approvals: ScriptedApprovals,
    *,
    lasts: timedelta = _HOUR,
    flags: Flags | None = None,
    extending: str = "",
) -> GrantWatch:
    record = _in_force()
    return GrantWatch(
        terminal=Terminal(flags=flags or Flags(), environment={}, now=clock.now),
        approvals=approvals,
        record=record,
        credentials=Credentials(
            request_id=record.request.id,
            secrets=Secrets(),
            issued_at=NOON,
            expires_at=NOON + lasts,
        ),
        extending=extending,
    )


async def test_the_servers_word_ends_it_at_once(clock: FrozenClock) -> None:
    """Whoever revoked it is named, with the reason."""
    approvals = SlowApprovals()
    watch = _watch(clock, approvals)
    approvals.news.put_nowait(
        a_record(
            RequestState.ACTIVE,
            grant_status=GrantStatus.REVOKING,
            version=2,
            ended_by=BOB,
            end_reason="wrong account",
            expires_at=NOON + _HOUR,
        )
    )

    assert await watch.until_over() == f"the grant was revoked by {BOB}: wrong account"


@pytest.mark.parametrize(
    "failure",
    [
        ServerUnavailable(server="http://x", why="refused"),
        NotAuthenticated(why="the token has ended"),
    ],
)
async def test_the_clock_ends_it_without_a_server(
    clock: FrozenClock,
    failure: ServerUnavailable | NotAuthenticated,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It keeps asking, and says nothing about it."""
    watch = _watch(clock, SlowApprovals(failure=failure), lasts=timedelta(seconds=0.2))
    waiting = asyncio.ensure_future(watch.until_over())
    await asyncio.sleep(0)
    clock.move(timedelta(seconds=0.2))

    assert await waiting == "the grant has expired"
    assert capsys.readouterr().err == ""


async def test_a_clock_that_is_ahead_ends_nothing(
    clock: FrozenClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server would not have given out credentials that are over."""
    approvals = SlowApprovals()
    watch = _watch(clock, approvals, lasts=-timedelta(minutes=1))
    waiting = asyncio.ensure_future(watch.until_over())
    await approvals.polls.get()
    assert not waiting.done()

    approvals.news.put_nowait(a_record(RequestState.EXPIRED, expires_at=NOON))

    assert await waiting == "the grant has expired"
    assert "clock is ahead" in capsys.readouterr().err


async def test_a_longer_grant_is_followed(
    clock: FrozenClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command stays until the new end."""
    approvals = SlowApprovals()
    watch = _watch(clock, approvals)
    approvals.news.put_nowait(_in_force(2, until=NOON + 2 * _HOUR))
    waiting = asyncio.ensure_future(watch.until_over())
    assert [await approvals.polls.get(), await approvals.polls.get()] == [1, 2]

    assert watch.expires_at == NOON + 2 * _HOUR
    assert capsys.readouterr().err == (
        "jitsudo: the grant now ends at 2026-03-20T14:00:00Z\n"
    )
    waiting.cancel()


@pytest.mark.parametrize(
    ("lasts", "told"),
    [
        (timedelta(minutes=60), [5, 1]),
        (timedelta(minutes=5), [1]),
        (timedelta(minutes=3), [1]),
        (timedelta(minutes=1), []),
    ],
)
def test_reminders_come_while_they_are_ahead(
    clock: FrozenClock, lasts: timedelta, told: list[int]
) -> None:
    """One that would come at once is not news; each comes once."""
    watch = _watch(clock, SlowApprovals(), lasts=lasts)

    due = []
    for _ in range(int(lasts.total_seconds())):
        due += [span.total_seconds() / 60 for span in watch.due()]
        clock.move(timedelta(seconds=1))

    assert due == told


def test_a_machine_that_slept_says_the_nearest_alone(clock: FrozenClock) -> None:
    """Five minutes are not announced when one is left."""
    watch = _watch(clock, SlowApprovals())
    clock.move(_HOUR - timedelta(seconds=30))

    assert list(watch.due()) == [timedelta(minutes=1)]
    assert list(watch.due()) == []


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (
            Flags(),
            "jitsudo: the grant ends in 5m, at 2026-03-20T13:00:00Z; do this\n",
        ),
        (Flags(quiet=True), ""),
    ],
)
async def test_the_end_is_announced(
    clock: FrozenClock, flags: Flags, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the time, and what to do for more of it; not with -q."""
    watch = _watch(clock, SlowApprovals(), flags=flags, extending="do this")
    clock.move(_HOUR - timedelta(minutes=5))
    waiting = asyncio.ensure_future(watch.until_over())
    for _ in range(5):
        await asyncio.sleep(0)
    waiting.cancel()

    assert capsys.readouterr().err == told


@pytest.mark.parametrize("state", [RequestState.ACTIVE, RequestState.EXPIRED])
def test_an_expiry_is_no_revocation(state: RequestState) -> None:
    """What the server began at the end's time is the end, not somebody's act."""
    record = a_record(
        state,
        grant_status=GrantStatus.REVOKING,
        expires_at=NOON,
        updated_at=NOON + timedelta(milliseconds=3),
    )

    assert why_over(record.request) == "the grant has expired"


def test_private_files_go_where_others_cannot_look(tmp_path: Path) -> None:
    """A runtime directory that others may enter is not used."""
    tmp_path.chmod(0o755)
    with private_files({"A": "x"}, {"XDG_RUNTIME_DIR": str(tmp_path)}) as paths:
        assert Path(paths["A"]).parent.parent != tmp_path
    tmp_path.chmod(0o700)
    with private_files({"A": "x"}, {"XDG_RUNTIME_DIR": str(tmp_path)}) as paths:
        assert Path(paths["A"]).parent.parent == tmp_path
        assert Path(paths["A"]).read_text("utf-8") == "x"
    assert list(tmp_path.iterdir()) == []
