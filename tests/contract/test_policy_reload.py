"""The embedded engine takes what changed, and keeps what works."""

from pathlib import Path

import pytest

from core.errors import ConfigurationError, PolicyUnavailable
from core.policy.embedded import EmbeddedEngine
from tests.support.builders import a_question
from tests.support.engines import a_policy, healthy

KEPT = "the policy before it stays in force"
LOADING = "changed files are being loaded"


async def test_good_broken_good(tmp_path: Path) -> None:
    """A broken file is named in one line, and the policy before it stays."""
    engine = await EmbeddedEngine.open(
        a_policy(tmp_path, approval='reason := "first"'), check_seconds=0
    )
    first = await engine.ask(a_question())

    a_policy(tmp_path, approval='reason := "broken')
    broken = await healthy(engine, lambda health: health.detail.endswith(KEPT))
    kept = await engine.ask(a_question())

    a_policy(tmp_path, approval='reason := "third"')
    changed = await healthy(engine, lambda health: health.revision != first.revision)
    third = await engine.ask(a_question())
    await engine.close()

    assert (first.reason, kept.reason, third.reason) == ("first", "first", "third")
    assert first.revision == kept.revision != third.revision
    assert broken.is_ready
    assert f"{tmp_path}/approval.rego:5: " in broken.detail
    assert "\n" not in broken.detail
    assert (changed.is_ready, changed.revision) == (True, third.revision)
    assert changed.detail == f"2 files in {tmp_path}"
    assert changed.files == ("approval.rego", "eligibility.rego")


async def test_a_tightened_policy_is_in_force_although_nobody_asks(
    tmp_path: Path,
) -> None:
    """The server looks at health every two seconds; that takes the change in."""
    engine = await EmbeddedEngine.open(
        a_policy(tmp_path, approval="allow := true"), check_seconds=0
    )
    before = await engine.ask(a_question())

    a_policy(tmp_path, approval='allow := false\n\nreason := "closed now"')
    await healthy(engine, lambda health: health.revision != before.revision)
    after = await engine.ask(a_question())
    await engine.close()

    assert before.allow
    assert (after.allow, after.reason) == (False, "closed now")


async def test_the_directory_is_not_read_for_every_question(tmp_path: Path) -> None:
    """Within the interval a change is not noticed; that is what it costs."""
    engine = await EmbeddedEngine.open(
        a_policy(tmp_path, approval='reason := "first"'), check_seconds=3600
    )

    a_policy(tmp_path, approval='reason := "second"')
    answer = await engine.ask(a_question())
    await engine.close()

    assert answer.reason == "first"


async def test_a_set_that_errs_when_asked_is_refused(tmp_path: Path) -> None:
    """Compiling is not enough: each package is asked once before it is in force."""
    engine = await EmbeddedEngine.open(
        a_policy(tmp_path, approval="allow := true"), check_seconds=0
    )

    (tmp_path / "extra.rego").write_text("package jitsudo.approval\nallow := false\n")
    health = await healthy(engine, lambda health: health.detail.endswith(KEPT))
    answer = await engine.ask(a_question())
    await engine.close()

    assert answer.allow
    assert "approval.rego" in health.detail
    assert "extra.rego" in health.detail


async def test_an_emptied_directory_allows_nothing(tmp_path: Path) -> None:
    """Deleting the policy is no way to keep it."""
    engine = await EmbeddedEngine.open(
        a_policy(tmp_path, approval="allow := true"), check_seconds=0
    )

    for name in ("approval.rego", "eligibility.rego"):
        (tmp_path / name).unlink()
    await healthy(engine, lambda health: not health.is_ready)
    with pytest.raises(PolicyUnavailable, match="no policy is loaded"):
        await engine.ask(a_question())
    health = await engine.health()
    await engine.close()

    assert not health.is_ready


async def test_a_directory_that_went_away_keeps_the_policy(tmp_path: Path) -> None:
    """An unmounted volume is told in health, and changes nothing."""
    directory = tmp_path / "policy"
    directory.mkdir()
    engine = await EmbeddedEngine.open(
        a_policy(directory, approval="allow := true"), check_seconds=0
    )

    directory.rename(tmp_path / "elsewhere")
    answer = await engine.ask(a_question())
    health = await engine.health()
    await engine.close()

    assert answer.allow
    assert "is no directory" in health.detail


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        (
            "approval.rego",
            "package jitsudo.approval\nallow if {\n",
            r"approval\.rego:2",
        ),
        ("approval.rego", "nonsense", r"approval\.rego:1"),
        ("approval.rego", b"\xff\xfe", "approval.rego: cannot be read"),
        ("data.json", "[1]", "data.json: is no JSON object"),
        ("data.json", "{", "data.json: cannot be read"),
        (
            "approval.rego",
            'package jitsudo.approval\nallow if nowhere(1)\ndeny := {"x"}',
            "approval.rego: .*function",
        ),
        (
            "approval.rego",
            "package jitsudo.approval\nallow if other\nother if allow",
            r"approval\.rego: ",
        ),
    ],
)
async def test_a_broken_directory_is_refused_at_the_start(
    tmp_path: Path, name: str, content: str | bytes, why: str
) -> None:
    """The file is named, in one line."""
    raw = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "eligibility.rego").write_text("package jitsudo.eligibility\n")
    (tmp_path / name).write_bytes(raw)

    with pytest.raises(ConfigurationError, match=why) as caught:
        await EmbeddedEngine.open(tmp_path)

    assert caught.value.setting == "JITSUDO_POLICY_DIR"
    assert "\n" not in str(caught.value)


async def test_a_directory_without_rego_is_refused_at_the_start(tmp_path: Path) -> None:
    """It says how to get a policy to start from."""
    for directory in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ConfigurationError, match="jitsudo policy init"):
            await EmbeddedEngine.open(directory)


async def test_tests_and_hidden_files_are_not_loaded(tmp_path: Path) -> None:
    """Rego tests are for `opa test`; hidden folders are a volume's bookkeeping."""
    a_policy(tmp_path, approval="allow := true")
    (tmp_path / "approval_test.rego").write_text("broken {")
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "approval.rego").write_text("broken {")

    engine = await EmbeddedEngine.open(tmp_path)
    health = await engine.health()
    await engine.close()

    assert health.files == ("approval.rego", "eligibility.rego")


async def test_a_reload_that_is_asked_for_waits_for_what_changed(
    tmp_path: Path,
) -> None:
    """It looks at once, whatever the interval; what is broken is an error."""
    engine = await EmbeddedEngine.open(
        a_policy(tmp_path, approval='reason := "first"'), check_seconds=3600
    )

    a_policy(tmp_path, approval='reason := "second"')
    health = await engine.reload()
    second = await engine.ask(a_question())
    a_policy(tmp_path, approval='reason := "broken')
    with pytest.raises(PolicyUnavailable, match="the policy before it stays"):
        await engine.reload()
    kept = await engine.ask(a_question())
    await engine.close()

    assert (second.reason, second.revision) == ("second", health.revision)
    assert kept.reason == "second"
