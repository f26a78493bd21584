"""The settings file's `providers:` finds `azure` and `gcp` by their names."""

from pathlib import Path

import pytest

from core.clock import SystemClock
from core.errors import ConfigurationError
from core.providers.azure import AzureProvider
from core.providers.gcp import GcpProvider
from core.providers.loading import load_providers
from core.settings import load_core

DATABASE = {"JITSUDO_DATABASE_URL": "sqlite+aiosqlite:///x.db"}


async def test_both_are_loaded_by_name_or_kind(tmp_path: Path) -> None:
    """A second project or tenant is a second name; nothing is connected to."""
    file = {
        "providers": {
            "gcp": {"service_account_file": str(tmp_path / "not-there-yet.json")},
            "azure": {},
            "azure-gov": {"kind": "azure", "arm_endpoint": "https://gov.example"},
        }
    }

    loaded = load_providers(load_core(DATABASE, file), clock=SystemClock())

    assert {name: type(provider) for name, provider in loaded.items()} == {
        "gcp": GcpProvider,
        "azure": AzureProvider,
        "azure-gov": AzureProvider,
    }
    assert [provider.name for provider in loaded.values()] == list(loaded)
    for provider in loaded.values():
        await provider.close()


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({"gcp": {"max_duration": "soon"}}, "providers.gcp.max_duration"),
        ({"gcp": {"organization_id": "1"}}, "providers.gcp.organization_id"),
        (
            {"azure": {"arm_endpoint": "http://a.example"}},
            "providers.azure.arm_endpoint",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_its_provider(
    settings: dict[str, dict[str, object]], setting: str
) -> None:
    """The server does not start with it."""
    core = load_core(DATABASE, {"providers": settings})

    with pytest.raises(ConfigurationError) as stopped:
        load_providers(core, clock=SystemClock())

    assert stopped.value.setting == setting
