"""The page on providers says of both AWS ones what is so."""

import json
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from core.clock import SystemClock
from core.duration import to_text
from core.providers.aws_identity_center import IdentityCenterSettings
from core.providers.aws_settings import AwsSettings
from core.providers.loading import load_providers
from core.settings import load_core
from tests.support.clouds.identity_center_parts import PARAMETERS
from tests.support.documents import Document, document


def the_part(name: str) -> Document:
    """Return the section of one provider."""
    page = document("docs/providers.md")
    (text,) = [
        part for part in page.text.split("\n## ") if part.startswith(f"{name}\n")
    ]
    return Document(path=page.path, text=text)


def actions(name: str) -> list[Any]:
    """Return the actions of every statement of every policy in a section."""
    return [
        statement["Action"]
        for _, text in the_part(name).blocks("json")
        for statement in json.loads(text)["Statement"]
    ]


@pytest.mark.parametrize(
    ("name", "settings"),
    [("aws", AwsSettings), ("aws-identity-center", IdentityCenterSettings)],
)
def test_the_table_is_the_settings(name: str, settings: type[BaseModel]) -> None:
    """Each of them, in order, with its default."""
    rows = [row[:2] for row in the_part(name).rows() if row[0] != "setting"]

    assert rows == [
        (f"`{key}`", "required" if field.is_required() else shown(field.default))
        for key, field in settings.model_fields.items()
    ]


def shown(default: object) -> str:
    """Return a default as the table has it."""
    match default:
        case None:
            return "-"
        case bool():
            return f"`{str(default).lower()}`"
        case str():
            return f"`{default}`"
        case _:
            return f"`{to_text(default)}`"  # type: ignore[arg-type]  # a timedelta


@pytest.mark.parametrize("name", ["aws", "aws-identity-center"])
def test_the_example_is_loaded_by_its_name(name: str) -> None:
    """Whoever copies it has a server that starts."""
    ((_, text),) = the_part(name).blocks("yaml")
    database = {"JITSUDO_DATABASE_URL": "sqlite+aiosqlite:///x.db"}

    loaded = load_providers(
        load_core(database, yaml.safe_load(text)), clock=SystemClock()
    )

    assert {key: provider.name for key, provider in loaded.items()} == {name: name}


def test_identity_center_policy_has_what_is_called_and_no_more() -> None:
    """The stand-in knows just those operations, and refuses others."""
    (listed,) = actions("aws-identity-center")

    assert listed == sorted(
        f"{'identitystore' if name == 'GetUserId' else 'sso'}:{name}"
        for name in PARAMETERS
    )


def test_aws_policies_have_what_is_called_and_no_more() -> None:
    """Ours, the trust of the roles, and the revoker's."""
    assert actions("aws") == [
        ["sts:AssumeRole", "sts:TagSession"],
        "sts:AssumeRole",
        ["sts:AssumeRole", "sts:TagSession"],
        ["iam:GetRole", "iam:GetRolePolicy", "iam:PutRolePolicy"],
    ]
