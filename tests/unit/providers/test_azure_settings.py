"""What the provider `azure` takes as settings, and refuses when somebody asks."""

from datetime import timedelta
from pathlib import Path

import pytest
from azure.identity.aio import (
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from pydantic import ValidationError

from core.errors import ConfigurationError, Invalid
from core.providers.azure import AzureProvider, from_settings
from core.providers.azure_credentials import name_of, to_credential
from core.providers.azure_names import (
    assignment_name,
    description_of,
    is_described,
    subscription_of,
    to_scope,
)
from core.providers.azure_settings import AzureSettings
from tests.support.builders import ALICE, BOB, FrozenClock, an_ask

SUBSCRIPTION = "0b1f6471-1bf0-4dda-aec3-111122223333"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/shop"
TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
SECRET = {
    "credential": "client_secret",
    "tenant_id": TENANT,
    "client_id": SUBSCRIPTION,
    "client_secret_variable": "AZURE_SECRET_OF_JITSUDO",
}


def a_provider(**settings: object) -> AzureProvider:
    """Return a provider that is never asked to call anybody."""
    return from_settings("azure", settings, FrozenClock())


@pytest.mark.parametrize(
    ("scope", "full"),
    [
        (SUBSCRIPTION, f"/subscriptions/{SUBSCRIPTION}"),
        (f"/subscriptions/{SUBSCRIPTION}/", f"/subscriptions/{SUBSCRIPTION}"),
        *(
            (path, path)
            for path in (
                f"/subscriptions/{SUBSCRIPTION}/resourceGroups/shop_1.(eu)",
                f"{GROUP}/providers/Microsoft.Storage/storageAccounts/pics",
                f"{GROUP}/providers/Microsoft.Sql/servers/s1/databases/d1",
                "/providers/Microsoft.Management/managementGroups/acme",
            )
        ),
    ],
)
def test_a_scope_is_a_path_or_a_subscription(scope: str, full: str) -> None:
    """A path stays as it is; an id alone is a subscription."""
    assert to_scope(scope) == full


@pytest.mark.parametrize(
    "scope",
    [
        "/",
        "shop",
        "/subscriptions/shop",
        f"subscriptions/{SUBSCRIPTION}",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/..",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/a/../b",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/a?x=1",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/a%2Fb",
        f"/subscriptions/{SUBSCRIPTION}//resourceGroups/a",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/a#",
        f"/subscriptions/{SUBSCRIPTION}\n",
        "/providers/Microsoft.Management/managementGroups/",
    ],
)
def test_what_is_no_scope_is_refused(scope: str) -> None:
    """Least of all the root, or what would be another address."""
    with pytest.raises(Invalid) as refused:
        a_provider().validate(an_ask(role="Reader", resource_scope=scope))

    assert refused.value.field == "scope"


@pytest.mark.parametrize(
    ("scope", "subscription"),
    [
        (f"/subscriptions/{SUBSCRIPTION}", SUBSCRIPTION),
        (f"/subscriptions/{SUBSCRIPTION}/resourceGroups/shop", SUBSCRIPTION),
        ("/providers/Microsoft.Management/managementGroups/acme", None),
    ],
)
def test_a_scope_is_in_one_subscription_or_in_none(
    scope: str, subscription: str | None
) -> None:
    """What the person's tools get is the id, never the path."""
    assert subscription_of(scope) == subscription


@pytest.mark.parametrize(
    "role",
    [
        "Owner",
        "owner",
        "8E3AF657-A8FF-443C-A75C-2FE8C4BCB635",
        "User Access Administrator",
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        "Role Based Access Control Administrator",
    ],
)
def test_a_role_that_assigns_roles_has_to_be_listed(role: str) -> None:
    """By name or id, in any case: its holder could stay for good."""
    ask = an_ask(role=role, resource_scope=SUBSCRIPTION)

    a_provider(allowed_roles=[role.upper()]).validate(ask)
    with pytest.raises(Invalid) as refused:
        a_provider().validate(ask)

    assert (refused.value.field, "allowed_roles" in refused.value.why) == ("role", True)


def test_allowed_roles_leave_no_others() -> None:
    """What is not listed is refused when it is asked for."""
    with pytest.raises(Invalid) as refused:
        a_provider(allowed_roles=["Reader"]).validate(
            an_ask(role="Contributor", resource_scope=SUBSCRIPTION)
        )

    assert refused.value.field == "role"


def test_a_duration_over_the_limit_is_refused_not_cut() -> None:
    """Whoever approves sees what will be granted."""
    provider = a_provider(max_duration="2h")
    ask = an_ask(
        role="Reader", resource_scope=SUBSCRIPTION, duration=timedelta(hours=3)
    )

    with pytest.raises(Invalid) as refused:
        provider.validate(ask)

    assert (refused.value.field, refused.value.why) == ("duration", "is longer than 2h")


def test_a_lane_is_one_however_it_is_written() -> None:
    """Azure ignores case, and a subscription has two spellings; people are people."""
    provider = a_provider()
    short = an_ask(role="Reader", resource_scope=SUBSCRIPTION)
    long = an_ask(
        role="READER", resource_scope=f"/SUBSCRIPTIONS/{SUBSCRIPTION.upper()}/"
    )

    assert provider.lane(ALICE, short) == provider.lane(ALICE.upper(), long)
    assert provider.lane(ALICE, short) != provider.lane(BOB, short)


def test_an_id_follows_from_person_role_scope_and_mark() -> None:
    """The same for ever, or an update would disown what an older version made."""
    parts = {"mark": "jitsudo", "lane": "a|b|/s", "role_id": "r", "principal_id": "p"}
    first = assignment_name(**parts)

    assert first == "18a8f1ae-a35f-5f67-97f2-16cc4c5ff1cd"
    assert first == assignment_name(**{**parts, "role_id": "R"})
    assert (
        len({assignment_name(**{**parts, name: "x"}) for name in parts} | {first}) == 5
    )


def test_a_description_tells_marks_and_lanes_apart() -> None:
    """It says which installation and which lane an assignment is for."""
    described = description_of(mark="jitsudo", lane="a|b|c", request_id="req_1")

    assert is_described(described, mark="jitsudo", lane="a|b|c")
    assert not is_described(described, mark="jitsudo2", lane="a|b|c")
    assert not is_described(described, mark="jitsudo", lane="a|b|d")
    assert not is_described("for good", mark="jitsudo", lane="a|b|c")


@pytest.mark.parametrize(
    "settings",
    [
        {"arm_endpoint": "http://management.azure.example"},
        {"graph_endpoint": "https://graph.example/v1.0"},
        {"authority_host": "login.example"},
        {"mark": "two words"},
        {"max_duration": "0s"},
        {"credential": "password"},
        {"credential": "client_secret"},
        {"tenant_id": TENANT},
        {"client_id": SUBSCRIPTION},
        {"credential": "managed_identity", "tenant_id": TENANT},
        {"client_secret_variable": "X"},
        {"default_subscription_id": SUBSCRIPTION},
    ],
)
def test_a_setting_that_cannot_be_is_refused(settings: dict[str, object]) -> None:
    """Also one that this kind of credential would pass over in silence."""
    with pytest.raises(ValidationError):
        a_provider(**settings)


@pytest.mark.parametrize(
    ("settings", "kind", "name"),
    [
        ({}, DefaultAzureCredential, "default"),
        (SECRET, ClientSecretCredential, f"client secret of {SUBSCRIPTION}"),
        (
            {"credential": "managed_identity", "client_id": SUBSCRIPTION},
            ManagedIdentityCredential,
            f"managed identity of {SUBSCRIPTION}",
        ),
        (
            {
                "credential": "workload_identity",
                "tenant_id": TENANT,
                "client_id": SUBSCRIPTION,
            },
            WorkloadIdentityCredential,
            f"workload identity of {SUBSCRIPTION}",
        ),
    ],
)
async def test_each_kind_of_credential_is_azures_own(
    settings: dict[str, object],
    kind: type,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Built from the settings and the named variable; nobody is asked."""
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))
    own = AzureSettings.model_validate(settings)

    credential = to_credential("azure", own, {"AZURE_SECRET_OF_JITSUDO": "s3cret"})

    assert type(credential) is kind
    assert name_of(own) == name
    await credential.close()


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (SECRET, "AZURE_SECRET_OF_JITSUDO"),
        ({"credential": "workload_identity"}, "tenant_id"),
    ],
)
def test_a_credential_that_cannot_be_had_stops_the_start(
    settings: dict[str, object], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the setting, and the variable that holds nothing."""
    for variable in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_SECRET_OF_JITSUDO"):
        monkeypatch.delenv(variable, raising=False)

    with pytest.raises(ConfigurationError) as stopped:
        a_provider(**settings)

    assert stopped.value.setting == "providers.azure.credential"
    assert why in stopped.value.why
