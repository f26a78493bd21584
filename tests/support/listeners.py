"""Every listener in Slack, and who changes something by it.

One that is not here fails `tests/security/test_who_acts_in_slack.py`. To add one, add
an `Act`: what Bolt calls it, how it is done, and whom it is for.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from bot.slack import ids

ALICE, BOB, DAVE = "alice", "bob", "dave"
OUTSIDERS: Final = ("dave", "gus", "xena")
"""In no group that matters; a guest; of another company."""


MACHINE: Final = "frobozz-laptop"
"""What the terminal says it runs on."""


class Kind(StrEnum):
    """Which request an act is about."""

    OPEN = "waits for one approval"
    ACTIVE = "is active"
    FAILING = "is approved, and cannot be issued"
    GLASS = "is active, having broken the glass"
    TERMINAL = "is none, but a terminal that waits for a yes"


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something done in Slack.

    Attributes:
        listener: `action`, `view`, `command` or `event`, and the name that Bolt
            matches.
        line: what is typed, with `{id}`; of commands alone.
        values: what a form holds, with `{id}`; of views alone.
        of: those of alice, bob and dave whom it lets change something.
        kind: of the request that is there; `{id}` is its id, or the code that a
            terminal shows.
        is_on_card: whether everybody in the channel has the button before them.
        is_of_members: whether it tells every member of the workspace which machine
            the terminal with that code is on.
    """

    listener: tuple[str, str]
    of: tuple[str, ...] = ()
    kind: Kind = Kind.OPEN
    line: str = ""
    values: dict[str, str] = field(default_factory=dict)
    is_on_card: bool = False
    is_of_members: bool = False

    @property
    def name(self) -> str:
        """Return what the test is called."""
        return " ".join((*self.listener, self.line)).strip()


def _action(
    name: str, *of: str, kind: Kind = Kind.OPEN, is_on_card: bool = True
) -> Act:
    return Act(listener=("action", name), of=of, kind=kind, is_on_card=is_on_card)


def _view(name: str, *of: str, kind: Kind = Kind.OPEN, **values: str) -> Act:
    return Act(listener=("view", name), of=of, kind=kind, values=values)


def _line(line: str, *of: str, kind: Kind = Kind.OPEN) -> Act:
    return Act(listener=("command", ids.COMMAND), of=of, kind=kind, line=line)


def _terminal(
    listener: str, name: str, *of: str, tells: bool = True, **more: Any
) -> Act:
    """Return an act about a terminal: whoever is a member signs in their own."""
    return Act(
        listener=(listener, name),
        of=of,
        kind=Kind.TERMINAL,
        is_of_members=tells,
        **more,
    )


_FORM: Final = {
    ids.PROVIDER: "local",
    ids.ROLE: "infra-admin",
    ids.SCOPE: "staging",
    ids.DURATION: "1h",
    ids.REASON: "my own",
}

ACTS: Final = (
    _action(ids.APPROVE, BOB),
    _action(ids.DENY),
    _action(ids.REVOKE, kind=Kind.ACTIVE),
    _action(ids.EXTEND, kind=Kind.ACTIVE, is_on_card=False),
    _action(ids.GIVE_UP, ALICE, BOB, kind=Kind.FAILING),
    _action(ids.RETRY, kind=Kind.FAILING),
    _action(ids.REVIEW, kind=Kind.GLASS),
    _view(ids.APPROVE_VIEW, BOB, comment="fine"),
    _view(ids.DENY_VIEW, BOB, reason="no"),
    _view(ids.REVOKE_VIEW, ALICE, BOB, kind=Kind.ACTIVE, reason="over"),
    _view(ids.EXTEND_VIEW, ALICE, kind=Kind.ACTIVE, duration="2h", reason="more"),
    _view(ids.REVIEW_VIEW, BOB, kind=Kind.GLASS, note="all well"),
    Act(listener=("view", ids.REQUEST_VIEW), of=(ALICE,), values=_FORM),
    _line("approve {id}", BOB),
    _line("deny {id} --reason no", BOB),
    _line("deny {id}"),
    _line("withdraw {id}", ALICE),
    _line("status {id}"),
    _line("status"),
    _line("status --mine"),
    _line("status --needs-review", kind=Kind.GLASS),
    _line("request --provider local --role infra-admin --scope staging", ALICE),
    _line("request"),
    _line("revoke {id} --reason over", ALICE, BOB, kind=Kind.ACTIVE),
    _line("retry {id}", kind=Kind.ACTIVE),
    _line("extend {id} --duration 2h", ALICE, kind=Kind.ACTIVE),
    _line("review {id} --note well", BOB, kind=Kind.GLASS),
    _line("approve {id}", kind=Kind.ACTIVE),
    _line("help"),
    _line("link"),
    _line("login"),
    Act(listener=("event", "app_home_opened")),
    _terminal("action", ids.SIGN_IN, tells=False),
    _terminal("command", ids.COMMAND, line="login {id}"),
    _terminal("view", ids.CODE_VIEW, values={ids.CODE: "{id}"}),
    _terminal(
        *("view", ids.SIGN_IN_VIEW, ALICE, BOB, DAVE), values={ids.MACHINE: MACHINE}
    ),
    _terminal("action", ids.NOT_MINE, ALICE, BOB, DAVE, tells=False),
)


def payload_of(act: Act, *, user_id: str, team_id: str, request_id: str) -> Any:
    """Return what Slack would send for a form or a press that nobody was offered.

    Args:
        request_id: or the code that a terminal shows.
    """
    person = {
        "team": {"id": team_id},
        "user": {"id": user_id, "team_id": team_id},
    }
    metadata = f'{{"request_id": "{request_id}"}}'
    if act.kind is Kind.TERMINAL:
        metadata = request_id
    view = {
        "id": f"V{user_id}{request_id[-6:]}",
        "type": "modal",
        "callback_id": act.listener[1],
        "private_metadata": metadata,
    }
    if act.listener[0] == "action":
        press = {"action_id": act.listener[1], "block_id": "b", "type": "button"}
        return {
            **person,
            "type": "block_actions",
            "container": {"type": "message"},
            **({"view": view} if act.kind is Kind.TERMINAL else {}),
            "trigger_id": "1.2.3",
            "actions": [{**press, "value": request_id, "action_ts": "1.0"}],
        }
    return {
        **person,
        "type": "view_submission",
        "view": {**view, "state": {"values": _typed(act, request_id)}},
    }


def _typed(act: Act, about: str) -> dict[str, Any]:
    return {
        name: {
            name: {"type": "plain_text_input", "value": value.replace("{id}", about)}
        }
        for name, value in act.values.items()
    }
