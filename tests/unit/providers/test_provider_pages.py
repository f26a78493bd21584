"""The page on providers has every setting of `azure` and `gcp`, with its default."""

from enum import Enum

import pytest
from pydantic import BaseModel

from core.duration import to_text
from core.providers.azure_settings import AzureSettings
from core.providers.gcp_settings import GcpSettings
from tests.support.documents import document


@pytest.mark.parametrize(
    ("section", "settings"), [("azure", AzureSettings), ("gcp", GcpSettings)]
)
def test_the_table_of_a_provider_is_its_settings(
    section: str, settings: type[BaseModel]
) -> None:
    """In the same order, word for word."""
    parts = document("docs/providers.md").text.split("\n## ")
    (part,) = [one for one in parts if one.startswith(f"{section}\n")]
    rows = [line.split(" | ")[:2] for line in part.splitlines() if line[:3] == "| `"]
    stated = {name.strip("| `"): default.strip("`") for name, default in rows}

    assert stated == {
        name: _shown(field.default) for name, field in settings.model_fields.items()
    }


def _shown(default: object) -> str:
    if default in (None, ()):
        return "-"
    if isinstance(default, Enum):
        return str(default.value)
    return default if isinstance(default, str) else to_text(default)  # type: ignore[arg-type]  # a timedelta
