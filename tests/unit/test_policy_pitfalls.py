"""What the embedded engine would read otherwise than OPA is found at load."""

from pathlib import Path

import pytest

from core.policy.files import read_files
from core.policy.pitfalls import find_pitfalls, find_unasked

HEADER = "package jitsudo.approval\n\nimport rego.v1\n\n"


@pytest.mark.parametrize(
    "rule",
    [
        "allow if not nobody",
        "allow if { x := nobody }",
        "allow if { some g in input.groups; g == nobody }",
        "allow if nobody in input.groups",
        "allow if input.x in [nobody]",
        "allow if { not nobody.is_blocked }",
        "allow if startswith(input.x, nobody)",
    ],
)
def test_a_name_that_nothing_defines_is_found(rule: str) -> None:
    """Its negation would be true."""
    assert find_pitfalls({"a.rego": HEADER + rule}) == [
        "a.rego:5: nothing defines nobody"
    ]


@pytest.mark.parametrize(
    "rule",
    [
        'allow if { every t in input.x { not t == "a" } }',
        'allow if every t in input.x {\n\tt != "b"\n\tnot startswith(t, "a")\n}',
        'allow if { every t in {"a", "b"} { t != ""; not t in input.x } }',
    ],
)
def test_a_not_inside_every_is_found(rule: str) -> None:
    """The embedded engine loses the variable there."""
    (found,) = find_pitfalls({"a.rego": HEADER + rule})

    assert found.startswith("a.rego:5: `not` inside `every`")


@pytest.mark.parametrize("source", ["", "nonsense", "# package a\n", "allow if true"])
def test_a_file_without_a_package_is_found(source: str) -> None:
    """The embedded engine would take it for nothing."""
    assert find_pitfalls({"a.rego": source}) == [
        "a.rego:1: does not begin with a package"
    ]


@pytest.mark.parametrize(
    "rules",
    [
        'default allow := false\nallow if input.user.groups[_] == "sre"',
        'allow if input.user.groups[i] == "sre"',
        'allow if { some i; input.user.groups[i] == "sre" }',
        "allow if { some i, g in input.user.groups; i > 0; g }",
        "allow if { [a, b] := [1, 2]; a < b }",
        "allow if { x = input.y; x }\nother if { input.y = z; z }",
        "allow if helper(input.x, 1)\nhelper(a, b) if a == b",
        "allow if { walk(input, [path, value]); path[0] == value }",
        "names := {n | some n in input.x}\nallow if count(names) == 1",
        "map := {k: v | some k, v in input.x}",
        "import data.limits as caps\nallow if caps.x < time.now_ns()",
        "import data.limits\nallow if limits.x",
        'deny contains msg if { msg := sprintf("%s", [input.x]) }',
        'allow if input.x == "nobody defines # this"  # nobody defines this',
        "allow if input.x == `nobody\ndefines this`\nb if allow",
        "allow if { every k, v in input.x { k != v } }\nother if not allow",
        "level := 1 if input.a else := 2 if input.b else := 3",
        "by_name[name] := value if some name, value in input.x",
        "allow if is_string(input.x) with input.y as data.z",
    ],
)
def test_ordinary_rego_is_left_alone(rules: str) -> None:
    """Every way of giving a name a value counts."""
    assert find_pitfalls({"a.rego": HEADER + rules}) == []


def test_names_of_other_files_count() -> None:
    """A package may be written in several files."""
    modules = {
        "a.rego": HEADER + "allow if helper",
        "b.rego": HEADER + "helper if input.x",
    }

    assert find_pitfalls(modules) == []


def test_the_starter_policy_has_no_pitfalls() -> None:
    """It is read alike by both engines."""
    starter = Path(__file__).parents[2] / "policies"

    assert find_pitfalls(read_files(starter).modules) == []


_ASKED = ("jitsudo.approval", "jitsudo.eligibility")
_RULE = "package jitsudo.eligibility\n\nallow if data.jitsudo.lib.is_open\n"


@pytest.mark.parametrize("package", ["jitsudo.elgibility", "eligibility"])
def test_a_package_that_nothing_asks_is_noted(package: str) -> None:
    """Its denials would deny nothing, and it compiles."""
    modules = {"a.rego": _RULE, "b.rego": f"# a freeze\npackage {package}\n\nx := 1\n"}

    (note,) = find_unasked(modules, _ASKED)

    assert note.startswith(f"b.rego: nothing asks or uses package {package};")
    assert "jitsudo.approval and jitsudo.eligibility" in note


@pytest.mark.parametrize(
    "package",
    ["jitsudo.approval", "jitsudo.lib", "jitsudo.lib.times"],
)
def test_a_package_that_is_used_is_not(package: str) -> None:
    """By its name, or by that of what it is below."""
    modules = {"a.rego": _RULE, "b.rego": f"package {package}\n\nx := 1\n"}

    assert find_unasked(modules, _ASKED) == []
