"""What the settings of `aws` allow, and what can be asked for under them."""

from datetime import timedelta
from typing import Final

import pytest
from pydantic import ValidationError

from core.errors import ConfigurationError, Invalid
from core.providers.aws import from_settings
from core.providers.loading import load_providers
from core.settings import CoreSettings
from tests.support.builders import ALICE, FrozenClock, an_ask

ROLES: Final = "arn:aws:iam::{scope}:role/jitsudo/{role}"
REVOKER: Final = "arn:aws:iam::{scope}:role/jitsudo-revoker"
USUAL: Final[dict[str, object]] = {
    "role_arn_template": ROLES,
    "revoker_role_arn_template": REVOKER,
}
ACCOUNT: Final = "222222222222"


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"role_arn_template": "arn:aws:iam::{scope}:role/{role}-{env}"}, "braces"),
        ({"role_arn_template": "arn:aws:iam::{scope}:role/{{role}}"}, "braces"),
        ({"role_arn_template": "arn:aws:iam::{scope}:role/{role"}, "braces"),
        ({"role_arn_template": "arn:aws:iam::{role}:role/{scope}"}, "look like"),
        ({"role_arn_template": "arn:aws:iam::{scope}:user/{role}"}, "look like"),
        ({"role_arn_template": "arn:aws:iam::12345:role/{role}"}, "look like"),
        ({"role_arn_template": "aws:iam::{scope}:role/{role}"}, "look like"),
        ({"role_arn_template": "arn:aws:iam::{scope}:role/admin"}, "no {role}"),
        ({"role_arn_template": ""}, "look like"),
        ({"revoker_role_arn_template": None}, "cannot be ended early"),
        (
            {"revoker_role_arn_template": "arn:aws:iam::111111111111:role/revoker"},
            "another account",
        ),
        (
            {"revoker_role_arn_template": "arn:aws:iam::{scope}:role/{role}"},
            "braces",
        ),
        ({"max_duration": "13h"}, "less than or equal"),
        ({"max_duration": "14m"}, "greater than or equal"),
        ({"max_duration": "soon"}, "no duration"),
        ({"region": "us-east-1/x"}, "match pattern"),
        ({"endpoint_url": "ftp://aws"}, "match pattern"),
        ({"endpoint_url": "http://key:secret@aws"}, "match pattern"),
        ({"external_id": "two words"}, "match pattern"),
        ({"mode": "identity_center"}, "not permitted"),
    ],
)
def test_settings_that_cannot_be_stop_the_start(
    changed: dict[str, object], wrong: str
) -> None:
    """What would fail at the first grant, or end nobody's session, does not start."""
    with pytest.raises(ValidationError, match=wrong):
        from_settings("aws", {**USUAL, **changed}, FrozenClock())


def test_settings_error_names_the_provider_and_the_setting() -> None:
    """Whoever starts the server reads which line to mend."""
    settings = CoreSettings.model_validate(
        {
            "database_url": "sqlite+aiosqlite://",
            "providers": {"prod": {"kind": "aws", "role_arn_template": "x"}},
        }
    )

    with pytest.raises(ConfigurationError) as wrong:
        load_providers(settings, clock=FrozenClock())

    assert wrong.value.setting == "providers.prod.role_arn_template"


@pytest.mark.parametrize(
    ("role", "scope", "duration", "field"),
    [
        ("infra-admin", "staging", timedelta(hours=1), "scope"),
        ("infra-admin", "22222222222", timedelta(hours=1), "scope"),
        ("infra-admin", "2222222222222", timedelta(hours=1), "scope"),
        ("infra-admin", "22222222222x", timedelta(hours=1), "scope"),
        ("infra-admin", f"{ACCOUNT}:role/x", timedelta(hours=1), "scope"),
        ("../admin", ACCOUNT, timedelta(hours=1), "role"),
        ("{scope}", ACCOUNT, timedelta(hours=1), "role"),
        ("team/admin", ACCOUNT, timedelta(hours=1), "role"),
        ("two words", ACCOUNT, timedelta(hours=1), "role"),
        ("*", ACCOUNT, timedelta(hours=1), "role"),
        ("x" * 65, ACCOUNT, timedelta(hours=1), "role"),
        ("infra-admin", ACCOUNT, timedelta(seconds=899), "duration"),
        ("infra-admin", ACCOUNT, timedelta(seconds=43_201), "duration"),
    ],
)
def test_what_aws_could_never_grant_is_refused_at_submission(
    role: str, scope: str, duration: timedelta, field: str
) -> None:
    """It names the field; a duration is refused and never changed."""
    provider = from_settings("aws", USUAL, FrozenClock())

    with pytest.raises(Invalid) as refused:
        provider.validate(an_ask(role=role, resource_scope=scope, duration=duration))

    assert refused.value.field == field


@pytest.mark.parametrize("seconds", [900, 3_600, 43_200])
def test_what_aws_grants_is_accepted(seconds: int) -> None:
    """From 15 minutes to 12 hours, both included."""
    provider = from_settings("aws", USUAL, FrozenClock())

    provider.validate(
        an_ask(resource_scope=ACCOUNT, duration=timedelta(seconds=seconds))
    )


def test_longer_than_the_settings_allow_is_refused_with_the_most() -> None:
    """The person reads for how long they may ask instead."""
    provider = from_settings("aws", {**USUAL, "max_duration": "2h"}, FrozenClock())

    with pytest.raises(Invalid, match="longer than 2h") as refused:
        provider.validate(
            an_ask(resource_scope=ACCOUNT, duration=timedelta(seconds=7_201))
        )

    assert refused.value.field == "duration"


def test_a_template_with_one_account_takes_no_other_scope() -> None:
    """The scope that approvers read is the account where the role is."""
    provider = from_settings(
        "aws",
        {"role_arn_template": f"arn:aws-us-gov:iam::{ACCOUNT}:role/{{role}}"},
        FrozenClock(),
    )

    provider.validate(an_ask(resource_scope=ACCOUNT))
    with pytest.raises(Invalid, match=f"is not {ACCOUNT}"):
        provider.validate(an_ask(resource_scope="111111111111"))


def test_a_role_name_that_the_template_makes_too_long_is_refused() -> None:
    """64 characters are for what the template adds as well."""
    template = f"arn:aws:iam::{ACCOUNT}:role/some/path/jitsudo-{{role}}"
    provider = from_settings("aws", {"role_arn_template": template}, FrozenClock())

    provider.validate(an_ask(role="x" * 56, resource_scope=ACCOUNT))
    with pytest.raises(Invalid, match="64 characters"):
        provider.validate(an_ask(role="x" * 57, resource_scope=ACCOUNT))


@pytest.mark.parametrize("role", ["revoker", "REVOKER"])
def test_the_revoker_itself_is_never_granted(role: str) -> None:
    """Whoever had it could give themselves every permission of every role."""
    template = "arn:aws:iam::{scope}:role/jitsudo-{role}"
    provider = from_settings(
        "aws", {**USUAL, "role_arn_template": template}, FrozenClock()
    )

    with pytest.raises(Invalid, match="nobody can ask for it") as refused:
        provider.validate(an_ask(role=role, resource_scope=ACCOUNT))

    assert refused.value.field == "role"


def test_one_role_is_one_lane_however_it_is_written() -> None:
    """IAM tells no names apart by case, and keeps one policy for all requests."""
    provider = from_settings("aws", USUAL, FrozenClock())
    lanes = {
        provider.lane(who, an_ask(role=role, resource_scope=ACCOUNT))
        for who in (ALICE, "bob@example.com")
        for role in ("Infra-Admin", "infra-admin")
    }

    assert lanes == {f"aws:arn:aws:iam::{ACCOUNT}:role/jitsudo/infra-admin"}
    assert provider.lane(ALICE, an_ask(resource_scope="111111111111")) not in lanes
