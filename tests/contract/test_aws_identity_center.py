"""What is particular to `aws-identity-center`: one assignment, and whose it is."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core.errors import ProviderFailed
from tests.support.clouds.aws_gate import Refusal
from tests.support.clouds.cloud import Trouble, an_order
from tests.support.clouds.identity_center import (
    ACCOUNT,
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


async def test_a_requester_gets_what_leads_to_the_portal(
    cloud: IdentityCenterCloud,
) -> None:
    """No credentials: people sign in to the portal as they always do."""
    issued = await cloud.provider.grant(an_order(cloud))

    assert dict(issued.secrets.variables) == {
        "AWS_SSO_START_URL": PORTAL,
        "AWS_SSO_REGION": "eu-central-1",
        "AWS_SSO_ACCOUNT_ID": ACCOUNT,
        "AWS_SSO_ROLE_NAME": "infra-admin",
    }
    assert dict(issued.secrets.files) == {}
    assert cloud.assignments == {cloud.key}


@pytest.mark.parametrize("attempt", [1, 2, 7])
async def test_a_standing_assignment_is_nobodys_grant_and_stays(
    cloud: IdentityCenterCloud, attempt: int
) -> None:
    """Not at the first try, not later, and not when the request is given up."""
    cloud.assign_by_hand(ago=timedelta(hours=1))
    order = an_order(cloud, attempt=attempt)

    with pytest.raises(ProviderFailed, match="already, assigned outside jitsudo"):
        await cloud.provider.grant(order)
    await cloud.provider.revoke(order, "")

    assert cloud.assignments == {cloud.key}
    assert not await cloud.provider.is_active(order, "")


async def test_what_is_there_before_the_first_try_is_not_ours(
    cloud: IdentityCenterCloud,
) -> None:
    """However young it is: an admin may have assigned it while people decided."""
    order = an_order(cloud)
    cloud.assign_by_hand(ago=timedelta(0))

    with pytest.raises(ProviderFailed, match="outside jitsudo"):
        await cloud.provider.grant(order)


async def test_a_creation_whose_answer_was_lost_is_ours_at_the_next_try(
    cloud: IdentityCenterCloud,
) -> None:
    """AWS's list of creations tells it from a standing one; its end removes it."""
    order = an_order(cloud)
    cloud.gate.trouble(LOST, calls=1, only="CreateAccountAssignment")
    with pytest.raises(ProviderFailed, match="still at work on an earlier change"):
        await cloud.provider.grant(order)

    again = an_order(cloud, request_id=order.request_id, attempt=2)
    issued = await cloud.provider.grant(again)

    assert cloud.assignments == {cloud.key}
    assert len(cloud.operations) == 1
    await cloud.provider.revoke(again, issued.handle)
    assert cloud.assignments == set()


async def test_giving_up_waits_for_a_creation_that_is_under_way(
    cloud: IdentityCenterCloud,
) -> None:
    """Nothing is assigned yet; saying so would leave it to appear a moment later."""
    order = an_order(cloud)
    cloud.gate.trouble(LOST, calls=2, only="CreateAccountAssignment")
    with pytest.raises(ProviderFailed):
        await cloud.provider.grant(order)
    assert cloud.assignments == set()

    await cloud.provider.revoke(order, "")
    cloud.finish()

    assert cloud.assignments == set()
    assert "DeleteAccountAssignment" in cloud.gate.operations()


async def test_a_shared_assignment_ends_with_the_last_request(
    cloud: IdentityCenterCloud,
) -> None:
    """The first one's end changes nothing; a handle that was lost does neither."""
    await cloud.provider.grant(an_order(cloud))
    shared = an_order(cloud, is_shared=True)
    issued = await cloud.provider.grant(shared)
    assert len(cloud.operations) == 1

    await cloud.provider.revoke(an_order(cloud, is_shared=True), "")
    assert cloud.assignments == {cloud.key}

    last = an_order(cloud, request_id=shared.request_id)
    await cloud.provider.revoke(last, issued.handle)
    assert cloud.assignments == set()


async def test_an_end_needs_no_name_that_has_changed(
    cloud: IdentityCenterCloud,
) -> None:
    """Alice has another e-mail now; the handle holds her id."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    cloud.people["user-0"] = ("alice.new", "alice.new@example.com")

    await cloud.provider.revoke(order, issued.handle)

    assert cloud.assignments == set()


async def test_an_assignment_that_is_gone_is_ended(cloud: IdentityCenterCloud) -> None:
    """Somebody removed it by hand, and then the permission set as well."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    cloud.assignments.clear()
    await cloud.provider.revoke(order, issued.handle)
    del cloud.permission_sets[cloud.key[1]]

    await cloud.provider.revoke(order, issued.handle)
    await cloud.provider.revoke(order, "")

    assert not await cloud.provider.is_active(order, issued.handle)
    assert "DeleteAccountAssignment" not in cloud.gate.operations()


async def test_a_creation_that_fails_says_awss_reason(
    cloud: IdentityCenterCloud,
) -> None:
    """And nothing is there afterwards."""
    cloud.failure = "Account 222222222222 is suspended"
    order = an_order(cloud)

    with pytest.raises(ProviderFailed, match=r"could not assign .* is suspended"):
        await cloud.provider.grant(order)

    await cloud.provider.revoke(order, "")
    assert cloud.assignments == set()


async def test_a_deletion_that_fails_is_not_told_as_an_end(
    cloud: IdentityCenterCloud,
) -> None:
    """The assignment is there, and another try removes it."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    cloud.failure = "Received a 403"

    with pytest.raises(ProviderFailed, match=r"could not remove .* Received a 403"):
        await cloud.provider.revoke(order, issued.handle)

    assert await cloud.provider.is_active(order, issued.handle)
    cloud.failure = ""
    await cloud.provider.revoke(order, issued.handle)
    assert cloud.assignments == set()


async def test_a_change_that_takes_too_long_is_looked_at_again(
    cloud: IdentityCenterCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call ends in its time; the next one finds what the first began."""
    monkeypatch.setattr("core.providers.aws_assignments.PAUSES", (0.0, 0.0))
    cloud.looks = 3
    order = an_order(cloud)
    with pytest.raises(ProviderFailed, match="still assigning"):
        await cloud.provider.grant(order)

    again = an_order(cloud, request_id=order.request_id, attempt=2)
    issued = await cloud.provider.grant(again)
    with pytest.raises(ProviderFailed, match="still removing"):
        await cloud.provider.revoke(again, issued.handle)
    cloud.finish()

    await cloud.provider.revoke(again, issued.handle)
    assert cloud.assignments == set()
    assert len(cloud.operations) == 2


async def test_missing_permissions_are_told_of(cloud: IdentityCenterCloud) -> None:
    """With AWS's own words, which name the permission."""
    message = "not authorized to perform: sso:CreateAccountAssignment"
    refusal = Refusal(code="AccessDeniedException", message=message)
    cloud.gate.refuse("CreateAccountAssignment", refusal)

    with pytest.raises(ProviderFailed) as failed:
        await cloud.provider.grant(an_order(cloud))

    assert "docs/providers.md" in failed.value.why
    assert message in failed.value.why
