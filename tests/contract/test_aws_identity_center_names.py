"""Whom and what `aws-identity-center` finds by name, and what it does not look for."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pydantic import ValidationError

from core.errors import Invalid, ProviderFailed
from core.providers.aws_identity_center import from_settings
from tests.support.builders import ALICE, BOB, FrozenClock, an_ask
from tests.support.clouds.cloud import Trouble, an_order
from tests.support.clouds.identity_center import (
    ACCOUNT,
    DIRECTORY,
    INSTANCE,
    IdentityCenterCloud,
    identity_center_cloud,
)

PORTAL = "https://d-9067012345.awsapps.com/start"
LOST = Trouble.LOST_ANSWER


@pytest.fixture
async def cloud() -> AsyncIterator[IdentityCenterCloud]:
    """Yield an Identity Center in which nothing is assigned to a person."""
    async with identity_center_cloud(start_url=PORTAL) as opened:
        yield opened


async def test_people_are_found_by_user_name_or_email(
    cloud: IdentityCenterCloud,
) -> None:
    """Bob's user name is another one than his e-mail."""
    await cloud.provider.grant(an_order(cloud, requester=BOB))

    assert cloud.assignments == {(*cloud.key[:2], "user-1")}


@pytest.mark.parametrize(
    ("people", "why"),
    [
        ({}, "nobody in Identity Center has the user name or e-mail alice@"),
        ({"a": (ALICE, "x@example.com"), "b": ("b", ALICE)}, "one person's user name"),
    ],
    ids=["nobody", "two"],
)
async def test_a_person_who_is_not_one_person_gets_nothing(
    cloud: IdentityCenterCloud, people: dict[str, tuple[str, str]], why: str
) -> None:
    """Access for somebody else of that name would be worse than none."""
    cloud.people = people

    with pytest.raises(ProviderFailed, match=why):
        await cloud.provider.grant(an_order(cloud))

    assert cloud.operations == {}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Infra-Admin", "there is no permission set Infra-Admin"),
        ("infra", "there is no permission set infra"),
        ("billing", "2 permission sets are called billing"),
    ],
)
async def test_a_permission_set_is_found_by_its_exact_name(
    cloud: IdentityCenterCloud, name: str, why: str
) -> None:
    """Lanes tell names apart by case as well, so that sharing is never guessed."""
    cloud.permission_sets["arn:aws:sso:::permissionSet/ssoins-1/ps-9"] = "billing"

    with pytest.raises(ProviderFailed, match=why):
        await cloud.provider.grant(an_order(cloud, role=name))

    assert cloud.operations == {}


@pytest.mark.parametrize("others", [[], [INSTANCE, INSTANCE + "0"]], ids=len)
async def test_the_instance_has_to_be_one(
    cloud: IdentityCenterCloud, others: list[str]
) -> None:
    """None means another region, several that the settings have to choose."""
    cloud.instances = others

    with pytest.raises(ProviderFailed, match="set instance_arn"):
        await cloud.provider.check()


async def test_settings_choose_between_instances() -> None:
    """Then nobody is asked which there are."""
    async with identity_center_cloud(
        instance_arn=INSTANCE, identity_store_id=DIRECTORY
    ) as cloud:
        cloud.instances.append(INSTANCE + "0")

        await cloud.provider.grant(an_order(cloud))

        assert "ListInstances" not in cloud.gate.operations()
        assert await cloud.provider.check() == f"{INSTANCE} with directory {DIRECTORY}"


async def test_permission_sets_are_asked_for_their_names_once(
    cloud: IdentityCenterCloud,
) -> None:
    """An organisation has hundreds, and AWS few calls a second to give."""
    await cloud.provider.grant(an_order(cloud))
    await cloud.provider.grant(an_order(cloud, requester=BOB))

    assert cloud.gate.operations().count("DescribePermissionSet") == 3


@pytest.mark.parametrize(
    ("role", "scope", "hours", "field"),
    [
        ("infra-admin", "staging", 1, "scope"),
        ("infra-admin", f"{ACCOUNT}0", 1, "scope"),
        ("x" * 33, ACCOUNT, 1, "role"),
        ("infra admin", ACCOUNT, 1, "role"),
        ("infra|admin", ACCOUNT, 1, "role"),
        ("infra-admin", ACCOUNT, 9, "duration"),
    ],
)
def test_what_could_never_be_assigned_is_refused_at_submission(
    role: str, scope: str, hours: int, field: str
) -> None:
    """It names the field."""
    provider = from_settings(
        "sso", {"region": "us-east-1", "max_duration": "8h"}, FrozenClock()
    )

    with pytest.raises(Invalid) as refused:
        provider.validate(
            an_ask(role=role, resource_scope=scope, duration=timedelta(hours=hours))
        )

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({}, "region"),
        ({"region": "us-east-1", "instance_arn": INSTANCE}, "together"),
        ({"region": "us-east-1", "start_url": "http://portal"}, "pattern"),
        ({"region": "us-east-1", "max_duration": "0h"}, "longer than nothing"),
        ({"region": "us-east-1", "user": "alice"}, "not permitted"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_stop_the_start(
    settings: dict[str, object], wrong: str
) -> None:
    """What would fail at the first grant does not start."""
    with pytest.raises(ValidationError, match=wrong):
        from_settings("sso", settings, FrozenClock())


def test_a_lane_is_one_persons_assignment() -> None:
    """Whatever makes another assignment makes another lane."""
    provider = from_settings("sso", {"region": "us-east-1"}, FrozenClock())
    asks = [
        an_ask(role=role, resource_scope=scope)
        for role in ("infra-admin", "Infra-admin")
        for scope in (ACCOUNT, "111111111111")
    ]

    lanes = {provider.lane(who, ask) for who in (ALICE, BOB) for ask in asks}

    assert len(lanes) == 8
    assert provider.lane(ALICE, asks[0]) in lanes
