"""What is particular to `aws`: sessions, their tags, and whose roles they are of."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core.errors import ProviderFailed
from core.providers.aws_revocations import POLICY_NAME
from tests.support.builders import ALICE
from tests.support.clouds.aws import (
    ACCOUNT,
    EXTERNAL_ID,
    OWN_ACCOUNT,
    ROLE,
    AwsCloud,
    add_role,
    aws_cloud,
    iam_of,
)
from tests.support.clouds.aws_gate import Refusal
from tests.support.clouds.cloud import an_order

HOUR = timedelta(hours=1)
OWN_ROLES = f"arn:aws:iam::{OWN_ACCOUNT}:role/{{role}}"


@pytest.fixture
async def cloud() -> AsyncIterator[AwsCloud]:
    """Yield an AWS with one role, in another account than ours."""
    async with aws_cloud() as opened:
        yield opened


async def test_a_requester_gets_the_variables_of_a_session(cloud: AwsCloud) -> None:
    """The names that every AWS tool reads, and nothing else."""
    issued = await cloud.provider.grant(an_order(cloud))

    variables = dict(issued.secrets.variables)
    assert variables.pop("AWS_ACCESS_KEY_ID").startswith("ASIA")
    assert len(variables.pop("AWS_SECRET_ACCESS_KEY")) == 40
    assert len(variables.pop("AWS_SESSION_TOKEN")) > 100
    assert variables == {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_REGION": "eu-central-1",
    }
    assert dict(issued.secrets.files) == {}
    assert issued.issued_at == cloud.clock.now()


async def test_a_session_says_for_whom_and_why(cloud: AwsCloud) -> None:
    """CloudTrail shows the request, the person and the reason beside each act."""
    order = an_order(cloud)

    await cloud.provider.grant(order)

    (call,) = cloud.gate.calls
    given = {key: call.parameters[key] for key in call.parameters if key != "Version"}
    assert given == {
        "Action": "AssumeRole",
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/jitsudo/{ROLE}",
        "RoleSessionName": f"jitsudo-{order.request_id}",
        "DurationSeconds": "3600",
        "ExternalId": EXTERNAL_ID,
        "Tags.member.1.Key": "RequestID",
        "Tags.member.1.Value": order.request_id,
        "Tags.member.2.Key": "UserIdentity",
        "Tags.member.2.Value": ALICE,
        "Tags.member.3.Key": "Reason",
        "Tags.member.3.Value": "INC-4421: pods do not start",
    }


@pytest.mark.parametrize(
    "reason",
    ["", 'can\'t; (see #4) — "now"!', "<script>\n\t&lt;" + "é" * 2_000, "数据库 💥 {}"],
    ids=["none", "marks", "long", "scripts"],
)
async def test_no_reason_costs_a_grant(cloud: AwsCloud, reason: str) -> None:
    """Whatever people write, STS takes what is made of it."""
    order = an_order(cloud, requester="o'hara+x@example.com", reason=reason)

    await cloud.provider.grant(order)

    assert await cloud.grants_of("o-hara+x@example.com") == 1


async def test_tags_that_aws_cannot_pack_go_without_the_reason(
    cloud: AwsCloud,
) -> None:
    """How much fits nobody can tell before; the reason is in the audit log too."""
    cloud.gate.refuse(
        "AssumeRole",
        Refusal(code="PackedPolicyTooLarge", message="Packed size of 120%"),
        times=1,
    )

    await cloud.provider.grant(an_order(cloud))

    first, second = cloud.gate.calls
    assert first.parameters["Tags.member.3.Key"] == "Reason"
    assert "Tags.member.3.Key" not in second.parameters


async def test_source_identity_is_sent_where_settings_ask() -> None:
    """It stays with the session through other roles; trust policies must allow it."""
    async with aws_cloud(source_identity=True) as cloud:
        await cloud.provider.grant(an_order(cloud))

        assert cloud.gate.calls[0].parameters["SourceIdentity"] == ALICE


async def test_nobody_knows_of_a_session_whose_answer_was_lost(
    cloud: AwsCloud,
) -> None:
    """AWS keeps no list of sessions, so neither yes nor no would be true."""
    with pytest.raises(ProviderFailed, match="no list of sessions"):
        await cloud.provider.is_active(an_order(cloud), "")


async def test_a_role_of_that_name_in_our_own_account_is_left_alone(
    cloud: AwsCloud,
) -> None:
    """The session is of the other account's role, and ends there."""
    namesake = add_role(ROLE, account=OWN_ACCOUNT, path="/jitsudo/")
    order = an_order(cloud)

    await cloud.provider.revoke(order, (await cloud.provider.grant(order)).handle)

    assert namesake.policies == {}
    assert cloud.policy() is not None


async def test_what_was_granted_ends_though_the_settings_have_changed(
    cloud: AwsCloud,
) -> None:
    """The handle says which role it was."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    changed = AwsCloud(
        cloud.gate, role_arn_template="arn:aws:iam::{scope}:role/other/{role}"
    )

    await changed.provider.revoke(order, issued.handle)

    assert await cloud.grants_of(ALICE) == 0


async def test_our_own_credentials_end_sessions_in_our_own_account() -> None:
    """One account needs no revoker."""
    async with aws_cloud(
        role_arn_template=OWN_ROLES, revoker_role_arn_template=None
    ) as cloud:
        role = add_role(ROLE, account=OWN_ACCOUNT)
        order = an_order(cloud, scope=OWN_ACCOUNT)

        issued = await cloud.provider.grant(order)
        assert await cloud.grants_of(ALICE) == 1
        await cloud.provider.revoke(order, issued.handle)

        assert await cloud.grants_of(ALICE) == 0
        assert list(role.policies) == [POLICY_NAME]


async def test_nothing_is_granted_that_could_not_be_ended() -> None:
    """Without a revoker, a role in another account is refused before it is assumed."""
    async with aws_cloud(
        role_arn_template=f"arn:aws:iam::{ACCOUNT}:role/jitsudo/{{role}}",
        revoker_role_arn_template=None,
    ) as cloud:
        with pytest.raises(ProviderFailed, match="set revoker_role_arn_template"):
            await cloud.provider.grant(an_order(cloud))

        assert cloud.gate.operations() == ["GetCallerIdentity"]


async def test_sessions_of_a_role_that_is_gone_are_over(cloud: AwsCloud) -> None:
    """There is nothing left to deny, and nothing to write it on."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    iam_of(ACCOUNT).delete_role(ROLE)

    await cloud.provider.revoke(order, issued.handle)

    assert not await cloud.provider.is_active(order, issued.handle)


async def test_a_role_under_another_path_is_not_taken_for_ours(
    cloud: AwsCloud,
) -> None:
    """IAM finds roles by name alone; the sessions are of the one with our ARN."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    iam_of(ACCOUNT).delete_role(ROLE)
    other = add_role(ROLE, path="/other/")

    with pytest.raises(ProviderFailed, match="mend role_arn_template"):
        await cloud.provider.revoke(order, issued.handle)

    assert other.policies == {}
