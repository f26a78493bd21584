"""The demo's first minutes: two requests to begin with, and what to try."""

import sys
from datetime import timedelta
from pathlib import Path

from bot.demo import Demo
from core.approvals import Approvals, RequestQuery
from core.domain.principal import Actor
from core.domain.request import Ask
from core.ports import AuditFilter
from core.vocabulary import AuditAction, Origin, RequestId, RequestState

REASON = "INC-4421: pods on staging do not start since 14:02"


async def seeded_tour(demo: Demo) -> str:
    """Return what a person can try, over two requests of alice's to begin with.

    Where there are requests already none is made; the tour then begins with one
    that waits, if any does.
    """
    active = None
    if await _is_new(demo):
        pending: RequestId | None = await _ask(
            demo, role="infra-admin", scope="staging", hours=1.0, reason=REASON
        )
        active = await _ask(
            demo,
            role="logs-readonly",
            scope="staging",
            hours=2 / 60,
            reason="look at logs",
        )
    else:
        pending = await _waiting(demo)
    return tour_text(demo, pending=pending, active=active, program=_program())


async def _is_new(demo: Demo) -> bool:
    asked = AuditFilter(action=AuditAction.REQUEST_CREATED, limit=1)
    operator = demo.jitsudo.operator("system", {"why": "demo"})
    return not (await operator.audit(asked)).events


async def _waiting(demo: Demo) -> RequestId | None:
    """Return alice's newest request that one approval would decide."""
    page = await _as_alice(demo).list(
        RequestQuery(mine=True, states=frozenset({RequestState.PENDING}))
    )
    for record in page.records:
        if record.request.required_approvals == 1:
            return record.request.id
    return None


def _as_alice(demo: Demo) -> Approvals:
    alice = next(person for person in demo.people if person.name == "alice")
    return demo.jitsudo.acting(Actor(email=alice.email, origin=Origin.API))


async def _ask(
    demo: Demo, *, role: str, scope: str, hours: float, reason: str
) -> RequestId:
    record = await _as_alice(demo).submit(
        Ask(
            provider="local",
            role=role,
            resource_scope=scope,
            duration=timedelta(hours=hours),
            reason=reason,
        )
    )
    return record.request.id


def _program() -> str:
    """Return how this very program is called from here."""
    called = Path(sys.argv[0])
    try:
        return str(called.absolute().relative_to(Path.cwd()))
    except ValueError:
        return called.name


def tour_text(
    demo: Demo, *, pending: RequestId | None, active: RequestId | None, program: str
) -> str:
    """Return the *Try this* list; every command runs as printed, step after step.

    Args:
        pending: alice's request that waits for a decision; None if there is none.
        active: alice's request that policy approved by itself, if there is one.
        program: how to call jitsudo from the person's directory.
    """
    page = f"{demo.url}/sandbox/"
    return "\n".join(
        [
            f"jitsudo demo is ready: {page}?as=bob",
            *_note(demo),
            "",
            f"  data      {demo.data}",
            f"  policy    {demo.data / 'policies'} (edit it; it is read again at once)",
            "  people    " + ", ".join(_described(demo)),
            "",
            "Try this, in the page (one tab per person) or in another terminal:",
            *_approve(page, program, pending),
            *_deny(page, program),
            *_be_refused(page, program),
            *_quorum(page, program),
            *_end_early(page, program),
            *_break_glass(page, program),
            *_look_back(program, active),
            "",
            "Or sign in a terminal: type the code that this shows, and the words",
            f"`/jitsudo login`, in the page of whom it shall be: {page}?as=carol",
            f"  {program} --profile new --server {demo.url} login --slack",
            "",
            "Ctrl-C ends it.",
        ]
    )


def _note(demo: Demo) -> list[str]:
    if not demo.kept_profiles:
        return []
    names = ", ".join(demo.kept_profiles)
    note = (
        f"  note: the profiles {names} are logins of yours and were left alone; "
        "start the demo and the commands with JITSUDO_HOME=/tmp/jitsudo-demo-home"
    )
    return [note]


def _approve(page: str, program: str, pending: RequestId | None) -> list[str]:
    what = "alice asks" if pending is None else f"alice waits for {pending}"
    subject = pending or "$ID"
    asking = _page_ask(page, "staging", "try it") if pending is None else []
    return [
        *_step(1, f"Approve. {what}."),
        *_by_page(*asking, f"{page}?as=bob, press Approve; alice gets a message"),
        *_by_terminal(
            *([] if pending else _ask_lines(program, "staging", "try it")),
            f"{program} --profile bob approve {subject}",
            f"{program} --profile alice exec {subject} \\",
            "  -- printenv LOCAL_ACCESS_KEY",
        ),
    ]


def _deny(page: str, program: str) -> list[str]:
    return [
        *_step(2, "Deny. alice asks, ben says no; the reason reaches alice."),
        *_by_page(
            *_page_ask(page, "staging", "try it"),
            f"{page}?as=ben, press Deny on it and say why",
        ),
        *_by_terminal(
            *_ask_lines(program, "staging", "try it"),
            f"{program} --profile ben deny $ID --reason 'not today'",
        ),
    ]


def _be_refused(page: str, program: str) -> list[str]:
    return [
        *_step(
            3, "Be refused. Nobody approves their own; dave is in no approver group."
        ),
        *_by_page(
            *_page_ask(page, "staging", "mine"),
            f"{page}?as=alice, press Approve on it: refused",
            f"{page}?as=dave, press Approve on it: refused",
        ),
        *_by_terminal(
            *_ask_lines(program, "staging", "mine"),
            f"{program} --profile alice approve $ID",
            f"{program} --profile dave approve $ID",
        ),
    ]


def _quorum(page: str, program: str) -> list[str]:
    return [
        *_step(4, "A quorum. Production needs two people, one of them from security."),
        *_by_page(
            *_page_ask(page, "prod", "INC-4422"),
            f"{page}?as=bob, press Approve on it: 1 of 2",
            f"{page}?as=carol, press Approve on it: granted",
        ),
        *_by_terminal(
            *_ask_lines(program, "prod", "INC-4422"),
            f"{program} --profile bob approve $ID",
            f"{program} --profile carol approve $ID",
        ),
    ]


def _end_early(page: str, program: str) -> list[str]:
    return [
        *_step(5, "End it early. Whoever has it, or may approve it, can."),
        *_by_page(
            *_page_ask(page, "staging", "for a minute"),
            f"{page}?as=bob, press Approve on it, and Revoke when it is active",
        ),
        *_by_terminal(
            *_ask_lines(program, "staging", "for a minute"),
            f"{program} --profile bob approve $ID",
            f"{program} --profile alice revoke $ID --reason 'done'",
        ),
    ]


def _break_glass(page: str, program: str) -> list[str]:
    return [
        *_step(6, "Break the glass. alice waits for nobody; somebody reviews it."),
        *_by_page(
            *_page_ask(page, "prod", "db is down", more=" --break-glass"),
            f"{page}?as=bob, press Review on it and say what you found",
        ),
        *_by_terminal(
            *_ask_lines(program, "prod", "db is down", more=" --break-glass --yes"),
            f"{program} --profile bob status --needs-review",
            f"{program} --profile bob review $ID --note 'it was down'",
        ),
    ]


def _look_back(program: str, active: RequestId | None) -> list[str]:
    what = "Look back."
    status = f"{program} --profile alice status --mine --limit 5"
    if active is not None:
        what = "Look back. Policy let alice read logs for two minutes:"
        status = f"{program} --profile alice status {active}"
    return [
        *_step(7, what),
        *_by_terminal(
            status,
            f"{program} --profile erin audit",
            f"{program} --profile erin audit verify",
        ),
    ]


def _step(number: int, what: str) -> list[str]:
    return ["", f"  {number}  {what}"]


def _by_page(*lines: str) -> list[str]:
    return _labelled("page", lines)


def _by_terminal(*lines: str) -> list[str]:
    return _labelled("terminal", lines)


def _labelled(label: str, lines: tuple[str, ...]) -> list[str]:
    labels = (label, *[""] * len(lines))
    return [
        f"       {name:<10}{line}" for name, line in zip(labels, lines, strict=False)
    ]


def _page_ask(page: str, scope: str, reason: str, *, more: str = "") -> list[str]:
    command = (
        "  /jitsudo request --provider local --role infra-admin "
        f'--scope {scope} --reason "{reason}"{more}'
    )
    return [f"{page}?as=alice, type:", command]


def _ask_lines(program: str, scope: str, reason: str, *, more: str = "") -> list[str]:
    return [
        f"ID=$({program} --profile alice -q request --provider local \\",
        f"  --role infra-admin --scope {scope} --reason '{reason}'{more})",
    ]


def _described(demo: Demo) -> list[str]:
    return [
        f"{person.name} ({', '.join(person.groups) or _without_groups(person.name)})"
        for person in demo.people
    ]


def _without_groups(name: str) -> str:
    return {"gus": "a guest", "xena": "another company"}.get(name, "no group")
