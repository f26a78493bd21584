"""What every credential provider does, in front of its cloud or a stand-in of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

import pytest

from core.errors import ProviderFailed
from tests.support.builders import ALICE, BOB
from tests.support.clouds.azure import azure_cloud
from tests.support.clouds.cloud import Cloud, Trouble, an_order
from tests.support.clouds.door import door_cloud
from tests.support.clouds.gcp import gcp_cloud
from tests.support.clouds.kubernetes import (
    kubernetes_cloud,
    kubernetes_cloud_with_tokens,
)
from tests.support.clouds.local import local_cloud

CLOUDS: Final[dict[str, Callable[[], AbstractAsyncContextManager[Cloud]]]] = {
    "azure": azure_cloud,
    "door": door_cloud,
    "gcp": gcp_cloud,
    "kubernetes": kubernetes_cloud,
    "kubernetes-with-tokens": kubernetes_cloud_with_tokens,
    "local": local_cloud,
}

ON_THIS_MACHINE: Final = {"local", "door"}
"""Those without a connection that could be in trouble."""

NOT_DONE: Final = [Trouble.THROTTLED, Trouble.EXPIRED_CREDENTIALS, Trouble.DOWN]


@pytest.fixture(params=sorted(CLOUDS))
async def cloud(request: pytest.FixtureRequest) -> AsyncIterator[Cloud]:
    """Yield each cloud in turn, with nobody in it."""
    async with CLOUDS[request.param]() as opened:
        yield opened
        await opened.provider.close()


@pytest.fixture(params=sorted(set(CLOUDS) - ON_THIS_MACHINE))
async def remote(request: pytest.FixtureRequest) -> AsyncIterator[Cloud]:
    """Yield each cloud that is at the other end of a connection."""
    async with CLOUDS[request.param]() as opened:
        yield opened
        await opened.provider.close()


async def test_a_grant_is_in_force_until_it_is_revoked(cloud: Cloud) -> None:
    """The cloud has it, says so, and has it no more; the time is what was asked."""
    order = an_order(cloud)
    cloud.provider.validate(cloud.ask)

    issued = await cloud.provider.grant(order)

    seconds = (issued.expires_at - issued.issued_at).total_seconds()
    assert seconds == pytest.approx(order.duration_seconds, abs=2)
    assert await cloud.grants_of(ALICE) == 1
    assert await cloud.provider.is_active(order, issued.handle)
    await cloud.provider.revoke(order, issued.handle)
    assert await cloud.grants_of(ALICE) == 0
    assert not await cloud.provider.is_active(order, issued.handle)


async def test_granting_again_is_the_same_grant(cloud: Cloud) -> None:
    """As after a crash between the cloud's yes and what was written of it."""
    order = an_order(cloud)
    first = await cloud.provider.grant(order)

    again = await cloud.provider.grant(
        an_order(cloud, request_id=order.request_id, attempt=2)
    )

    assert again.handle == first.handle
    await cloud.provider.revoke(order, again.handle)
    assert await cloud.grants_of(ALICE) == 0


async def test_revoking_again_or_what_is_not_there_is_done(cloud: Cloud) -> None:
    """Nothing is left in force, so there is nothing to complain of."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    await cloud.provider.revoke(order, issued.handle)

    await cloud.provider.revoke(order, issued.handle)
    await cloud.provider.revoke(an_order(cloud), "")

    assert await cloud.grants_of(ALICE) == 0


async def test_a_grant_whose_answer_was_lost_is_ended_without_its_handle(
    cloud: Cloud,
) -> None:
    """Who gave up before they heard of it still ends it."""
    order = an_order(cloud)
    await cloud.provider.grant(order)

    await cloud.provider.revoke(order, "")

    assert await cloud.grants_of(ALICE) == 0
    assert not await cloud.provider.is_active(order, "")


async def test_two_grants_of_one_role_do_not_end_each_other(cloud: Cloud) -> None:
    """The first one's end leaves the second in force, whoever shares what."""
    first, second = an_order(cloud), an_order(cloud, is_shared=True)
    ended = await cloud.provider.grant(first)
    kept = await cloud.provider.grant(second)
    is_one = cloud.provider.lane(ALICE, cloud.ask) is not None

    await cloud.provider.revoke(
        an_order(cloud, request_id=first.request_id, is_shared=is_one), ended.handle
    )

    assert await cloud.grants_of(ALICE) == 1
    assert await cloud.provider.is_active(second, kept.handle)
    await cloud.provider.revoke(
        an_order(cloud, request_id=second.request_id), kept.handle
    )
    assert await cloud.grants_of(ALICE) == 0


async def test_one_persons_end_is_nobody_elses(cloud: Cloud) -> None:
    """Bob keeps the same role when alice's grant of it ends."""
    hers, his = an_order(cloud), an_order(cloud, requester=BOB)
    issued = await cloud.provider.grant(hers)
    kept = await cloud.provider.grant(his)

    await cloud.provider.revoke(hers, issued.handle)

    assert await cloud.provider.is_active(his, kept.handle)


async def test_no_secret_is_in_the_handle_or_a_repr(cloud: Cloud) -> None:
    """What is stored in the clear and may be logged opens nothing."""
    issued = await cloud.provider.grant(an_order(cloud))

    secrets = [*issued.secrets.variables.values(), *issued.secrets.files.values()]
    shown = f"{issued!r} {issued.secrets!r} {issued.handle}"
    hidden = [secret for secret in secrets if "fake" in secret or len(secret) > 60]
    assert not [secret for secret in hidden if secret in shown]


async def test_checking_says_who_we_are_there(cloud: Cloud) -> None:
    """For `jitsudo server check`; it changes nothing."""
    assert await cloud.provider.check()
    assert await cloud.grants_of(ALICE) == 0


@pytest.mark.parametrize("trouble", NOT_DONE, ids=lambda kind: kind.name.lower())
async def test_a_grant_that_was_not_done_says_why_and_works_later(
    remote: Cloud, trouble: Trouble
) -> None:
    """One error whatever was wrong; nothing is left in force by a failure."""
    order = an_order(remote)
    remote.trouble(trouble, calls=50)
    with pytest.raises(ProviderFailed) as failed:
        await remote.provider.grant(order)

    remote.trouble(trouble, calls=0)
    assert len(failed.value.why) > 10
    assert await remote.grants_of(ALICE) == 0
    await remote.provider.grant(
        an_order(remote, request_id=order.request_id, attempt=2)
    )
    assert await remote.grants_of(ALICE) == 1


@pytest.mark.parametrize("trouble", NOT_DONE, ids=lambda kind: kind.name.lower())
async def test_an_end_that_is_not_confirmed_is_not_told(
    remote: Cloud, trouble: Trouble
) -> None:
    """It may still be in force, and another try ends it."""
    order = an_order(remote)
    issued = await remote.provider.grant(order)
    remote.trouble(trouble, calls=50)
    with pytest.raises(ProviderFailed):
        await remote.provider.revoke(order, issued.handle)

    remote.trouble(trouble, calls=0)
    assert await remote.grants_of(ALICE) == 1
    await remote.provider.revoke(order, issued.handle)
    assert await remote.grants_of(ALICE) == 0


async def test_a_grant_whose_answer_got_lost_is_one_grant(remote: Cloud) -> None:
    """Asked again it is the same one; ended, nothing is left."""
    order = an_order(remote)
    remote.trouble(Trouble.LOST_ANSWER)
    try:
        await remote.provider.grant(order)
    except ProviderFailed:
        order = an_order(remote, request_id=order.request_id, attempt=2)
    issued = await remote.provider.grant(order)

    await remote.provider.revoke(order, issued.handle)

    assert await remote.grants_of(ALICE) == 0


async def test_an_end_whose_answer_got_lost_is_an_end(remote: Cloud) -> None:
    """Asked again it is done, and says so."""
    order = an_order(remote)
    issued = await remote.provider.grant(order)
    remote.trouble(Trouble.LOST_ANSWER)
    try:
        await remote.provider.revoke(order, issued.handle)
    except ProviderFailed:
        await remote.provider.revoke(order, issued.handle)

    assert await remote.grants_of(ALICE) == 0
    assert not await remote.provider.is_active(order, issued.handle)
