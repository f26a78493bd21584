"""What `jitsudo server check` says of a cluster."""

from collections.abc import AsyncIterator

import pytest

from core.errors import ProviderFailed
from tests.support.clouds.kubernetes import (
    ME,
    KubernetesCloud,
    kubernetes_cloud_with_tokens,
)


@pytest.fixture
async def cloud() -> AsyncIterator[KubernetesCloud]:
    """Yield a cluster whose people get a token from jitsudo."""
    async with kubernetes_cloud_with_tokens() as opened:
        yield opened


@pytest.mark.parametrize(
    ("settings", "taken"),
    [
        ({}, None),
        ({"cluster_roles": ["view"], "namespaces": ["staging", "prod"]}, None),
        ({}, ("delete", "rolebindings")),
        ({}, ("create", "clusterrolebindings")),
        ({}, ("bind", "clusterroles")),
        ({}, ("create", "serviceaccounts/token")),
    ],
    ids=str,
)
async def test_checking_tells_every_permission_that_is_missing(
    cloud: KubernetesCloud,
    settings: dict[str, object],
    taken: tuple[str, str] | None,
) -> None:
    """The documented role suffices; what is missing from it is told in words."""
    provider = cloud.another(**settings)
    if taken is None:
        assert await provider.check() == f"{ME} at {cloud.server.url}"
        return
    cloud.take(*taken)

    with pytest.raises(
        ProviderFailed, match=f"is {ME} and may not: .*{' '.join(taken)}"
    ):
        await provider.check()


async def test_a_role_that_jitsudo_may_not_bind_is_told_by_name(
    cloud: KubernetesCloud,
) -> None:
    """The settings name one role more than jitsudo's own role does."""
    provider = cloud.another(cluster_roles=["view", "cluster-admin"])

    with pytest.raises(ProviderFailed, match="bind clusterroles cluster-admin"):
        await provider.check()


async def test_checking_works_where_kubernetes_does_not_tell_who_we_are(
    cloud: KubernetesCloud,
) -> None:
    """Before version 1.28."""
    cloud.server.is_old = True

    assert "does not tell" in await cloud.provider.check()
