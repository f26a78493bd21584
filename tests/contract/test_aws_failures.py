"""What a person on call reads where AWS does not do what it is asked."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web

from core.errors import ProviderFailed
from tests.support.builders import ALICE
from tests.support.clouds.aws import ACCOUNT, OWN_ACCOUNT, AwsCloud, add_role, aws_cloud
from tests.support.clouds.aws_gate import Call, Gate, Refusal
from tests.support.clouds.cloud import an_order


@pytest.fixture
async def cloud() -> AsyncIterator[AwsCloud]:
    """Yield an AWS with one role, in another account than ours."""
    async with aws_cloud() as opened:
        yield opened


@pytest.mark.parametrize(
    ("code", "status", "why"),
    [
        ("ExpiredToken", 403, "own AWS credentials have expired; renew"),
        ("InvalidClientTokenId", 403, "does not take jitsudo's own credentials"),
        ("SignatureDoesNotMatch", 403, "does not take jitsudo's own credentials"),
        ("RequestTimeTooSkewed", 403, "set its clock"),
        ("RequestLimitExceeded", 400, "asks for fewer calls"),
        ("AccessDenied", 403, "the role is missing, or its trust policy lacks"),
        ("ServiceUnavailable", 503, "trouble of its own"),
        ("RegionDisabledException", 403, "AWS refused sts:AssumeRole"),
        ("SomethingNew", 400, "AWS refused sts:AssumeRole (SomethingNew): no"),
    ],
)
async def test_each_answer_of_aws_becomes_a_line_that_says_what_to_do(
    cloud: AwsCloud, code: str, status: int, why: str
) -> None:
    """One error, one line, short enough for a card."""
    cloud.gate.refuse("AssumeRole", Refusal(code=code, message="no", status=status))

    with pytest.raises(ProviderFailed) as failed:
        await cloud.provider.grant(an_order(cloud))

    assert why in failed.value.why
    assert failed.value.provider == "aws"
    assert len(failed.value.why) <= 300
    assert cloud.sessions == {}


async def test_a_missing_role_says_which_call_on_what_was_denied(
    cloud: AwsCloud,
) -> None:
    """STS does not tell a missing role from a closed one; the line names both."""
    cloud = AwsCloud(cloud.gate, role_arn_template="arn:aws:iam::{scope}:role/{role}")

    with pytest.raises(ProviderFailed) as failed:
        await cloud.provider.grant(an_order(cloud))

    assert "role is missing" in failed.value.why
    assert f"arn:aws:iam::{ACCOUNT}:role/infra-admin" in failed.value.why


async def test_a_role_with_shorter_sessions_says_both_limits(cloud: AwsCloud) -> None:
    """The settings allow 12 hours; AWS has two more limits of its own."""
    add_role("short", path="/jitsudo/", hours=1)
    order = an_order(cloud, role="short", duration=timedelta(hours=2))

    with pytest.raises(ProviderFailed) as failed:
        await cloud.provider.grant(order)

    assert "for 2h; a role's own MaxSessionDuration (1h" in failed.value.why
    assert "so is 1h where jitsudo runs with a role of its own" in failed.value.why


async def test_a_revoker_that_cannot_be_assumed_is_named(cloud: AwsCloud) -> None:
    """The grant goes on until then, and the card says why."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    cloud = AwsCloud(
        cloud.gate, revoker_role_arn_template="arn:aws:iam::{scope}:role/nobody"
    )

    with pytest.raises(ProviderFailed) as failed:
        await cloud.provider.revoke(order, issued.handle)

    assert f"does arn:aws:iam::{ACCOUNT}:role/nobody exist" in failed.value.why


@pytest.mark.parametrize("operation", ["GetRole", "GetRolePolicy", "PutRolePolicy"])
async def test_a_revoker_without_permissions_is_told_of(
    cloud: AwsCloud, operation: str
) -> None:
    """Each of its three permissions is needed to end a session."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    refusal = Refusal(code="AccessDenied", message="not authorized", status=403)
    cloud.gate.refuse(operation, refusal)

    with pytest.raises(ProviderFailed, match="permissions of the revoker"):
        await cloud.provider.revoke(order, issued.handle)

    assert await cloud.grants_of(ALICE) == 1


async def test_a_server_without_credentials_says_so(
    cloud: AwsCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was sent, since there was nothing to sign it with."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(ProviderFailed, match="found no AWS credentials"):
        await cloud.provider.grant(an_order(cloud))

    assert cloud.gate.calls == []


async def test_a_profile_that_is_not_there_is_no_crash(
    cloud: AwsCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As any other way to have no credentials."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    cloud = AwsCloud(cloud.gate)

    with pytest.raises(ProviderFailed, match="ProfileNotFound"):
        await cloud.provider.check()


@pytest.mark.parametrize(("status", "text"), [(200, "<html>"), (502, "<html>Bad")])
async def test_an_answer_that_is_not_awss_is_a_failure(status: int, text: str) -> None:
    """A proxy's page between us and AWS is neither a yes nor a crash."""

    async def answering(_: Call) -> web.Response:
        return web.Response(text=text, status=status, content_type="text/html")

    async with Gate(answering).serving() as gate:
        cloud = AwsCloud(gate)
        with pytest.raises(ProviderFailed) as failed:
            await cloud.provider.grant(an_order(cloud))

    assert "AWS" in failed.value.why


async def test_what_cannot_be_asked_any_more_is_a_failure(cloud: AwsCloud) -> None:
    """Settings that changed between submission and approval grant nothing else."""
    changed = AwsCloud(
        cloud.gate,
        role_arn_template=f"arn:aws:iam::{OWN_ACCOUNT}:role/{{role}}",
        revoker_role_arn_template=None,
    )

    with pytest.raises(ProviderFailed, match="settings have changed since: scope"):
        await changed.provider.grant(an_order(cloud))

    assert cloud.gate.calls == []


async def test_checking_says_the_arn_of_whom_we_are(cloud: AwsCloud) -> None:
    """Whoever sets it up sees which of their credentials the server found."""
    assert await cloud.provider.check() == f"arn:aws:sts::{OWN_ACCOUNT}:user/moto"
