"""`jitsudo server check`: every part by itself, each with its fix."""

from pathlib import Path

from bot.check import Finding, check_installation
from core.policy.bundle import write_starter


def _by_part(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.part: finding for finding in findings}


async def test_a_fresh_shell_is_told_everything_that_is_missing() -> None:
    """Nothing is set: database, policy, groups and key each say what to set."""
    parts = _by_part(await check_installation({}, {}))

    assert "JITSUDO_DATABASE_URL: is not set; for example" in parts["settings"].detail
    assert "JITSUDO_POLICY_DIR" in parts["policy"].detail
    assert "JITSUDO_GROUPS_FILE" in parts["groups"].detail
    assert "JITSUDO_ENCRYPTION_KEYS" in parts["key"].detail
    for name in ("settings", "policy", "groups", "key"):
        assert not parts[name].is_ready


async def test_one_broken_part_hides_no_other(tmp_path: Path) -> None:
    """A database without a schema and no key: policy and groups are still tested."""
    write_starter(tmp_path / "policies")
    parts = _by_part(
        await check_installation(
            {
                "JITSUDO_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'j.db'}",
                "JITSUDO_POLICY_DIR": str(tmp_path / "policies"),
                "JITSUDO_GROUPS_FILE": str(tmp_path / "policies" / "groups.yaml"),
            },
            {},
        )
    )

    assert "jitsudo server migrate" in parts["database"].detail
    assert parts["policy"].is_ready
    assert parts["groups"].is_ready
    assert "JITSUDO_ENCRYPTION_KEYS" in parts["key"].detail
