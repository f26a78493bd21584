"""The starter policy can be written out, and a directory checked before it is used."""

import re
import sys
from pathlib import Path

import pytest

from core.errors import Invalid
from core.policy.bundle import check_directory, starter_directory, write_starter
from tests.support.engines import STARTER, a_policy


@pytest.fixture(params=["opa", "embedded"])
def checker(request: pytest.FixtureRequest) -> str | None:
    """Return the `opa` binary, and then none, as on a machine without one."""
    if request.param == "opa":
        return str(request.getfixturevalue("opa_binary"))
    return None


def test_the_starter_passes_its_own_check(checker: str | None) -> None:
    """Strict, and with its Rego tests where there is an `opa`."""
    assert check_directory(starter_directory(), opa=checker) == []


def test_the_starter_is_written_once(tmp_path: Path) -> None:
    """Every file is copied, and none is ever replaced."""
    target = tmp_path / "new" / "policy"

    written = write_starter(target)

    assert [path.name for path in written] == sorted(p.name for p in STARTER.iterdir())
    for path in written:
        assert path.read_bytes() == (STARTER / path.name).read_bytes()

    (target / "approval.rego").write_text("mine")
    (target / "groups.yaml").unlink()
    with pytest.raises(Invalid, match=r"already has approval\.rego"):
        write_starter(target)
    assert (target / "approval.rego").read_text() == "mine"
    assert not (target / "groups.yaml").exists()


def test_a_target_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    """The reason is the system's own."""
    (tmp_path / "file").write_text("")

    with pytest.raises(Invalid, match="cannot be written"):
        write_starter(tmp_path / "file" / "policy")


def test_a_broken_file_is_named(checker: str | None, tmp_path: Path) -> None:
    """With its line, whichever checks."""
    a_policy(tmp_path, approval="allow if {")

    (problem, *_) = check_directory(tmp_path, opa=checker)

    assert re.search(r"approval\.rego:[56]", problem)


def test_a_name_that_nothing_defines_is_named(
    checker: str | None, tmp_path: Path
) -> None:
    """A slip of the pen is found before anybody is let in by it."""
    a_policy(tmp_path, approval="allow if not nobody")

    (problem, *_) = check_directory(tmp_path, opa=checker)

    assert "approval.rego:5" in problem
    assert "nobody" in problem


def test_a_failing_rego_test_is_a_problem(opa_binary: str, tmp_path: Path) -> None:
    """It is named; where there is no `opa`, Rego tests cannot run."""
    a_policy(tmp_path, approval="allow := true")
    (tmp_path / "approval_test.rego").write_text(
        "package jitsudo.approval_test\n\nimport data.jitsudo.approval\n\n"
        "test_nobody_may if not approval.allow\n"
    )

    problems = check_directory(tmp_path, opa=opa_binary)

    assert any("test_nobody_may: FAIL" in problem for problem in problems)


def test_a_missing_package_is_a_problem(tmp_path: Path) -> None:
    """The embedded engine tells which one."""
    (tmp_path / "e.rego").write_text("package jitsudo.eligibility\nallow := true\n")

    (problem,) = check_directory(tmp_path, opa=None)

    assert "no package jitsudo.approval" in problem


def test_a_missing_directory_is_a_problem(tmp_path: Path) -> None:
    """It is said, not thrown."""
    assert check_directory(tmp_path / "x") == [f"{tmp_path / 'x'} is no directory"]


NOT_IN_EVERY = """allow if {
	every group in input.user.groups {
		not group == "guest"
	}
}"""


def test_what_only_the_embedded_engine_refuses_is_a_problem(
    opa_binary: str, tmp_path: Path
) -> None:
    """OPA finds nothing wrong with it, but the server would not start with it."""
    a_policy(tmp_path, approval=NOT_IN_EVERY)

    (problem,) = check_directory(tmp_path, opa=opa_binary)

    assert problem.startswith(f"the embedded engine refuses: {tmp_path}/approval.rego:")
    assert "`not` inside `every`" in problem


def test_what_both_engines_refuse_is_told_by_both(
    opa_binary: str, tmp_path: Path
) -> None:
    """Each problem says whose it is; the server needs only one of the two."""
    a_policy(tmp_path, approval="allow if {")

    problems = check_directory(tmp_path, opa=opa_binary)

    assert problems[0].startswith("opa refuses: ")
    assert problems[-1].startswith("the embedded engine refuses: ")


def test_without_regopy_opa_alone_checks(
    opa_binary: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform without the evaluator runs an OPA server; that is enough then."""
    monkeypatch.setitem(sys.modules, "regopy", None)

    assert (
        check_directory(a_policy(tmp_path, approval=NOT_IN_EVERY), opa=opa_binary) == []
    )
    (problem,) = check_directory(tmp_path, opa=None)
    assert "JITSUDO_OPA_URL" in problem
