"""How `kubernetes` signs in to a cluster, and what it says when it cannot."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from core.errors import ProviderFailed
from core.providers.kubernetes import KubernetesProvider
from core.providers.kubernetes_connection import configure
from core.providers.kubernetes_settings import KubernetesSettings
from tests.support.clouds.certificates import certificates
from tests.support.clouds.cloud import an_order
from tests.support.clouds.kubernetes import (
    ME,
    TOKEN,
    KubernetesCloud,
    kubernetes_cloud_with_tokens,
    why_not_granted,
)
from tests.support.clouds.kubernetes_cluster import Person


@pytest.fixture
async def cloud() -> AsyncIterator[KubernetesCloud]:
    """Yield a cluster whose people get a token from jitsudo."""
    async with kubernetes_cloud_with_tokens() as opened:
        yield opened


async def test_credentials_that_are_not_taken_are_ours(cloud: KubernetesCloud) -> None:
    """Nobody looks for the fault at the requester's."""
    (cloud.directory / "token").write_text("fake-token-of-nobody", encoding="utf-8")

    assert "does not take jitsudo's credentials (401)" in await why_not_granted(cloud)


async def test_a_token_that_was_replaced_is_used(cloud: KubernetesCloud) -> None:
    """Kubernetes replaces a pod's token about every hour."""
    order = an_order(cloud)
    await cloud.provider.grant(order)
    del cloud.cluster.tokens[TOKEN]
    cloud.cluster.tokens["fake-token-after-rotation"] = Person(name=ME)
    (cloud.directory / "token").write_text("fake-token-after-rotation", "utf-8")

    await cloud.provider.revoke(order, "")

    assert cloud.written() == []


async def test_a_certificate_of_somebody_else_is_not_trusted(
    cloud: KubernetesCloud,
) -> None:
    """Nothing was sent to whoever answered there."""
    stranger = certificates("somebody else").authority
    (cloud.directory / "ca.pem").write_text(stranger, encoding="utf-8")

    assert "certificate" in await why_not_granted(cloud)
    assert cloud.server.calls == []


@pytest.mark.parametrize("content", ["", "no certificate", None])
async def test_an_authority_that_cannot_be_read_is_told(
    cloud: KubernetesCloud, content: str | None
) -> None:
    """A file that is missing, empty or something else."""
    path = cloud.directory / "ca.pem"
    path.unlink()
    if content is not None:
        path.write_text(content, encoding="utf-8")

    why = await why_not_granted(cloud)
    assert "certificates" in why or "readable" in why


def _kubeconfig(cloud: KubernetesCloud, user: object, **cluster: object) -> Path:
    """Write a kubeconfig with two contexts; the current one leads nowhere."""
    there = {
        "server": cloud.server.url,
        "certificate-authority": str(cloud.directory / "ca.pem"),
        **cluster,
    }
    nowhere = {"server": "https://127.0.0.1:1"}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "there", "cluster": there},
            {"name": "nowhere", "cluster": nowhere},
        ],
        "users": [{"name": "jitsudo", "user": user}],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": "jitsudo"}}
            for name in ("there", "nowhere")
        ],
        "current-context": "nowhere",
    }
    path = cloud.directory / "kubeconfig"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def _by_kubeconfig(
    cloud: KubernetesCloud, path: Path, context: str | None = "there"
) -> KubernetesProvider:
    return cloud.another(
        kubeconfig=str(path),
        context=context,
        server=None,
        ca_file=None,
        token_file=None,
    )


async def test_a_kubeconfig_is_read_as_kubectl_reads_it(cloud: KubernetesCloud) -> None:
    """The named context; files beside it; a token, a token's file or a program."""
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": TOKEN},
    }
    program = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": ["-c", f"print({json.dumps(credential)!r})"],
        "interactiveMode": "Never",
    }
    for user in ({"token": TOKEN}, {"tokenFile": "token"}, {"exec": program}):
        provider = _by_kubeconfig(cloud, _kubeconfig(cloud, user))

        assert await provider.check() == f"{ME} at {cloud.server.url}"

    away = _by_kubeconfig(cloud, _kubeconfig(cloud, {"token": TOKEN}), context=None)
    assert "https://127.0.0.1:1 cannot be reached" in await why_not_granted(cloud, away)


@asynccontextmanager
async def _ruined(
    cloud: KubernetesCloud, how: str
) -> AsyncIterator[KubernetesProvider]:
    path = _kubeconfig(cloud, {"token": TOKEN})
    context = "there"
    if how == "missing":
        path.unlink()
    elif how == "no YAML":
        path.write_text(f"users: [{TOKEN}", encoding="utf-8")
    elif how == "something else":
        path.write_text(f"- {TOKEN}", encoding="utf-8")
    elif how == "empty":
        path.write_text("", encoding="utf-8")
    elif how == "no such context":
        context = "elsewhere"
    else:
        command = {"command": "jitsudo-has-no-such-program", "args": [TOKEN]}
        _kubeconfig(cloud, {"exec": {"apiVersion": "v1", **command}})
    yield _by_kubeconfig(cloud, path, context)


@pytest.mark.parametrize(
    "how",
    ["missing", "no YAML", "something else", "empty", "no such context", "no program"],
)
async def test_a_kubeconfig_that_cannot_be_used_says_how_to_try_it(
    cloud: KubernetesCloud, how: str
) -> None:
    """And shows nothing of what is in it."""
    async with _ruined(cloud, how) as provider:
        why = await why_not_granted(cloud, provider)

    assert "try kubectl --kubeconfig" in why


@pytest.mark.parametrize(
    "cluster",
    [{"insecure-skip-tls-verify": True}, {"server": "http://127.0.0.1:1"}],
    ids=["unchecked", "in the clear"],
)
async def test_no_credentials_go_to_who_was_not_checked(
    cloud: KubernetesCloud, cluster: dict[str, object]
) -> None:
    """A kubeconfig may say to skip that; jitsudo does not."""
    path = _kubeconfig(cloud, {"token": TOKEN}, **cluster)

    assert "TLS" in await why_not_granted(cloud, _by_kubeconfig(cloud, path))
    assert cloud.server.calls == []


async def test_a_pod_signs_in_with_its_own_token(
    cloud: KubernetesCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address is in the environment, the rest in files."""
    host, _, port = cloud.server.url.removeprefix("https://").partition(":")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    (cloud.directory / "ca.pem").rename(cloud.directory / "ca.crt")
    settings = KubernetesSettings.model_validate({"in_cluster": True})

    configuration = await configure("k", settings, pod_files=cloud.directory)

    assert configuration.host == cloud.server.url
    assert configuration.api_key == {"BearerToken": f"Bearer {TOKEN}"}
    with pytest.raises(ProviderFailed, match="is it in a pod"):
        await configure("k", settings, pod_files=cloud.directory / "nowhere")
