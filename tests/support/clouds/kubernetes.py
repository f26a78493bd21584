"""The provider `kubernetes` in front of a stand-in for its API server."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from typing_extensions import override

from core.domain.request import Ask
from core.errors import ProviderFailed
from core.providers.kubernetes import KubernetesProvider, from_settings
from core.services.provider_calls import WHY_LIMIT
from tests.support.builders import FrozenClock, an_ask
from tests.support.clouds.certificates import certificates
from tests.support.clouds.cloud import Cloud, Trouble, an_order
from tests.support.clouds.kubernetes_api import ApiServer, running_api_server
from tests.support.clouds.kubernetes_cluster import Person
from tests.support.documents import document

ME: Final = "system:serviceaccount:jitsudo:jitsudo"
GRANTS: Final = "jitsudo-grants"
TOKEN: Final = "fake-token-of-jitsudo-itself"


class KubernetesCloud(Cloud):
    """One cluster whose administrator did what the documents say."""

    def __init__(
        self,
        server: ApiServer,
        clock: FrozenClock,
        directory: Path,
        settings: Mapping[str, object],
    ) -> None:
        """Write the files that the settings name, and let jitsudo in."""
        self.clock = clock
        self.server = server
        self.cluster = server.cluster
        self.directory = directory
        self.cluster.namespaces.add(GRANTS)
        self.cluster.tokens[TOKEN] = Person(name=ME)
        for _, text in document("docs/providers.md").blocks("yaml"):
            if "kind: ClusterRoleBinding" in text:
                self.cluster.apply(text)
        (directory / "ca.pem").write_text(certificates().authority, encoding="utf-8")
        (directory / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
        self.settings: dict[str, object] = {
            "server": server.url,
            "ca_file": str(directory / "ca.pem"),
            "token_file": str(directory / "token"),
            "cluster_roles": ["view", "edit"],
            **settings,
        }
        self._provider = from_settings("kubernetes", self.settings, clock)

    @property
    @override
    def provider(self) -> KubernetesProvider:
        """Return the provider."""
        return self._provider

    def another(self, **settings: object) -> KubernetesProvider:
        """Return a provider for the same cluster with other settings; None is none."""
        own = {
            key: value
            for key, value in {**self.settings, **settings}.items()
            if value is not None
        }
        return from_settings("kubernetes", own, self.clock)

    @property
    @override
    def ask(self) -> Ask:
        """Return what the documented settings allow."""
        return an_ask(
            provider="kubernetes",
            role="edit",
            resource_scope="staging",
            duration=timedelta(hours=1),
        )

    @override
    async def grants_of(self, requester: str) -> int:
        """Return how many bindings name a person."""
        return sum(
            plural.endswith("bindings")
            and any(subject["name"] == requester for subject in found["subjects"])
            for (plural, _, _), found in self.cluster.objects.items()
        )

    @override
    def trouble(self, kind: Trouble, *, calls: int = 1) -> None:
        """Make the next calls end so."""
        self.server.trouble(kind, calls=calls)

    def take(self, verb: str, resource: str) -> None:
        """Take a verb from the role that jitsudo itself has."""
        for place in (("clusterroles", None), ("roles", GRANTS)):
            for rule in self.cluster.objects[(*place, "jitsudo")]["rules"]:
                if resource in rule["resources"]:
                    rule["verbs"].remove(verb)

    def written(self) -> list[str]:
        """Return the names of everything in the cluster that is a request's."""
        return sorted(
            f"{plural} {namespace or '*'}"
            for plural, namespace, name in self.cluster.objects
            if name.startswith("jitsudo-req")
        )


async def why_not_granted(
    cloud: KubernetesCloud, provider: KubernetesProvider | None = None
) -> str:
    """Try to grant; return why not, which is one line without a secret."""
    with pytest.raises(ProviderFailed) as failed:
        await (provider or cloud.provider).grant(an_order(cloud))
    why = failed.value.why
    assert len(why) <= WHY_LIMIT
    assert "\n" not in why
    assert TOKEN not in str(failed.value)
    return why


@asynccontextmanager
async def opened_cluster(
    settings: Mapping[str, object],
) -> AsyncIterator[KubernetesCloud]:
    """Yield a cluster whose provider has some settings more."""
    clock = FrozenClock()
    with TemporaryDirectory() as directory:
        async with running_api_server(clock) as server:
            yield KubernetesCloud(server, clock, Path(directory), settings)


def kubernetes_cloud() -> AbstractAsyncContextManager[KubernetesCloud]:
    """Open a cluster whose people have an identity of their own."""
    return opened_cluster({})


def kubernetes_cloud_with_tokens() -> AbstractAsyncContextManager[KubernetesCloud]:
    """Open a cluster whose people get a token from jitsudo."""
    return opened_cluster({"token_request": {"namespace": GRANTS}})
