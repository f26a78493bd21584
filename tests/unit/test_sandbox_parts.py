"""The small parts of the sandbox: triggers, rates, modals, what it imports."""

import ast
import sys
from pathlib import Path
from typing import Any

import pytest

import bot.sandbox
from bot.sandbox.errors import BadCall, MethodFailed
from bot.sandbox.modals import Modals
from bot.sandbox.people import demo_people
from bot.sandbox.rates import Rates
from bot.sandbox.tickets import Tickets
from bot.sandbox.watch import Watch
from bot.sandbox.workspace import Workspace

MODAL: dict[str, Any] = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Hello"},
    "blocks": [],
}


class Hand:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        """Start somewhere."""
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds


def _workspace(now: Hand) -> Workspace:
    return Workspace(people=demo_people(), channels=["access"], now=now)


def test_trigger_works_once_and_for_three_seconds() -> None:
    """Used, late and unknown triggers each have Slack's error."""
    now = Hand()
    tickets = Tickets(now=now)
    watch = Watch(person="U0BOB")
    trigger, late = tickets.new_trigger(watch), tickets.new_trigger(watch)
    now.seconds += 3
    assert tickets.exchange(trigger).person == "U0BOB"
    now.seconds += 0.1
    for identifier, error in (
        (trigger, "exchanged_trigger_id"),
        (late, "expired_trigger_id"),
        ("1.2.x", "invalid_trigger_id"),
    ):
        with pytest.raises(MethodFailed) as caught:
            tickets.exchange(identifier)
        assert caught.value.error == error


def test_response_url_ends_after_thirty_minutes() -> None:
    """A late use is refused although none has been made."""
    now = Hand()
    tickets = Tickets(now=now)
    ticket = tickets.new_response(Watch(person="U0BOB"), channel="C0ACCESS")
    now.seconds += 30 * 60 + 1
    with pytest.raises(MethodFailed) as caught:
        tickets.use_response(ticket)
    assert caught.value.error == "expired_url"


def test_updates_are_limited_to_fifty_a_minute() -> None:
    """After a burst, `chat.update` comes at the pace of its tier."""
    now = Hand()
    rates = Rates(monotonic=now)
    waits = [rates.seconds_to_wait("chat.update", channel="C1") for _ in range(21)]
    assert waits == [0] * 20 + [2]
    passed = 0
    for _ in range(600):
        now.seconds += 0.5
        passed += not rates.seconds_to_wait("chat.update", channel="C1")
    assert passed == pytest.approx(5 * 50, abs=1)


def test_timestamps_never_repeat() -> None:
    """Two messages in one moment have two timestamps, in order."""
    workspace = _workspace(Hand())
    stamps = [workspace.next_ts() for _ in range(1000)]
    assert stamps == sorted(set(stamps))


def test_three_views_can_be_stacked() -> None:
    """A fourth is refused, and closing one closes those above it."""
    workspace = _workspace(Hand())
    modals, watch = Modals(workspace), Watch(person="U0BOB")
    tickets = Tickets(now=workspace.now)
    trigger = tickets.exchange(tickets.new_trigger(watch))
    first = modals.open(trigger, MODAL)
    second = modals.push("U0BOB", MODAL, watch=None)
    modals.push("U0BOB", MODAL, watch=None)
    with pytest.raises(MethodFailed) as caught:
        modals.push("U0BOB", MODAL, watch=None)
    assert caught.value.error == "push_limit_reached"
    assert second.to_view()["previous_view_id"] == first.id
    modals.close(second)
    assert modals.stack("U0BOB") == [first]


def test_update_with_an_old_hash_conflicts() -> None:
    """Only the hash of the latest answer passes."""
    workspace = _workspace(Hand())
    modals = Modals(workspace)
    tickets = Tickets(now=workspace.now)
    trigger = tickets.exchange(tickets.new_trigger(Watch(person="U0BOB")))
    view = modals.open(trigger, MODAL)
    old = view.hash
    modals.update(view, MODAL, expected=old)
    with pytest.raises(MethodFailed) as caught:
        modals.update(view, MODAL, expected=old)
    assert caught.value.error == "hash_conflict"


def test_nobody_sees_the_direct_messages_of_another() -> None:
    """Alice's conversation with the app does not exist for bob."""
    workspace = _workspace(Hand())
    alice, bob = workspace.person("alice"), workspace.person("U0BOB")
    dm = workspace.dm(alice)
    assert workspace.conversation("alice", seen_by=alice) is dm
    with pytest.raises(BadCall):
        workspace.conversation(dm.id, seen_by=bob)


def test_sandbox_stands_on_nothing_of_ours() -> None:
    """It imports the standard library, aiohttp, pydantic and slack_sdk only."""
    allowed = {"aiohttp", "pydantic", "slack_sdk"} | sys.stdlib_module_names
    for path in Path(bot.sandbox.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.ImportFrom(module=str(name)):
                    names = [name]
                case ast.Import(names=aliases):
                    names = [alias.name for alias in aliases]
                case _:
                    continue
            for name in names:
                is_own = name.startswith("bot.sandbox")
                assert is_own or name.split(".")[0] in allowed, (path.name, name)
