"""The token that `kubernetes` gives a requester, and what a crash leaves of it."""

from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from kubernetes_asyncio.client import ApiException, CoreV1Api
from kubernetes_asyncio.config import new_client_from_config

from core.domain.grant import GrantOrder, IssuedGrant
from core.errors import ProviderFailed
from tests.support.builders import ALICE, NOON
from tests.support.clouds.certificates import certificates
from tests.support.clouds.cloud import Trouble, an_order
from tests.support.clouds.kubernetes import (
    GRANTS,
    KubernetesCloud,
    kubernetes_cloud_with_tokens,
)

GRANT_CALLS: Final = 5
REVOKE_CALLS: Final = 6
TROUBLES: Final = [Trouble.DOWN, Trouble.LOST_ANSWER, Trouble.THROTTLED]


@pytest.fixture
async def cloud() -> AsyncIterator[KubernetesCloud]:
    """Yield a cluster whose people get a token from jitsudo."""
    async with kubernetes_cloud_with_tokens() as opened:
        yield opened


async def _status(issued: IssuedGrant, namespace: str, directory: Path) -> int:
    """Return how the cluster answers who lists pods with the grant's kubeconfig."""
    path = directory / "kubeconfig"
    path.write_text(issued.secrets.files["KUBECONFIG"], encoding="utf-8")
    async with await new_client_from_config(config_file=str(path)) as client:
        try:
            await CoreV1Api(client).list_namespaced_pod(namespace)
        except ApiException as error:
            status: int = error.status
            return status
    return 200


def _lifetimes(cloud: KubernetesCloud) -> list[timedelta]:
    """Return for how long each token was given, oldest first."""
    return [
        person.expires_at - NOON
        for person in cloud.cluster.tokens.values()
        if person.expires_at is not None
    ]


def _config(issued: IssuedGrant) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(issued.secrets.files["KUBECONFIG"])
    return config


async def test_the_kubeconfig_works_where_it_was_granted_until_it_is_ended(
    cloud: KubernetesCloud, tmp_path: Path
) -> None:
    """The requester's client library reads it as it is; the end takes it away."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)

    assert await _status(issued, "staging", tmp_path) == 200
    assert await _status(issued, "prod", tmp_path) == 403
    await cloud.provider.revoke(order, issued.handle)
    assert await _status(issued, "staging", tmp_path) == 401
    assert cloud.written() == []


async def test_a_star_is_everywhere(cloud: KubernetesCloud, tmp_path: Path) -> None:
    """The same, for the whole cluster."""
    order = replace(an_order(cloud), resource_scope="*")

    issued = await cloud.provider.grant(order)

    assert await _status(issued, "prod", tmp_path) == 200
    assert "namespace" not in _config(issued)["contexts"][0]["context"]
    assert cloud.written() == ["clusterrolebindings *", f"serviceaccounts {GRANTS}"]


async def test_the_token_ends_by_itself_with_the_grant(
    cloud: KubernetesCloud, tmp_path: Path
) -> None:
    """Should jitsudo be down by then, at least the token opens nothing."""
    issued = await cloud.provider.grant(an_order(cloud))

    assert _lifetimes(cloud) == [timedelta(hours=1)]
    cloud.clock.move(timedelta(hours=1))
    assert await _status(issued, "staging", tmp_path) == 401


@pytest.mark.parametrize(
    ("later", "seconds"), [(1200, 2400), (3300, 600), (7200, 600)], ids=str
)
async def test_granting_again_gives_another_token_for_what_is_left(
    cloud: KubernetesCloud, later: int, seconds: int
) -> None:
    """The first one is lost; ten minutes is the least that Kubernetes gives."""
    order = an_order(cloud)
    first = await cloud.provider.grant(order)
    cloud.clock.move(timedelta(seconds=later))

    again = await cloud.provider.grant(replace(order, attempt=2))

    assert again.secrets.files != first.secrets.files
    assert again.expires_at == first.expires_at
    assert _lifetimes(cloud)[1] == timedelta(seconds=later + seconds)
    assert cloud.written() == ["rolebindings staging", f"serviceaccounts {GRANTS}"]


async def test_a_cluster_that_gives_shorter_tokens_grants_nothing(
    cloud: KubernetesCloud,
) -> None:
    """Nobody is told of an hour who has half of one."""
    cloud.cluster.longest_token = 1800

    with pytest.raises(ProviderFailed, match="1800 s at most and 3600 s were asked"):
        await cloud.provider.grant(an_order(cloud))

    assert await cloud.grants_of(ALICE) == 0


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda kind: kind.name.lower())
@pytest.mark.parametrize("step", range(GRANT_CALLS))
async def test_a_grant_that_breaks_at_any_step_leaves_nothing_when_it_is_given_up(
    cloud: KubernetesCloud, step: int, trouble: Trouble
) -> None:
    """Given up without a handle, the cluster is as it was before."""
    order = an_order(cloud)
    cloud.server.trouble(trouble, after=step)
    # The client asks once more where a reading was answered by silence.
    await _try(cloud, order)

    await cloud.provider.revoke(order, "")

    assert cloud.written() == []


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda kind: kind.name.lower())
@pytest.mark.parametrize("step", range(GRANT_CALLS))
async def test_a_grant_that_breaks_at_any_step_is_one_grant_when_it_is_repeated(
    cloud: KubernetesCloud, step: int, trouble: Trouble, tmp_path: Path
) -> None:
    """Its kubeconfig works, and one end ends all of it."""
    order = an_order(cloud)
    cloud.server.trouble(trouble, after=step)
    await _try(cloud, order)

    issued = await cloud.provider.grant(replace(order, attempt=2))

    assert await _status(issued, "staging", tmp_path) == 200
    await cloud.provider.revoke(order, issued.handle)
    assert cloud.written() == []


async def _try(cloud: KubernetesCloud, order: GrantOrder) -> None:
    try:
        await cloud.provider.grant(order)
    except ProviderFailed:
        return


async def test_a_grant_opens_nothing_before_its_last_step(
    cloud: KubernetesCloud,
) -> None:
    """The binding comes last; an account and a token without one are nobody."""
    await cloud.provider.grant(an_order(cloud))

    assert cloud.server.calls == [
        "get clusterroles",
        "get rolebindings",
        "create serviceaccounts",
        "create serviceaccounts/token",
        "create rolebindings",
    ]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda kind: kind.name.lower())
@pytest.mark.parametrize("step", range(REVOKE_CALLS))
async def test_an_end_that_breaks_at_any_step_is_an_end_when_it_is_repeated(
    cloud: KubernetesCloud, step: int, trouble: Trouble
) -> None:
    """Nothing of it is left behind, whatever was done before."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    cloud.server.trouble(trouble, after=step)
    try:
        await cloud.provider.revoke(order, issued.handle)
    except ProviderFailed:
        await cloud.provider.revoke(order, issued.handle)

    assert cloud.written() == []


async def test_one_part_that_cannot_be_ended_does_not_keep_the_other(
    cloud: KubernetesCloud, tmp_path: Path
) -> None:
    """Somebody else's binding stays and is told; the token is gone all the same."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)
    name = f"jitsudo-{order.request_id.lower().replace('_', '-')}"
    binding = cloud.cluster.objects["rolebindings", "staging", name]
    binding["metadata"]["labels"].clear()

    with pytest.raises(ProviderFailed, match=f"RoleBinding staging/{name} is not"):
        await cloud.provider.revoke(order, issued.handle)

    assert cloud.written() == ["rolebindings staging"]
    assert await _status(issued, "staging", tmp_path) == 401


async def test_an_account_of_somebody_else_gets_no_role(
    cloud: KubernetesCloud,
) -> None:
    """Whoever made one of our name in advance is not let in by our binding."""
    order = an_order(cloud)
    name = f"jitsudo-{order.request_id.lower().replace('_', '-')}"
    cloud.cluster.put("serviceaccounts", GRANTS, {"metadata": {"name": name}})

    with pytest.raises(ProviderFailed, match=f"ServiceAccount {GRANTS}/{name} is not"):
        await cloud.provider.grant(order)

    assert cloud.written() == [f"serviceaccounts {GRANTS}"]
    assert _lifetimes(cloud) == []


async def test_an_account_is_ended_after_tokens_were_switched_off(
    cloud: KubernetesCloud,
) -> None:
    """What the handle names is ended, whatever the settings say by then."""
    order = an_order(cloud)
    issued = await cloud.provider.grant(order)

    await cloud.another(token_request=None).revoke(order, issued.handle)

    assert cloud.written() == []


async def test_people_are_sent_to_the_address_that_they_can_reach(
    cloud: KubernetesCloud,
) -> None:
    """Not to the one that pods use; whom to trust may be another one there."""
    public = certificates("a public authority").authority
    (cloud.directory / "public.pem").write_text(public, encoding="utf-8")
    provider = cloud.another(
        token_request={
            "namespace": GRANTS,
            "server": "https://kubernetes.example.com:6443/",
            "ca_file": str(cloud.directory / "public.pem"),
        }
    )

    order = an_order(cloud)
    config = _config(await provider.grant(order))

    told = config["clusters"][0]["cluster"]
    authority = told.pop("certificate-authority-data")
    assert told == {"server": "https://kubernetes.example.com:6443"}
    assert b64decode(authority).decode() == public
    assert config["contexts"][0]["context"]["namespace"] == "staging"
    assert config["current-context"] == f"kubernetes-{order.request_id[-6:].lower()}"
