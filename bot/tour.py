"""The demo's first minutes: two requests to begin with, and what to try."""

import sys
from datetime import timedelta
from pathlib import Path

from bot.demo import Demo
from core.domain.principal import Actor
from core.domain.request import Ask
from core.vocabulary import Origin, RequestId

REASON = "INC-4421: pods on staging do not start since 14:02"


async def seeded_tour(demo: Demo) -> str:
    """Ask for two things as alice, and return what a person can try then."""
    pending = await _ask(
        demo, role="infra-admin", scope="staging", hours=1.0, reason=REASON
    )
    active = await _ask(
        demo, role="logs-readonly", scope="staging", hours=2 / 60, reason="look at logs"
    )
    return tour_text(demo, pending=pending, active=active, program=_program())


async def _ask(
    demo: Demo, *, role: str, scope: str, hours: float, reason: str
) -> RequestId:
    alice = next(person for person in demo.people if person.name == "alice")
    approvals = demo.jitsudo.acting(Actor(email=alice.email, origin=Origin.API))
    record = await approvals.submit(
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
    demo: Demo, *, pending: RequestId, active: RequestId, program: str
) -> str:
    """Return the *Try this* list; every command runs as printed.

    Args:
        pending: alice's request that waits for a decision.
        active: alice's request that policy approved by itself.
        program: how to call jitsudo from the person's directory.
    """
    page = f"{demo.url}/sandbox/"
    lines = [
        f"jitsudo demo is ready: {page}?as=bob",
        "",
        f"  data      {demo.data}",
        f"  policy    {demo.data / 'policies'} (edit it; it is read again at once)",
        "  people    " + ", ".join(_described(demo)),
        "",
        "Try this, in the page (one tab per person) or in another terminal:",
        "",
        f"  1  Approve. alice waits for {pending}.",
        f"       page      {page}?as=bob, press Approve; alice gets a message",
        f"       terminal  {program} --profile bob approve {pending}",
        f"                 {program} --profile alice exec {pending} \\",
        "                   -- printenv LOCAL_ACCESS_KEY",
        "",
        "  2  Deny. Ask again and say no; the reason reaches alice.",
        f"       page      {page}?as=alice, type: /jitsudo request",
        f"       terminal  {program} --profile alice request --provider local \\",
        "                   --role infra-admin --scope staging --reason 'try it'",
        f"                 {program} --profile ben deny $({program} --profile ben \\",
        "                   status --pending -q | head -1) --reason 'not today'",
        "",
        "  3  Be refused. Nobody approves their own, dave is in no approver group.",
        f"       page      {page}?as=dave, press Approve on a pending card",
        f"       terminal  {program} --profile dave request --provider local \\",
        "                   --role infra-admin --scope staging",
        "",
        "  4  A quorum. Production needs two people, one of them from security.",
        f"       terminal  ID=$({program} --profile alice -q request \\",
        "                   --provider local --role infra-admin --scope prod \\",
        "                   --reason 'INC-4422')",
        f"                 {program} --profile bob approve $ID",
        f"                 {program} --profile carol approve $ID",
        "",
        "  5  Look back. Policy let alice read logs for two minutes:",
        f"                 {program} --profile alice status {active}",
        f"                 {program} --profile erin audit",
        f"                 {program} --profile erin audit verify",
        "",
        "Ctrl-C ends it.",
    ]
    if demo.kept_profiles:
        names = ", ".join(demo.kept_profiles)
        lines.insert(
            1,
            f"  note: the profiles {names} are logins of yours and were left alone; "
            "start the demo and the commands with JITSUDO_HOME=/tmp/jitsudo-demo-home",
        )
    return "\n".join(lines)


def _described(demo: Demo) -> list[str]:
    return [
        f"{person.name} ({', '.join(person.groups) or _without_groups(person.name)})"
        for person in demo.people
    ]


def _without_groups(name: str) -> str:
    return {"gus": "a guest", "xena": "another company"}.get(name, "no group")
