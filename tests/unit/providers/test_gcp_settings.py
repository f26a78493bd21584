"""What the provider `gcp` takes as settings, and refuses when somebody asks."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.errors import Invalid, ProviderFailed
from core.providers.gcp import GcpProvider, from_settings
from core.providers.gcp_credentials import load_credentials, name_of
from core.providers.gcp_names import to_grantable_role, to_member
from tests.support.builders import ALICE, FrozenClock, an_ask

PROJECT = "shop-staging-1"


def a_provider(**settings: object) -> GcpProvider:
    """Return a provider that is never asked to call anybody."""
    return from_settings("gcp", settings, FrozenClock())


@pytest.mark.parametrize(
    ("role", "full"),
    [
        ("storage.objectViewer", "roles/storage.objectViewer"),
        ("roles/storage.objectViewer", "roles/storage.objectViewer"),
        (f"projects/{PROJECT}/roles/deployer", f"projects/{PROJECT}/roles/deployer"),
        ("organizations/77/roles/reader", "organizations/77/roles/reader"),
        ("browser", "roles/browser"),
    ],
)
def test_a_role_without_a_slash_is_predefined(role: str, full: str) -> None:
    """All three kinds of names are taken, and end up as Google spells them."""
    assert to_grantable_role(role, project=PROJECT) == full


@pytest.mark.parametrize(
    "role",
    [
        "owner",
        "roles/editor",
        "Viewer",
        "roles/",
        "roles/a/b",
        "projects/other-project/roles/deployer",
        f"projects/{PROJECT}/roles/../x",
        "organizations/acme/roles/reader",
        "folders/1/roles/reader",
        'roles/x"',
        "roles/x y",
        "roles/x\n",
    ],
)
def test_a_role_that_would_not_end_or_is_none_is_refused(role: str) -> None:
    """Basic roles take no condition; everything else has to be spelled as a role."""
    with pytest.raises(Invalid) as refused:
        a_provider().validate(an_ask(role=role, resource_scope=PROJECT))

    assert refused.value.field == "role"


@pytest.mark.parametrize(
    "scope",
    [
        "Shop-Staging-1",
        "short",
        "1shop-staging",
        "shop-staging-",
        "projects/shop-staging-1",
        "123456789012",
        "a" * 31,
        "shop-staging-1:setIamPolicy",
        "shop-staging-1/x",
        "shop-staging-1\n",
    ],
)
def test_a_scope_is_a_project_id(scope: str) -> None:
    """One name for one project; a number is another, which policy would not know."""
    with pytest.raises(Invalid) as refused:
        a_provider().validate(an_ask(role="browser", resource_scope=scope))

    assert refused.value.field == "scope"


def test_a_project_of_a_domain_is_a_scope() -> None:
    """Ids of long ago begin with a domain."""
    a_provider().validate(
        an_ask(role="browser", resource_scope="example.com:shop-staging")
    )


def test_a_duration_over_the_limit_is_refused_not_cut() -> None:
    """Whoever approves sees what will be granted."""
    provider = a_provider(max_duration="2h")
    longest = an_ask(
        role="browser", resource_scope=PROJECT, duration=timedelta(hours=2)
    )
    longer = an_ask(
        role="browser", resource_scope=PROJECT, duration=timedelta(hours=2, seconds=1)
    )

    provider.validate(longest)
    with pytest.raises(Invalid) as refused:
        provider.validate(longer)

    assert (refused.value.field, refused.value.why) == ("duration", "is longer than 2h")


@pytest.mark.parametrize(
    "role", ["resourcemanager.projectIamAdmin", "roles/iam.securityAdmin", "admin"]
)
def test_a_role_that_changes_the_policy_has_to_be_listed(role: str) -> None:
    """Its holder could make it last; with `allowed_roles` that is somebody's choice."""
    ask = an_ask(role=role, resource_scope=PROJECT)

    a_provider(allowed_roles=[role]).validate(ask)
    with pytest.raises(Invalid) as refused:
        a_provider().validate(ask)

    assert "allowed_roles" in refused.value.why


def test_allowed_roles_leave_no_others() -> None:
    """However the role is spelled, in the settings or by the person."""
    provider = a_provider(allowed_roles=["browser"])

    provider.validate(an_ask(role="roles/browser", resource_scope=PROJECT))
    with pytest.raises(Invalid) as refused:
        provider.validate(an_ask(role="logging.viewer", resource_scope=PROJECT))

    assert refused.value.field == "role"


@pytest.mark.parametrize(
    "settings",
    [
        {"endpoint": "http://resourcemanager.example.com"},
        {"endpoint": "https://example.com/v3"},
        {"endpoint": "https://me:secret@example.com"},
        {"endpoint": "ftp://127.0.0.1"},
        {"condition_title_prefix": ""},
        {"condition_title_prefix": "x" * 60},
        {"max_duration": "0s"},
        {"allowed_roles": ["a b"]},
        {"impersonate_service_account": "alice@example.com"},
        {"organization_id": "1"},
    ],
)
def test_a_setting_that_cannot_be_is_refused(settings: dict[str, object]) -> None:
    """Before the server serves; no token goes over a network in the clear."""
    with pytest.raises(ValidationError):
        a_provider(**settings)


@pytest.mark.parametrize(
    ("email", "member"),
    [
        (ALICE, f"user:{ALICE}"),
        ("o'neil+sre@example.com", "user:o'neil+sre@example.com"),
        (
            "bot@p.iam.gserviceaccount.com",
            "serviceAccount:bot@p.iam.gserviceaccount.com",
        ),
    ],
)
def test_people_are_users_and_robots_are_service_accounts(
    email: str, member: str
) -> None:
    """Google has a word before each."""
    assert to_member(email) == member


@pytest.mark.parametrize("email", ["allUsers", "a b@x.example", "a@x?uid=1", "a:b@x.y"])
def test_what_is_no_address_becomes_no_member(email: str) -> None:
    """Nothing that means more than one person to Google."""
    with pytest.raises(Invalid):
        to_member(email)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read"),
        ("not JSON", "no key of a service account"),
        ('{"type": "service_account"}', "no key of a service account"),
    ],
)
def test_a_key_that_is_none_says_which_setting(
    tmp_path: Path, content: str | None, why: str
) -> None:
    """In one line that holds nothing of the file."""
    key_file = tmp_path / "key.json"
    if content is not None:
        key_file.write_text(content, encoding="utf-8")

    with pytest.raises(ProviderFailed) as failed:
        load_credentials(provider="gcp", key_file=key_file, impersonate=None)

    assert "service_account_file" in failed.value.why
    assert why in failed.value.why


def test_no_credentials_on_this_machine_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable that Google's own tools read names a file that is not there."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))

    with pytest.raises(ProviderFailed) as failed:
        load_credentials(provider="gcp", key_file=None, impersonate=None)

    assert "service_account_file" in failed.value.why


def test_impersonation_acts_as_the_other_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From whatever this machine is, to the account that the settings name."""
    own = tmp_path / "adc.json"
    own.write_text(
        '{"type": "authorized_user", "client_id": "1", "client_secret": "2", '
        '"refresh_token": "3", "quota_project_id": "ops-123456"}',
        encoding="utf-8",
    )
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(own))
    wanted = "jitsudo@ops-123456.iam.gserviceaccount.com"

    plain = load_credentials(provider="gcp", key_file=None, impersonate=None)
    acting = load_credentials(provider="gcp", key_file=None, impersonate=wanted)

    assert name_of(plain) == "application default credentials"
    assert name_of(acting) == wanted
