"""`jitsudo server check`: every part by itself, each with its fix."""

from contextlib import nullcontext
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.check import Finding, check_installation
from core.policy.bundle import write_starter
from core.store.migrate import migrate
from tests.support.issuers import CLIENT, Issuer
from tests.support.packages import Install
from tests.support.tls_files import Authority


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


def _providers(tmp_path: Path) -> dict[str, object]:
    """Return one provider that works, and one whose directory is not there."""
    here = {"kind": "door", "directory": str(tmp_path), "doors": ["east"]}
    return {"laboratory": here, "cellar": {**here, "directory": str(tmp_path / "no")}}


async def test_every_provider_says_who_we_are_there_or_what_to_do(
    install: Install, tmp_path: Path
) -> None:
    """In an installation that could serve, stand-in included."""
    install("door-provider", kind="door")
    write_starter(tmp_path / "policies")
    url = f"sqlite+aiosqlite:///{tmp_path / 'j.db'}"
    await migrate(url)

    parts = _by_part(
        await check_installation(
            {
                "JITSUDO_DATABASE_URL": url,
                "JITSUDO_POLICY_DIR": str(tmp_path / "policies"),
                "JITSUDO_GROUPS_FILE": str(tmp_path / "policies" / "groups.yaml"),
                "JITSUDO_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
                "JITSUDO_LOCAL_PROVIDER": "true",
            },
            {"providers": _providers(tmp_path)},
        )
    )

    assert parts["database"].is_ready
    assert parts["provider local"].is_ready
    assert parts["provider laboratory"].is_ready
    assert parts["provider laboratory"].detail == "badges for east"
    assert not parts["provider cellar"].is_ready
    assert parts["provider cellar"].detail == "the directory for badges is not mounted"


@pytest.mark.parametrize("crash", ["RuntimeError('fake-secret')", "OSError(5, 'x')"])
async def test_a_provider_that_cannot_be_loaded_or_crashes_hides_no_other(
    install: Install, tmp_path: Path, crash: str
) -> None:
    """Also where there is no database yet; what a crash says is not shown."""
    install("door-provider", kind="door")
    install(
        "crashing-cloud",
        kind="crashing",
        module=(
            "class Crashing:\n"
            f"    async def check(self): raise {crash}\n"
            "    async def close(self): pass\n"
            "def from_settings(name, settings, clock): return Crashing()\n"
        ),
    )
    providers = {
        **_providers(tmp_path),
        "attic": {"kind": "dor"},
        "shed": {"kind": "door", "doors": []},
        "crashing": {},
    }

    parts = _by_part(await check_installation({}, {"providers": providers}))

    assert parts["provider laboratory"].is_ready
    assert "no provider of kind 'dor'" in parts["provider attic"].detail
    assert "providers.shed.directory: is not set" in parts["provider shed"].detail
    assert parts["provider crashing"].detail.startswith("unexpected ")
    assert "fake-secret" not in parts["provider crashing"].detail
    assert not any(parts[f"provider {name}"].is_ready for name in ("attic", "shed"))


@pytest.mark.parametrize("is_up", [True, False], ids=["up", "down"])
async def test_identity_provider_says_who_it_is_or_what_happened(
    tmp_path: Path, issuer: Issuer, *, is_up: bool
) -> None:
    """Also where other parts cannot start."""
    environment = {
        "JITSUDO_OIDC_ISSUER": issuer.url,
        "JITSUDO_OIDC_CLIENT_ID": CLIENT,
        "JITSUDO_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'j.db'}",
    }
    with nullcontext() if is_up else issuer.down():
        parts = _by_part(await check_installation(environment, {}))

    found = parts["identity provider"]
    assert found.is_ready is is_up
    assert (f"{issuer.url} answers, 1 key" if is_up else "refused") in found.detail
    mended = f"JITSUDO_OIDC_ISSUER: {issuer.url} gives no keys"
    assert (mended in found.detail) is not is_up


async def test_issuer_that_calls_itself_otherwise_is_named(
    issuer: Issuer, tmp_path: Path
) -> None:
    """A slash too many is the usual mistake."""
    environment = {
        "JITSUDO_OIDC_ISSUER": f"{issuer.url}/",
        "JITSUDO_OIDC_CLIENT_ID": CLIENT,
        "JITSUDO_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'j.db'}",
    }
    found = _by_part(await check_installation(environment, {}))["identity provider"]

    assert not found.is_ready
    assert f"it says that it is '{issuer.url}', not '{issuer.url}/'" in found.detail


async def test_slack_over_http_is_told_of_certificates_it_does_not_have(
    tmp_path: Path,
) -> None:
    """Its deliveries would be cut off before anything of ours saw them."""
    authority = Authority(tmp_path)
    cert, key = authority.pair("server")
    settings = {
        "JITSUDO_TLS_CERT_FILE": str(cert),
        "JITSUDO_TLS_KEY_FILE": str(key),
        "JITSUDO_SLACK_CHANNEL": "access",
        "JITSUDO_SLACK_BOT_TOKEN": "xoxb-1",
        "JITSUDO_SLACK_API_URL": "http://127.0.0.1:9/api/",
        "JITSUDO_SLACK_SIGNING_SECRET": "s" * 32,
    }
    every = {**settings, "JITSUDO_TLS_CLIENT_CA_FILE": str(authority.root())}

    plain = _by_part(await check_installation(settings, {}))["slack settings"]
    closed = _by_part(await check_installation(every, {}))["slack settings"]

    assert plain.detail == "HTTP"
    assert "JITSUDO_TLS_CLIENT_CA_FILE" in closed.detail
    assert "a proxy that has one, or Socket Mode" in closed.detail
