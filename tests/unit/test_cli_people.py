"""`whoami`, `principal show|trust`, `policy doctor`, `server reload-policies`."""

import json
from datetime import timedelta

import pytest

from core.approvals import Identity, PrincipalFacts, RequestPage
from core.domain.approvers import ApproverReport, Candidate, Finding, Preview
from core.domain.identity import GroupsFrom
from core.errors import DirectoryUnavailable, PolicyUnavailable
from core.vocabulary import GroupSource, Tier, TokenScope
from tests.support.builders import ALICE, BOB, ERIN, NOON
from tests.support.terminals import TestTerminal

_STALE = GroupsFrom(
    source=GroupSource.OIDC,
    note="signed in 2026-03-18 12:00 UTC, too long ago",
    advice="sign in again with `jitsudo login`",
)
_FILE = GroupsFrom(source=GroupSource.FILE, groups=frozenset({"sre", "sre-lead"}))
_EMPTY = Finding(
    code="empty_group",
    problem="approver group x is empty or unknown",
    todo="put people into it",
    asks=("a", "b", "c", "d"),
)


def test_whoami_says_where_groups_come_from(terminal: TestTerminal) -> None:
    """What to do about a source that forgot is on standard error."""
    terminal.approvals.identity = Identity(
        email=BOB,
        groups=("sre", "sre-lead"),
        trust_tier=0,
        scopes=frozenset(TokenScope),
        sources=(_FILE, _STALE),
    )

    here = ("--server", "http://127.0.0.1:8080", "--token", "t")
    result = terminal.run("whoami", *here)
    document = json.loads(terminal.run("whoami", *here, "-o", "json").stdout)

    assert "  from file: sre, sre-lead" in result.stdout
    assert "  from oidc: - (signed in 2026-03-18 12:00 UTC" in result.stdout
    assert "oidc: sign in again with `jitsudo login`" in result.stderr
    assert document["group_sources"][0] == {
        "source": "file",
        "groups": ["sre", "sre-lead"],
        "note": "",
        "until": None,
        "advice": "",
    }


def test_a_principal_is_shown_with_all_that_is_known(terminal: TestTerminal) -> None:
    """Who trusts them, since when, and where their groups come from."""
    terminal.approvals.facts = PrincipalFacts(
        email=BOB,
        trust_tier=3,
        is_disabled=True,
        notes="on call",
        enrolled_by=ERIN,
        enrolled_at=NOON,
        last_seen_at=NOON + timedelta(hours=1),
        sources=(_FILE, _STALE),
    )

    result = terminal.run("principal", "show", "Bob@Example.com")

    assert terminal.approvals.asked == [("principal", BOB)]
    for shown in (
        "disabled",
        f"3 (by {ERIN} at 2026-03-20T12:00:00Z)",
        "2026-03-20T13:00:00Z",
        "on call",
    ):
        assert shown in result.stdout
    assert "They read: sign in again" in result.stderr


def test_notes_cannot_paint_the_terminal(terminal: TestTerminal) -> None:
    """Whatever a server says is shown, not obeyed."""
    terminal.approvals.facts = PrincipalFacts(
        email=BOB, trust_tier=0, is_disabled=False, notes="\x1b[2Jgone"
    )
    terminal.approvals.report = ApproverReport(
        checked=1, findings=(Finding(code="x", problem="\x1b[2J", todo="\x07"),)
    )

    shown = terminal.run("principal", "show", BOB).stdout
    shown += terminal.run("policy", "doctor").stdout

    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_trust_is_set_with_notes(terminal: TestTerminal) -> None:
    """One line says that it is done, and whether nobody knows such a person."""
    result = terminal.run("principal", "trust", BOB, "3", "--notes", "on call")

    assert result.stdout == f"Principal {BOB} → trust tier 3\n"
    assert "Nobody with this e-mail" in result.stderr
    assert terminal.approvals.asked == [("trust_principal", BOB, 3, "on call")]


@pytest.mark.parametrize("tier", ["5", "-1", "high", ""])
def test_a_tier_is_0_to_4(terminal: TestTerminal, tier: str) -> None:
    """Anything else is a mistake of the caller's; nothing is sent."""
    assert terminal.run("principal", "trust", BOB, "--", tier).exit_code == 2
    assert terminal.approvals.asked == []


def test_the_doctor_ends_with_1_if_it_finds_something(terminal: TestTerminal) -> None:
    """What is wrong, whom it concerns, and what to do."""
    well = terminal.run("policy", "doctor")
    terminal.approvals.report = ApproverReport(
        checked=4, findings=(_EMPTY,), notes=("Slack was not asked",)
    )
    ill = terminal.run("policy", "doctor")

    assert (well.exit_code, well.stdout) == (0, "")
    assert ill.exit_code == 1
    assert ill.stdout.splitlines() == [
        "approver group x is empty or unknown",
        "  concerns: a; b; c; and 1 more",
        "  to do:    put people into it",
    ]
    assert "Slack was not asked" in ill.stderr


def test_a_dry_run_says_who_would_be_notified(terminal: TestTerminal) -> None:
    """How many, who, and why not the others."""
    terminal.approvals.previewed = Preview(
        requester=ALICE,
        tier=Tier.HUMAN,
        required_approvals=2,
        approver_groups=("sre-lead",),
        notify_groups=("sre-lead",),
        notified=(BOB, ERIN),
        candidates=(
            Candidate(email=BOB, groups=("sre-lead",)),
            Candidate(email=ERIN, groups=("sre-lead",), why_not="is disabled"),
        ),
    )

    result = terminal.run(
        "policy", "doctor", "--requester", ALICE, "--provider", "local",
        "--role", "infra-admin", "--scope", "prod", "--duration", "2h",
    )  # fmt: skip

    assert result.exit_code == 0
    assert f"This would notify 2 people: {BOB}, {ERIN}" in result.stdout
    assert f"  {ERIN} (sre-lead): no: is disabled" in result.stdout
    ((_, requester, ask),) = terminal.approvals.asked
    assert requester == ALICE
    assert "infra-admin" in str(ask)


def test_a_dry_run_of_who_may_not_ask_promises_nothing(
    terminal: TestTerminal,
) -> None:
    """Why they may not; whom it would call is only what it would be."""
    terminal.approvals.previewed = Preview(
        requester=ALICE,
        refusal="only members of sre may ask",
        tier=Tier.HUMAN,
        required_approvals=1,
        approver_groups=("sre-lead",),
        notify_groups=("sre-lead",),
        notified=(BOB,),
    )

    result = terminal.run(
        "policy", "doctor", "--requester", ALICE, "--provider", "local",
        "--role", "infra-admin", "--scope", "prod",
    )  # fmt: skip

    assert result.exit_code == 1
    assert result.stdout.splitlines()[:2] == [
        f"{ALICE} may not ask: only members of sre may ask",
        f"If they could: This would notify 1 person: {BOB}",
    ]


def test_a_dry_run_needs_the_whole_ask(terminal: TestTerminal) -> None:
    """Half of one is not taken for a look at everything."""
    assert terminal.run("policy", "doctor", "--requester", ALICE).exit_code == 2
    assert terminal.approvals.asked == []


def test_a_reload_says_what_is_in_force(terminal: TestTerminal) -> None:
    """The revision, and what the engine says of it."""
    result = terminal.run("server", "reload-policies")

    assert result.stdout == "Policy rev-1 is in force: 2 files\n"


def test_a_policy_that_cannot_be_loaded_is_named(terminal: TestTerminal) -> None:
    """Nothing was to be decided, so nothing is said of a decision."""
    terminal.approvals.failure = PolicyUnavailable(why="a.rego:2: this is unclosed")

    result = terminal.run("server", "reload-policies")

    assert (result.exit_code, result.stdout) == (7, "")
    assert result.stderr == (
        "Error: no newer policy was loaded: a.rego:2: this is unclosed\n"
    )


@pytest.fixture
def forgotten(terminal: TestTerminal) -> TestTerminal:
    """Return a terminal of somebody of whom one source knows nothing any more."""
    terminal.approvals.page = RequestPage(records=(), next_before=None)
    terminal.approvals.identity = Identity(
        email=BOB,
        groups=("sre",),
        trust_tier=0,
        scopes=frozenset(TokenScope),
        sources=(_FILE, _STALE),
    )
    return terminal


def test_an_empty_list_says_which_source_of_groups_forgot_somebody(
    forgotten: TestTerminal,
) -> None:
    """Otherwise nobody knows why there is nothing to decide any more."""
    shown = forgotten.run("status", "--pending")
    piped = forgotten.run("status", "--pending", "-o", "json")

    assert "No requests found." in shown.stderr
    assert "oidc: sign in again with `jitsudo login`" in shown.stderr
    assert "sign in again" not in piped.stderr


def test_an_operator_is_not_told_to_sign_in(forgotten: TestTerminal) -> None:
    """Who stands at the database sees every request, in no group at all."""
    forgotten.is_direct = True

    shown = forgotten.run("status", "--pending")

    assert "No requests found." in shown.stderr
    assert "sign in again" not in shown.stderr


def test_an_empty_list_is_no_failure_while_groups_cannot_be_read(
    forgotten: TestTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked for was answered; only why it is empty is not known."""

    async def away() -> Identity:
        raise DirectoryUnavailable(why="Slack does not answer")

    monkeypatch.setattr(forgotten.approvals, "whoami", away)

    shown = forgotten.run("status", "--mine")

    assert shown.exit_code == 0
    assert "No requests found." in shown.stderr
    assert "Slack does not answer" in shown.stderr
