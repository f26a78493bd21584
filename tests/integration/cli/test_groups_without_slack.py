"""Direct mode where groups come from Slack: it refuses, and says where to go."""

from pathlib import Path

from cryptography.fernet import Fernet

from core.policy.bundle import write_starter
from tests.support.terminals import run_jitsudo


def test_direct_mode_decides_nothing_by_groups_it_cannot_read(
    tmp_path: Path, sqlite_url: str
) -> None:
    """An operator still issues the token; its owner is in no group here."""
    write_starter(tmp_path / "policies")
    environment = {
        "JITSUDO_SERVER": sqlite_url,
        "JITSUDO_POLICY_DIR": str(tmp_path / "policies"),
        "JITSUDO_GROUPS_FROM": "slack",
        "JITSUDO_LOCAL_PROVIDER": "true",
        "JITSUDO_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    }
    home = tmp_path / "home"

    issued = run_jitsudo(
        "token", "issue", "--email", "alice@example.com", "-q",
        home=home, environment=environment,
    )  # fmt: skip
    token = {"JITSUDO_TOKEN": issued.stdout.strip()}
    asked = run_jitsudo(
        "request", "--provider", "local", "--role", "r", "--scope", "s",
        home=home, environment={**environment, **token},
    )  # fmt: skip

    assert issued.returncode == 0
    assert asked.returncode == 7
    assert "slack: groups come from Slack" in asked.stderr
    assert "use such a server" in asked.stderr
