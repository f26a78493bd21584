"""What jitsudo writes into a cluster, and how it knows its own writing again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from pydantic import BaseModel, Field
from typing_extensions import override

from core.domain.grant import GrantOrder
from core.providers.kubernetes_settings import CLUSTER_WIDE

_RBAC: Final = "rbac.authorization.k8s.io"

_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
_REQUEST: Final = "jitsudo/request-id"
_REQUESTER: Final = "jitsudo/requester"
_ISSUED: Final = "jitsudo/issued-at"
_EXPIRES: Final = "jitsudo/expires-at"
_REASON: Final = "jitsudo/reason"


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One of Kubernetes' kinds of object.

    Attributes:
        group: the API group; empty for the core one.
    """

    name: str
    plural: str
    group: str

    @property
    def version(self) -> str:
        """Return what stands in `apiVersion`."""
        return f"{self.group}/v1" if self.group else "v1"

    @property
    def resource(self) -> str:
        """Return the resource as RBAC and Kubernetes' errors name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str | None, name: str = "") -> str:
        """Return the path of one object, or of all where `name` is empty."""
        parts = ["apis" if self.group else "api", *self.version.split("/")]
        if namespace is not None:
            parts += ["namespaces", quote(namespace, safe="")]
        parts += [self.plural, *([quote(name, safe="")] if name else [])]
        return "/" + "/".join(parts)


CLUSTER_ROLE: Final = Kind(name="ClusterRole", plural="clusterroles", group=_RBAC)
ROLE_BINDING: Final = Kind(name="RoleBinding", plural="rolebindings", group=_RBAC)
CLUSTER_ROLE_BINDING: Final = Kind(
    name="ClusterRoleBinding", plural="clusterrolebindings", group=_RBAC
)
SERVICE_ACCOUNT: Final = Kind(name="ServiceAccount", plural="serviceaccounts", group="")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where one object is: its kind, namespace and name."""

    kind: Kind
    namespace: str | None
    name: str

    @override
    def __str__(self) -> str:
        """Return it as kubectl's users would: `RoleBinding staging/jitsudo-…`."""
        where = f"{self.namespace}/" if self.namespace is not None else ""
        return f"{self.kind.name} {where}{self.name}"


class StoredMetadata(BaseModel):
    """What the API server says of any object."""

    name: str
    uid: str
    resource_version: str = Field(alias="resourceVersion")
    deletion_timestamp: str | None = Field(default=None, alias="deletionTimestamp")
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class Stored(BaseModel):
    """An object of the cluster, as far as jitsudo reads it.

    Attributes:
        role_ref: of a binding; as it came.
        subjects: of a binding; as they came.
    """

    metadata: StoredMetadata
    role_ref: dict[str, str] | None = Field(default=None, alias="roleRef")
    subjects: list[dict[str, str]] | None = None

    def is_of(self, order: GrantOrder) -> bool:
        """Tell whether jitsudo wrote it for this request."""
        meta = self.metadata
        return (
            meta.labels.get(_MANAGED_BY) == "jitsudo"
            and meta.annotations.get(_REQUEST) == order.request_id
            and meta.annotations.get(_REQUESTER) == order.requester
        )

    def is_leaving(self) -> bool:
        """Tell whether its deletion has begun and not ended."""
        return self.metadata.deletion_timestamp is not None

    def says(self, written: Mapping[str, object]) -> bool:
        """Tell whether role and subjects are still those that were written."""
        return (self.role_ref, self.subjects) == (
            written["roleRef"],
            written["subjects"],
        )

    def times(self) -> tuple[datetime, datetime]:
        """Return when the grant was issued and when it ends.

        Raises:
            ValueError: somebody changed the annotations.
        """
        notes = self.metadata.annotations
        issued, expires = (
            datetime.fromisoformat(notes.get(key, "")) for key in (_ISSUED, _EXPIRES)
        )
        if issued.tzinfo is None or expires.tzinfo is None:
            message = "a time without a zone"
            raise ValueError(message)
        return issued, expires


def binding_place(order: GrantOrder) -> Place:
    """Return where a request's binding is: in its namespace, or in none for `*`."""
    is_cluster_wide = order.resource_scope == CLUSTER_WIDE
    return Place(
        kind=CLUSTER_ROLE_BINDING if is_cluster_wide else ROLE_BINDING,
        namespace=None if is_cluster_wide else order.resource_scope,
        name=_name(order),
    )


def account_place(order: GrantOrder, namespace: str) -> Place:
    """Return where a request's ServiceAccount is."""
    return Place(kind=SERVICE_ACCOUNT, namespace=namespace, name=_name(order))


def new_binding(
    order: GrantOrder, *, issued_at: datetime, user: str, account: Place | None
) -> dict[str, object]:
    """Return the binding that is the grant.

    Args:
        user: the requester's name in the cluster.
        account: the request's ServiceAccount, where it has one.
    """
    subjects = [{"kind": "User", "apiGroup": _RBAC, "name": user}]
    if account is not None:
        subjects.append(
            {
                "kind": account.kind.name,
                "namespace": account.namespace or "",
                "name": account.name,
            }
        )
    return {
        **_head(binding_place(order), order, issued_at),
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": order.role},
        "subjects": subjects,
    }


def new_account(
    order: GrantOrder, place: Place, *, issued_at: datetime
) -> dict[str, object]:
    """Return a ServiceAccount for one request; no pod gets its token."""
    return {
        **_head(place, order, issued_at),
        "automountServiceAccountToken": False,
    }


def _head(place: Place, order: GrantOrder, issued_at: datetime) -> dict[str, object]:
    ends_at = issued_at + timedelta(seconds=order.duration_seconds)
    metadata: dict[str, object] = {
        "name": place.name,
        "labels": {_MANAGED_BY: "jitsudo"},
        "annotations": {
            _REQUEST: order.request_id,
            _REQUESTER: order.requester,
            _ISSUED: issued_at.isoformat(),
            _EXPIRES: ends_at.isoformat(),
            _REASON: order.reason,
        },
    }
    if place.namespace is not None:
        metadata["namespace"] = place.namespace
    return {
        "apiVersion": place.kind.version,
        "kind": place.kind.name,
        "metadata": metadata,
    }


def _name(order: GrantOrder) -> str:
    """Return the request id as an RFC 1123 name, such as `jitsudo-req-01j8…`."""
    return "jitsudo-" + order.request_id.lower().replace("_", "-")
