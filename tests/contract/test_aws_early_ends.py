"""How one session of an AWS role ends early, and nobody else's."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core.errors import ProviderFailed
from core.providers.aws_revocations import POLICY_NAME
from tests.support.builders import ALICE, BOB
from tests.support.clouds.aws import (
    ACCOUNT,
    OWN_ACCOUNT,
    ROLE,
    AwsCloud,
    aws_cloud,
    iam_of,
)
from tests.support.clouds.aws_gate import Refusal
from tests.support.clouds.cloud import Trouble, an_order

HOUR = timedelta(hours=1)
OWN_ROLES = f"arn:aws:iam::{OWN_ACCOUNT}:role/{{role}}"


@pytest.fixture
async def cloud() -> AsyncIterator[AwsCloud]:
    """Yield an AWS with one role, in another account than ours."""
    async with aws_cloud() as opened:
        yield opened


async def test_a_natural_end_touches_nothing(cloud: AwsCloud) -> None:
    """AWS has ended it by itself: no call, no policy on the role."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    cloud.clock.move(HOUR)
    calls = len(cloud.gate.calls)

    await cloud.provider.revoke(order, issued.handle)

    assert not await cloud.provider.is_active(order, issued.handle)
    assert len(cloud.gate.calls) == calls
    assert cloud.policy() is None


async def test_an_early_end_names_one_session_alone(cloud: AwsCloud) -> None:
    """Bob's session of the same role began earlier, and goes on."""
    his, hers = an_order(cloud, requester=BOB), an_order(cloud)
    kept = await cloud.provider.grant(his)
    issued = await cloud.provider.grant(hers)

    await cloud.provider.revoke(hers, issued.handle)

    role_id = iam_of(ACCOUNT).get_role(ROLE).id
    assert cloud.policy() == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Until2026032013Z",
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {
                    "StringEquals": {
                        "aws:userid": [f"{role_id}:jitsudo-{hers.request_id}"]
                    }
                },
            }
        ],
    }
    assert await cloud.grants_of(ALICE) == 0
    assert await cloud.grants_of(BOB) == 1
    assert await cloud.provider.is_active(his, kept.handle)
    assert set(cloud.gate.operations()) == {
        "AssumeRole",
        "GetRole",
        "GetRolePolicy",
        "PutRolePolicy",
    }


async def test_sessions_that_ended_by_themselves_leave_the_policy(
    cloud: AwsCloud,
) -> None:
    """So it never fills up with the past."""
    old, new = an_order(cloud), an_order(cloud)
    await cloud.provider.revoke(old, (await cloud.provider.grant(old)).handle)
    cloud.clock.move(3 * HOUR)

    await cloud.provider.revoke(new, (await cloud.provider.grant(new)).handle)

    text = json.dumps(cloud.policy())
    assert new.request_id in text
    assert old.request_id not in text


async def test_both_sessions_of_a_lost_answer_end_together(cloud: AwsCloud) -> None:
    """They have one name; the second one's end is the later one."""
    order = an_order(cloud)
    cloud.gate.trouble(Trouble.LOST_ANSWER, calls=2)
    with pytest.raises(ProviderFailed, match="answer was lost"):
        await cloud.provider.grant(order)
    cloud.clock.move(timedelta(minutes=30))
    issued = await cloud.provider.grant(
        an_order(cloud, request_id=order.request_id, attempt=2)
    )

    await cloud.provider.revoke(order, issued.handle)

    assert cloud.gate.operations().count("AssumeRole") == 4
    assert await cloud.grants_of(ALICE) == 0
    (statement,) = (cloud.policy() or {})["Statement"]
    assert statement["Sid"] == "Until2026032014Z"


async def test_an_end_without_a_handle_lasts_as_long_as_a_session_could(
    cloud: AwsCloud,
) -> None:
    """It may have begun this moment, as far as anybody knows."""
    await cloud.provider.revoke(an_order(cloud), "")

    (statement,) = (cloud.policy() or {})["Statement"]
    assert statement["Sid"] == "Until2026032014Z"


async def test_a_full_policy_says_when_the_session_ends_by_itself(
    cloud: AwsCloud,
) -> None:
    """Other people's policies count as well; nothing is told that is not so."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    role = iam_of(ACCOUNT).get_role(ROLE)
    role.policies["other"] = '"' + "x" * 10_200 + '"'

    with pytest.raises(ProviderFailed, match=r"are full .* 2026-03-20T13:00Z"):
        await cloud.provider.revoke(order, issued.handle)

    del role.policies["other"]
    assert await cloud.grants_of(ALICE) == 1
    await cloud.provider.revoke(order, issued.handle)
    assert await cloud.grants_of(ALICE) == 0


async def test_a_policy_that_somebody_changed_is_not_overwritten(
    cloud: AwsCloud,
) -> None:
    """What jitsudo cannot read it does not throw away."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    text = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*"}]}'
    role = iam_of(ACCOUNT).get_role(ROLE)
    role.policies[POLICY_NAME] = text

    with pytest.raises(ProviderFailed, match="take out what is not jitsudo's"):
        await cloud.provider.revoke(order, issued.handle)

    assert role.policies == {POLICY_NAME: text}


async def test_an_end_that_iam_does_not_show_is_not_told(
    cloud: AwsCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IAM takes its time; the next try finds it there, and is content."""
    monkeypatch.setattr("core.providers.aws_roles._PAUSE_SECONDS", 0.01)
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    unseen = Refusal(code="NoSuchEntity", message="not yet", status=404)
    cloud.gate.refuse("GetRolePolicy", unseen, times=5)

    with pytest.raises(ProviderFailed, match="does not show the end"):
        await cloud.provider.revoke(order, issued.handle)

    await cloud.provider.revoke(order, issued.handle)
    assert cloud.gate.operations().count("PutRolePolicy") == 1


async def test_a_stale_answer_of_iam_brings_no_session_back(cloud: AwsCloud) -> None:
    """What was written a moment ago is written again, seen or not."""
    first, second = an_order(cloud), an_order(cloud, requester=BOB)
    ended = await cloud.provider.grant(first)
    issued = await cloud.provider.grant(second)
    await cloud.provider.revoke(first, ended.handle)
    unseen = Refusal(code="NoSuchEntity", message="not yet", status=404)
    cloud.gate.refuse("GetRolePolicy", unseen, times=1)

    await cloud.provider.revoke(second, issued.handle)

    assert await cloud.grants_of(ALICE) == 0
    assert await cloud.grants_of(BOB) == 0
