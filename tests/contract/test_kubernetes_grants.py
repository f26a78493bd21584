"""What `kubernetes` writes into a cluster, and what it leaves alone there."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.domain.grant import GrantOrder
from core.errors import ProviderFailed
from core.providers.kubernetes import KubernetesProvider
from core.providers.kubernetes_client import Patience
from core.providers.kubernetes_settings import KubernetesSettings
from tests.support.builders import NOON
from tests.support.clouds.cloud import an_order
from tests.support.clouds.kubernetes import KubernetesCloud, kubernetes_cloud
from tests.support.clouds.kubernetes_cluster import RBAC, Wish

REASON = 'INC-1: "pods" do not start —\n{{x}} <!channel> \'; DROP\t' + "ü" * 1900


@pytest.fixture
async def cloud() -> AsyncIterator[KubernetesCloud]:
    """Yield a cluster whose people have an identity of their own."""
    async with kubernetes_cloud() as opened:
        yield opened


def _name(order: GrantOrder) -> str:
    return "jitsudo-" + order.request_id.lower().replace("_", "-")


def _binding(cloud: KubernetesCloud, order: GrantOrder) -> dict[str, Any]:
    return cloud.cluster.objects["rolebindings", "staging", _name(order)]


async def test_a_binding_says_for_whom_why_and_until_when(
    cloud: KubernetesCloud,
) -> None:
    """Whoever finds it in the cluster needs no other source; any text survives."""
    person = "o'brien+a#b@example.com"
    order = replace(an_order(cloud, requester=person), reason=REASON)

    issued = await cloud.provider.grant(order)

    binding = _binding(cloud, order)
    meta = binding["metadata"]
    assert meta["labels"] == {"app.kubernetes.io/managed-by": "jitsudo"}
    assert meta["annotations"] == {
        "jitsudo/request-id": order.request_id,
        "jitsudo/requester": person,
        "jitsudo/issued-at": NOON.isoformat(),
        "jitsudo/expires-at": (NOON + timedelta(hours=1)).isoformat(),
        "jitsudo/reason": REASON,
    }
    assert binding["roleRef"] == {
        "apiGroup": RBAC,
        "kind": "ClusterRole",
        "name": "edit",
    }
    assert binding["subjects"] == [{"kind": "User", "apiGroup": RBAC, "name": person}]
    assert issued.secrets.variables == {
        "JITSUDO_K8S_ROLE": "edit",
        "JITSUDO_K8S_NAMESPACE": "staging",
    }
    assert issued.secrets.files == {}


async def test_a_star_is_the_whole_cluster_and_a_namespace_only_that(
    cloud: KubernetesCloud,
) -> None:
    """What was approved is what is granted, wider or narrower never."""
    star = replace(an_order(cloud), resource_scope="*")
    await cloud.provider.grant(an_order(cloud))
    assert cloud.written() == ["rolebindings staging"]

    issued = await cloud.provider.grant(star)

    assert cloud.written() == ["clusterrolebindings *", "rolebindings staging"]
    assert issued.secrets.variables["JITSUDO_K8S_NAMESPACE"] == "*"
    await cloud.provider.revoke(star, issued.handle)
    assert cloud.written() == ["rolebindings staging"]


async def test_a_user_is_named_as_the_cluster_names_them(
    cloud: KubernetesCloud,
) -> None:
    """With the prefix of the API server's OIDC settings."""
    order = an_order(cloud)

    await cloud.another(user_prefix="oidc:").grant(order)

    assert _binding(cloud, order)["subjects"][0]["name"] == "oidc:alice@example.com"


async def test_nobody_is_granted_anything_as_one_of_kubernetes_own_users(
    cloud: KubernetesCloud,
) -> None:
    """An e-mail can begin like the name of a node or a controller."""
    order = an_order(cloud, requester="system:kube-controller-manager@x.example")

    with pytest.raises(ProviderFailed, match="system:"):
        await cloud.provider.grant(order)

    assert cloud.written() == []


async def test_a_role_that_is_gone_is_named_and_not_bound(
    cloud: KubernetesCloud,
) -> None:
    """Kubernetes would bind it without a word, and it might come back."""
    del cloud.cluster.objects["clusterroles", None, "edit"]

    with pytest.raises(ProviderFailed, match="no ClusterRole edit"):
        await cloud.provider.grant(an_order(cloud))

    assert cloud.written() == []


async def test_granting_again_keeps_the_times_of_the_first(
    cloud: KubernetesCloud,
) -> None:
    """A lost answer makes nothing longer."""
    order = an_order(cloud)
    first = await cloud.provider.grant(order)
    cloud.clock.move(timedelta(minutes=20))

    again = await cloud.provider.grant(replace(order, attempt=2))

    assert again == first
    assert again.expires_at == NOON + timedelta(hours=1)


async def test_a_binding_of_somebody_else_is_neither_used_nor_deleted(
    cloud: KubernetesCloud,
) -> None:
    """Its name may be ours; whose it is, the annotations say."""
    order = an_order(cloud)
    body = {"metadata": {"name": _name(order)}, "roleRef": {}, "subjects": []}
    cloud.cluster.put("rolebindings", "staging", body)

    for call in (
        cloud.provider.grant(order),
        cloud.provider.grant(replace(order, attempt=2)),
        cloud.provider.revoke(order, ""),
        cloud.provider.is_active(order, ""),
    ):
        with pytest.raises(ProviderFailed, match="is not jitsudo's"):
            await call

    assert _binding(cloud, order) is body


@pytest.mark.parametrize("mark", ["request-id", "requester"])
async def test_a_binding_that_lost_its_marks_is_not_said_to_be_ended(
    cloud: KubernetesCloud, mark: str
) -> None:
    """Whoever takes the marks off keeps the role, so somebody has to look."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    del _binding(cloud, order)["metadata"]["annotations"][f"jitsudo/{mark}"]

    with pytest.raises(ProviderFailed, match="look at what it grants"):
        await cloud.provider.revoke(order, issued.handle)

    assert cloud.written() == ["rolebindings staging"]


async def test_a_binding_that_grants_something_else_is_not_the_grant(
    cloud: KubernetesCloud,
) -> None:
    """Somebody added a subject: asked again it is refused, ended it is gone."""
    order = an_order(cloud)
    await cloud.provider.grant(order)
    mallory = {"kind": "User", "apiGroup": RBAC, "name": "mallory@example.com"}
    _binding(cloud, order)["subjects"].append(mallory)

    with pytest.raises(ProviderFailed, match="other subjects"):
        await cloud.provider.grant(replace(order, attempt=2))
    await cloud.provider.revoke(order, "")

    assert cloud.written() == []


@pytest.mark.parametrize("wrong", ["", "tomorrow", "2026-03-20T13:00:00"])
async def test_times_that_were_changed_are_not_believed(
    cloud: KubernetesCloud, wrong: str
) -> None:
    """The end that jitsudo stores is never one that somebody typed into a cluster."""
    order = an_order(cloud)
    await cloud.provider.grant(order)
    _binding(cloud, order)["metadata"]["annotations"]["jitsudo/expires-at"] = wrong

    with pytest.raises(ProviderFailed, match="times that jitsudo did not write"):
        await cloud.provider.grant(replace(order, attempt=2))


async def test_a_binding_that_is_changed_while_it_is_deleted_is_deleted(
    cloud: KubernetesCloud,
) -> None:
    """The precondition fails, it is read again, and it is still ours."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)

    def touch(wish: Wish) -> None:
        if wish.verb == "delete":
            cloud.server.before = None
            _binding(cloud, order)["metadata"]["labels"]["touched"] = "yes"
            cloud.cluster.put("rolebindings", "staging", _binding(cloud, order))

    cloud.server.before = touch
    await cloud.provider.revoke(order, issued.handle)

    assert cloud.server.calls.count("delete rolebindings") == 2
    assert cloud.written() == []


async def test_what_takes_the_place_of_a_binding_is_not_deleted(
    cloud: KubernetesCloud,
) -> None:
    """Between our look and our deletion somebody put their own there."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    body = {"metadata": {"name": _name(order)}, "roleRef": {}, "subjects": []}

    def replaced(wish: Wish) -> None:
        if wish.verb == "delete":
            cloud.cluster.put("rolebindings", "staging", body)

    cloud.server.before = replaced
    with pytest.raises(ProviderFailed, match="is not jitsudo's"):
        await cloud.provider.revoke(order, issued.handle)

    assert _binding(cloud, order) is body


async def test_a_binding_that_a_finalizer_holds_is_in_force(
    cloud: KubernetesCloud,
) -> None:
    """Its deletion has begun, which takes nothing away; later it is gone."""
    provider = KubernetesProvider(
        name="kubernetes",
        settings=KubernetesSettings.model_validate(cloud.settings),
        clock=cloud.clock,
        patience=Patience(pauses=(0.0, 0.0, 0.0)),
    )
    cloud.cluster.finalizers = ["example.com/holds"]
    order = an_order(cloud)
    issued = await provider.grant(order)

    with pytest.raises(ProviderFailed, match="still there; does a finalizer"):
        await provider.revoke(order, issued.handle)
    assert await provider.is_active(order, issued.handle)
    with pytest.raises(ProviderFailed, match="is being deleted"):
        await provider.grant(replace(order, attempt=2))
    del cloud.cluster.objects["rolebindings", "staging", _name(order)]

    await provider.revoke(order, issued.handle)

    assert cloud.server.calls.count("delete rolebindings") == 1
    assert not await provider.is_active(order, issued.handle)


async def test_a_binding_that_takes_a_while_to_go_is_waited_for(
    cloud: KubernetesCloud,
) -> None:
    """The end is told when the cluster has done it, not when it was asked to."""
    cloud.cluster.finalizers = ["example.com/holds"]
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    looks: list[Wish] = []

    def released(wish: Wish) -> None:
        looks.append(wish)
        if len(looks) == 4:
            del cloud.cluster.objects["rolebindings", "staging", _name(order)]

    cloud.server.before = released
    await cloud.provider.revoke(order, issued.handle)

    assert [look.verb for look in looks] == ["get", "delete", "get", "get"]


async def test_the_end_of_the_time_is_a_deletion(cloud: KubernetesCloud) -> None:
    """Kubernetes ends nothing by itself, however late it is."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    cloud.clock.move(timedelta(days=2))
    assert await cloud.provider.is_active(order, issued.handle)

    await cloud.provider.revoke(order, issued.handle)

    assert cloud.written() == []
