"""What a hostile or broken policy file does to a server that is running."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.demos import DemoDriver, eventually
from tests.support.grounds import policy_with, write
from tests.support.installations import Installation, installed

APPROVAL = "package jitsudo.approval\n\nimport rego.v1\n\n"

PRYING = """deny contains json.marshal(opa.runtime().env) if input.request.role == "pry"
"""

LOOPING = """ns := numbers.range(1, 400)

deny contains "looped" if {
	input.request.role == "loop"
	input.action == "approve"
	count([1 | some a in ns; some b in ns; some c in ns; (a * b) * c < 0]) > 0
}
"""

CATASTROPHIC = """deny contains "matched" if {
	input.request.role == "regex"
	input.action == "approve"
	regex.match("^(a|a)*$", input.request.reason)
}
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Yield a server whose environment holds keys and tokens."""
    home = tmp_path_factory.mktemp("house")
    with installed(home, f"sqlite+aiosqlite:///{home / 'jitsudo.db'}") as installation:
        yield installation
        assert installation.cli("erin", "audit", "verify").code == 0


def secrets_of(house: Installation) -> list[str]:
    """Return what nobody but the server may ever read."""
    return [
        house.environment["JITSUDO_ENCRYPTION_KEYS"],
        house.environment["JITSUDO_SLACK_BOT_TOKEN"],
        house.environment["JITSUDO_SLACK_SIGNING_SECRET"],
    ]


def test_a_policy_that_reads_the_environment_finds_nothing(
    house: Installation,
) -> None:
    """Neither who is refused, nor the log, nor the audit events hold a secret."""
    request_id = house.submit(role="pry")

    with policy_with(house, "added", APPROVAL + PRYING):
        pressed = house.told("bob", request_id)
        typed = house.cli("bob", "approve", request_id)

    events = house.cli("erin", "audit", "--request", request_id, "-o", "json")
    assert typed.code == 4
    assert "Not allowed: {" in pressed
    for text in (pressed, typed.err, events.out, house.log.read_text()):
        assert "JITSUDO_" not in text
        for secret in secrets_of(house):
            assert secret not in text
    assert house.state_of(request_id) == "PENDING"


@pytest.mark.parametrize(
    ("role", "rules"), [("loop", LOOPING), ("regex", CATASTROPHIC)]
)
def test_a_policy_that_never_ends_grants_nothing_and_holds_up_nobody(
    house: Installation, role: str, rules: str
) -> None:
    """Slack gets its ack in time; the next request is decided as ever."""
    request_id = house.submit(role=role, reason="a" * 1_990 + "!")
    house.card(request_id)

    with policy_with(house, "added", APPROVAL + rules):
        card = house.card(request_id)
        answer = house.control(
            "click",
            user="bob",
            channel="access",
            ts=card["ts"],
            action_id="approve",
            wait_ms=5_000 if role == "loop" else 300,
        )
        other = house.submit()
        decided = eventually(
            lambda: house.decide("bob", other, "approve")[0] == 200, "a decision"
        )

    assert answer["error"] is None
    assert answer["ack"]["ms"] < 2_900
    assert decided
    if role == "loop":
        assert "Policy gave no clear answer" in " ".join(answer["ephemeral"])
        assert house.state_of(request_id) == "PENDING"
        assert house.shown(request_id)["decisions"] == []
    else:
        # An answer in time is as good as none: it does not match.
        assert "matched" not in " ".join(answer["ephemeral"])
    house.check_chain()


@pytest.mark.parametrize(
    "rego",
    [
        "package jitsudo.approval\n\nallow if {",
        "allow := true",
        "package jitsudo.approval\n\nimport rego.v1\n\nallow if undefined_function(1)",
        "<<<<<<< HEAD\n",
        "\0\0",
    ],
    ids=["cut off", "no package", "unknown function", "a merge", "NUL"],
)
def test_a_policy_that_cannot_be_read_leaves_the_former_in_force(
    house: Installation, rego: str
) -> None:
    """Its file is named in the log; who was refused before is refused still."""
    request_id = house.submit()
    added = house.policies / "broken.rego"
    size = len(house.log.read_text())
    write(added, rego)
    try:
        # A question is what makes the engine look at its files.
        eventually(
            lambda: (
                house.decide("dave", request_id, "approve")[0] == 403
                and "broken.rego" in house.log.read_text()[size:]
            ),
            "the broken file in the log",
        )
        refused = house.told("dave", request_id)
        asked = house.submit()
        approved, _ = house.decide("bob", asked, "approve")
    finally:
        added.unlink()

    assert "only sre-lead may decide this" in refused
    assert approved == 200
    assert house.state_of(request_id) == "PENDING"


def test_policy_check_names_the_broken_file(demo: DemoDriver, tmp_path: Path) -> None:
    """Before it is put in force, on one line of standard error."""
    for path in demo.policies.glob("*.rego"):
        write(tmp_path / path.name, path.read_text())
    write(tmp_path / "broken.rego", "package jitsudo.approval\n\nallow if {")

    done = demo.cli("bob", "policy", "check", str(tmp_path))

    assert done.code == 1
    assert "broken.rego" in done.err + done.out
