"""The settings of a provider `kubernetes`, and what they let be asked for."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from core.domain.request import Ask
from core.duration import to_text
from core.errors import Invalid
from core.settings import Duration

CLUSTER_WIDE: Final = "*"
"""The scope that means all namespaces and what is in none."""

SHORTEST_TOKEN: Final = timedelta(minutes=10)
"""Source: Kubernetes API, TokenRequestSpec.expirationSeconds."""

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""Source: RFC 1123 labels, as Kubernetes takes them for a namespace's name."""

_ROLE: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.:]*[A-Za-z0-9])?")
"""Narrower than Kubernetes, which only bars `/`, `%`, `.` and `..` in these."""

_SHOWN: Final = 8
"""How many allowed names a refusal lists."""


def _namespace_name(value: str) -> str:
    if _LABEL.fullmatch(value) is None:
        message = f"{value!r} is no namespace's name"
        if value == CLUSTER_WIDE:
            message = "'*' does not go here; set cluster_wide: true"
        raise ValueError(message)
    return value


def _server_address(value: str) -> str:
    if not value.startswith("https://"):
        message = "has to begin with https://"
        raise ValueError(message)
    return value.rstrip("/")


NamespaceName = Annotated[str, AfterValidator(_namespace_name)]
ServerAddress = Annotated[str, AfterValidator(_server_address)]


class TokenRequestSettings(BaseModel):
    """Where requesters get a token of their own from, and where they use it.

    Attributes:
        namespace: where a ServiceAccount is made for each request; for nothing
            else, since who may write there could take over other people's grants.
        server: the API server's address as people reach it; None for the one
            that jitsudo uses.
        ca_file: the certificates to trust at that address; None for those that
            jitsudo trusts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    namespace: NamespaceName
    server: ServerAddress | None = None
    ca_file: Path | None = None


class KubernetesSettings(BaseModel):
    """How to reach one cluster, and what may be asked for there.

    Attributes:
        kubeconfig: how to connect, as kubectl does.
        context: the context in `kubeconfig`; None for its current one.
        in_cluster: to connect as the pod's own ServiceAccount.
        server: the address to connect to with `ca_file` and `token_file`.
        ca_file: PEM certificates to trust; None for the system's.
        token_file: holds the bearer token; read anew for each grant.
        namespaces: the scopes that may be asked for; none named means all but
            Kubernetes' own, `kube-…`.
        cluster_wide: whether the scope `*` may be asked for; None for yes
            unless `namespaces` are named.
        cluster_roles: the roles that may be asked for; none named means all but
            `cluster-admin` and `system:…`.
        max_duration: longer asks are refused.
        user_prefix: what the API server puts before an e-mail to make a user's
            name of it.
        token_request: for requesters to get a token; None for them to come with
            an identity of their own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kubeconfig: Path | None = None
    context: str | None = None
    in_cluster: bool = False
    server: ServerAddress | None = None
    ca_file: Path | None = None
    token_file: Path | None = None
    namespaces: tuple[NamespaceName, ...] = ()
    cluster_wide: bool | None = None
    cluster_roles: tuple[str, ...] = ()
    max_duration: Duration | None = Field(default=None, gt=timedelta(0))
    user_prefix: str = ""
    token_request: TokenRequestSettings | None = None

    @model_validator(mode="after")
    def _one_connection(self) -> Self:
        ways = (self.kubeconfig is not None, self.in_cluster, self.server is not None)
        message = ""
        if sum(ways) != 1:
            message = "set one of kubeconfig, in_cluster and server"
        elif (self.server is None) != (self.token_file is None):
            message = "server and token_file go together"
        elif self.ca_file is not None and self.server is None:
            message = "ca_file goes with server"
        elif self.context is not None and self.kubeconfig is None:
            message = "context goes with kubeconfig"
        elif self._hides_its_address():
            message = (
                "in_cluster needs token_request.server: nobody outside the "
                "cluster reaches the address that pods use"
            )
        elif self.user_prefix.startswith("system:"):
            message = (
                "user_prefix must not begin with system:, which is Kubernetes' own"
            )
        if message:
            raise ValueError(message)
        return self

    def _hides_its_address(self) -> bool:
        return (
            self.in_cluster
            and self.token_request is not None
            and self.token_request.server is None
        )

    @property
    def allows_cluster_wide(self) -> bool:
        """Tell whether the scope `*` may be asked for."""
        return not self.namespaces if self.cluster_wide is None else self.cluster_wide

    def refuse_impossible(self, ask: Ask) -> None:
        """Refuse what these settings never grant.

        Raises:
            Invalid: naming `role`, `scope` or `duration`.
        """
        for field, why in (
            ("role", self._fault_of_role(ask.role)),
            ("scope", self._fault_of_scope(ask.resource_scope)),
            ("duration", self._fault_of_duration(ask.duration)),
        ):
            if why:
                raise Invalid(field=field, why=why)

    def _fault_of_role(self, role: str) -> str:
        if _ROLE.fullmatch(role) is None:
            return f"{role!r} is no ClusterRole's name; write one such as view or edit"
        if role in self.cluster_roles:
            return ""
        if self.cluster_roles:
            return f"{role!r} is not allowed here; ask for {_some(self.cluster_roles)}"
        if role == "cluster-admin" or role.startswith("system:"):
            return f"{role!r} is granted only where the settings' cluster_roles name it"
        return ""

    def _fault_of_scope(self, scope: str) -> str:
        if scope == CLUSTER_WIDE:
            if self.allows_cluster_wide:
                return ""
            return "'*', the whole cluster, is not allowed here; ask for one namespace"
        return self._fault_of_namespace(scope)

    def _fault_of_namespace(self, scope: str) -> str:
        if _LABEL.fullmatch(scope) is None:
            return f"{scope!r} is no namespace; write one, or * for the whole cluster"
        if self.token_request is not None and scope == self.token_request.namespace:
            return f"{scope!r} is where jitsudo keeps other people's tokens"
        if self.namespaces and scope not in self.namespaces:
            return f"{scope!r} is not allowed here; ask for {_some(self.namespaces)}"
        if scope.startswith("kube-") and not self.namespaces:
            return f"{scope!r} is granted only where the settings' namespaces name it"
        return ""

    def _fault_of_duration(self, duration: timedelta) -> str:
        if self.max_duration is not None and duration > self.max_duration:
            return f"is longer than {to_text(self.max_duration)}, the longest here"
        if self.token_request is not None and duration < SHORTEST_TOKEN:
            return "is shorter than 10m, the shortest that Kubernetes gives a token for"
        return ""


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(sorted(names)[:_SHOWN])
    return f"one of {shown}" + (", …" if len(names) > _SHOWN else "")
