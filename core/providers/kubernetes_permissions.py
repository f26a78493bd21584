"""Who jitsudo is in a cluster, and what it has to be allowed there."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from itertools import product
from typing import Final

from pydantic import BaseModel, Field
from typing_extensions import override

from core.providers.kubernetes_client import ClusterApi
from core.providers.kubernetes_errors import Act
from core.providers.kubernetes_objects import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    ROLE_BINDING,
    SERVICE_ACCOUNT,
    Kind,
)
from core.providers.kubernetes_settings import KubernetesSettings

_OWN: Final = ("get", "create", "delete")
"""What jitsudo does with what it writes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Permission:
    """Something that RBAC allows or not.

    Attributes:
        namespace: None for everywhere, or for what is in no namespace.
        name: of one object; None for all.
    """

    verb: str
    kind: Kind
    subresource: str = ""
    namespace: str | None = None
    name: str | None = None

    @override
    def __str__(self) -> str:
        """Return it in words: `bind clusterroles view`."""
        slash = f"/{self.subresource}" if self.subresource else ""
        name = f" {self.name}" if self.name else ""
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.kind.plural}{slash}{name}{where}"


class _UserInfo(BaseModel):
    username: str


class _ReviewStatus(BaseModel):
    user: _UserInfo = Field(alias="userInfo")


class _Review(BaseModel):
    status: _ReviewStatus


class _AccessStatus(BaseModel):
    allowed: bool


class _Access(BaseModel):
    status: _AccessStatus


def needed(settings: KubernetesSettings) -> Iterator[Permission]:
    """Yield everything that grants under these settings take."""
    for name, verb in product(settings.cluster_roles or (None,), ("get", "bind")):
        yield Permission(verb=verb, kind=CLUSTER_ROLE, name=name)
    for namespace, verb in product(settings.namespaces or (None,), _OWN):
        yield Permission(verb=verb, kind=ROLE_BINDING, namespace=namespace)
    if settings.allows_cluster_wide:
        for verb in _OWN:
            yield Permission(verb=verb, kind=CLUSTER_ROLE_BINDING)
    if settings.token_request is not None:
        home = settings.token_request.namespace
        for verb in _OWN:
            yield Permission(verb=verb, kind=SERVICE_ACCOUNT, namespace=home)
        yield Permission(
            verb="create", kind=SERVICE_ACCOUNT, subresource="token", namespace=home
        )


async def who(api: ClusterApi) -> str:
    """Return the name that the cluster knows jitsudo by.

    Raises:
        ProviderFailed: it does not say.
    """
    answer = await api.call(
        Act(verb="create", resource="selfsubjectreviews.authentication.k8s.io"),
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        body={"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"},
        passing=frozenset({HTTPStatus.NOT_FOUND}),
    )
    if answer is None:  # Kubernetes before 1.28 cannot tell.
        return "a user whose name this version of Kubernetes does not tell"
    return api.parsed(_Review, answer).status.user.username


async def may(api: ClusterApi, wanted: Permission) -> bool:
    """Tell whether RBAC lets jitsudo do something.

    Raises:
        ProviderFailed: the cluster does not say.
    """
    answer = await api.call(
        Act(verb="create", resource="selfsubjectaccessreviews.authorization.k8s.io"),
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        body={
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {
                "resourceAttributes": {
                    "verb": wanted.verb,
                    "group": wanted.kind.group,
                    "resource": wanted.kind.plural,
                    "subresource": wanted.subresource,
                    "namespace": wanted.namespace or "",
                    "name": wanted.name or "",
                }
            },
        },
    )
    return api.parsed(_Access, answer).status.allowed
