"""`jitsudo server check`: each source of groups by itself, and Slack's scope."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.check import check_installation
from bot.sandbox.app import Sandbox
from bot.sandbox.methods import DEFAULT_SCOPES
from bot.sandbox.server import serving
from bot.sandbox.user_groups import UserGroup
from core.policy.bundle import write_starter
from core.store.migrate import migrate


@pytest.mark.parametrize("has_scope", ["granted", "missing"])
async def test_a_source_that_cannot_be_read_is_named_with_its_fix(
    tmp_path: Path, has_scope: str
) -> None:
    """The file and the sign-ins are well all the same."""
    write_starter(tmp_path / "policies")
    url = f"sqlite+aiosqlite:///{tmp_path / 'j.db'}"
    await migrate(url)
    scopes = (*DEFAULT_SCOPES, *(["usergroups:read"] if has_scope == "granted" else []))

    async with serving(Sandbox(pacing=False, scopes=scopes)) as sandbox:
        environment = {
            "JITSUDO_DATABASE_URL": url,
            "JITSUDO_POLICY_DIR": str(tmp_path / "policies"),
            "JITSUDO_GROUPS_FILE": str(tmp_path / "policies" / "groups.yaml"),
            "JITSUDO_GROUPS_FROM": "file,slack,oidc",
            "JITSUDO_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "JITSUDO_SLACK_CHANNEL": "access",
            "JITSUDO_SLACK_BOT_TOKEN": sandbox.bot_token,
            "JITSUDO_SLACK_APP_TOKEN": sandbox.app_token,
            "JITSUDO_SLACK_API_URL": sandbox.api_url,
            "JITSUDO_SLACK_ALLOW_SHARED_CHANNELS": "true",
        }
        found = await check_installation(environment, {})

    parts = {finding.part: finding for finding in found}
    is_well = has_scope == "granted"
    assert parts["groups from file"].is_ready
    assert parts["groups from oidc"].is_ready
    for name in ("groups", "groups from slack", "slack scopes"):
        assert parts[name].is_ready is is_well
        assert is_well or "usergroups:read" in parts[name].detail
    if is_well:
        assert parts["admins"].detail == "1 in jitsudo-admins"
    else:
        assert "put them among the manifest's scopes" in parts["slack scopes"].detail


@pytest.mark.parametrize("may_name_admins", ["true", "false"])
async def test_an_installation_without_admins_is_told_so(
    tmp_path: Path, may_name_admins: str
) -> None:
    """A user group of that name makes nobody one, unless a setting says so."""
    write_starter(tmp_path / "policies")
    url = f"sqlite+aiosqlite:///{tmp_path / 'j.db'}"
    await migrate(url)
    scopes = (*DEFAULT_SCOPES, "usergroups:read")

    async with serving(Sandbox(pacing=False, scopes=scopes)) as sandbox:
        erin = sandbox.workspace.person("erin")
        sandbox.workspace.user_groups["jitsudo-admins"] = UserGroup(
            id="S0ADMINS", handle="jitsudo-admins", users=[erin.id]
        )
        environment = {
            "JITSUDO_DATABASE_URL": url,
            "JITSUDO_POLICY_DIR": str(tmp_path / "policies"),
            "JITSUDO_GROUPS_FROM": "slack",
            "JITSUDO_ADMIN_GROUPS_FROM_SLACK": may_name_admins,
            "JITSUDO_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "JITSUDO_SLACK_CHANNEL": "access",
            "JITSUDO_SLACK_BOT_TOKEN": sandbox.bot_token,
            "JITSUDO_SLACK_APP_TOKEN": sandbox.app_token,
            "JITSUDO_SLACK_API_URL": sandbox.api_url,
            "JITSUDO_SLACK_ALLOW_SHARED_CHANNELS": "true",
        }
        found = await check_installation(environment, {})

    admins = next(finding for finding in found if finding.part == "admins")
    assert admins.is_ready is (may_name_admins == "true")
    assert admins.is_ready or "JITSUDO_ADMIN_GROUPS_FROM_SLACK" in admins.detail
