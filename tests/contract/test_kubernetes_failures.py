"""What a person on call reads when `kubernetes` cannot do what was asked."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Final

import pytest

from core.domain.grant import GrantOrder
from core.errors import ProviderFailed
from core.providers.kubernetes import KubernetesProvider
from core.providers.kubernetes_client import Patience
from core.providers.kubernetes_settings import KubernetesSettings
from tests.support.clouds.cloud import Trouble, an_order
from tests.support.clouds.kubernetes import (
    GRANTS,
    KubernetesCloud,
    kubernetes_cloud_with_tokens,
    why_not_granted,
)
from tests.support.clouds.kubernetes_cluster import Wish
from tests.support.clouds.kubernetes_status import Refusal

BINDINGS: Final = "rolebindings.rbac.authorization.k8s.io"


@pytest.fixture
async def cloud() -> AsyncIterator[KubernetesCloud]:
    """Yield a cluster whose people get a token from jitsudo."""
    async with kubernetes_cloud_with_tokens() as opened:
        yield opened


@pytest.mark.parametrize(
    ("verb", "resource", "told"),
    [
        ("get", "clusterroles", "get clusterroles.rbac.authorization.k8s.io"),
        ("get", "rolebindings", f"get {BINDINGS} in namespace staging"),
        ("create", "rolebindings", f"create {BINDINGS} in namespace staging"),
        ("create", "serviceaccounts", f"create serviceaccounts in namespace {GRANTS}"),
        (
            *("create", "serviceaccounts/token"),
            f"create serviceaccounts/token in namespace {GRANTS}",
        ),
        ("bind", "clusterroles", "the verb bind on clusterroles, with edit among"),
    ],
    ids=lambda value: value.replace("/", "-"),
)
async def test_a_missing_permission_is_named(
    cloud: KubernetesCloud, verb: str, resource: str, told: str
) -> None:
    """In RBAC's own words, to be copied into jitsudo's role; nothing is granted."""
    cloud.take(verb, resource)

    assert told in await why_not_granted(cloud)
    assert "rolebindings staging" not in cloud.written()


async def test_a_missing_permission_to_delete_is_named(
    cloud: KubernetesCloud,
) -> None:
    """The binding is still in force, and that is what is told."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    cloud.take("delete", "rolebindings")

    with pytest.raises(ProviderFailed, match=f"lacks: delete {BINDINGS} in namespace"):
        await cloud.provider.revoke(order, issued.handle)

    assert await cloud.provider.is_active(order, issued.handle)


async def test_a_namespace_that_is_not_there_is_named(cloud: KubernetesCloud) -> None:
    """It was deleted after the request was made."""
    cloud.cluster.namespaces.remove("staging")

    assert 'namespaces "staging" not found' in await why_not_granted(cloud)


async def test_a_namespace_that_is_leaving_is_no_matter_of_permissions(
    cloud: KubernetesCloud,
) -> None:
    """Kubernetes says forbidden for this too."""
    cloud.cluster.leaving.add("staging")

    assert await why_not_granted(cloud) == "namespace staging is being deleted"


async def test_how_long_to_slow_down_is_told(cloud: KubernetesCloud) -> None:
    """The API server says so in seconds."""
    cloud.server.retry_after = 17
    cloud.trouble(Trouble.THROTTLED)

    assert "slow down for 17 s (429)" in await why_not_granted(cloud)


async def test_trouble_in_the_api_server_is_told_as_that(
    cloud: KubernetesCloud,
) -> None:
    """With its own words, on one line and not too many of them."""
    cloud.server.before = _refusing(503, "etcdserver: leader changed\n" + "x" * 5000)

    why = await why_not_granted(cloud)
    assert "in trouble (503)" in why
    assert "etcdserver: leader changed xxx" in why


async def test_a_server_that_is_not_there_is_told(cloud: KubernetesCloud) -> None:
    """By its address, which is in the settings and no secret."""
    provider = cloud.another(server="https://127.0.0.1:1")

    assert "https://127.0.0.1:1 cannot be reached" in await why_not_granted(
        cloud, provider
    )


async def test_a_server_that_says_nothing_is_not_waited_for(
    cloud: KubernetesCloud,
) -> None:
    """One call has its time, and a job may try again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = f"https://127.0.0.1:{listener.getsockname()[1]}"
        provider = KubernetesProvider(
            name="kubernetes",
            settings=KubernetesSettings.model_validate(
                {**cloud.settings, "server": server}
            ),
            clock=cloud.clock,
            patience=Patience(call_seconds=0.2),
        )

        async with asyncio.timeout(10):  # Far more than one call has.
            why = await why_not_granted(cloud, provider)

    assert why == f"{server} did not answer in time"


@pytest.mark.parametrize("body", [{"kind": "Hello"}, {"metadata": {"name": 7}}])
async def test_an_answer_of_something_else_is_told_as_that(
    cloud: KubernetesCloud, body: dict[str, object]
) -> None:
    """A proxy's sign-in page, or a server of another kind."""
    order = an_order(cloud)
    name = f"jitsudo-{order.request_id.lower().replace('_', '-')}"
    cloud.cluster.objects["rolebindings", "staging", name] = body

    with pytest.raises(ProviderFailed, match="does not answer as a Kubernetes API"):
        await cloud.provider.is_active(order, "")


@pytest.mark.parametrize("act", ["grant", "revoke"])
@pytest.mark.parametrize(
    ("status", "reason"), [(400, None), (409, "Conflict"), (422, None), (500, "Oops")]
)
async def test_nothing_but_a_failure_escapes_whatever_is_refused(
    cloud: KubernetesCloud, act: str, status: int, reason: str | None
) -> None:
    """Every call of both is answered so; one error whatever it was."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    cloud.server.before = _refusing(status, "not now", reason=reason)

    with pytest.raises(ProviderFailed, match="not now"):
        await _again(cloud, act, order, issued.handle)


async def _again(
    cloud: KubernetesCloud, act: str, order: GrantOrder, handle: str
) -> None:
    if act == "grant":
        await cloud.provider.grant(replace(order, attempt=2))
    else:
        await cloud.provider.revoke(order, handle)


def _refusing(
    status: int, message: str, *, reason: str | None = None
) -> Callable[[Wish], None]:
    def refuse(_: Wish) -> None:
        raise Refusal(status, message, reason=reason)

    return refuse
