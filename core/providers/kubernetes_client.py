"""The calls of the Kubernetes API that grants need, each within its time."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeVar

import aiohttp
from kubernetes_asyncio.client import ApiClient, ApiException, Configuration
from pydantic import BaseModel, Field, ValidationError

from core.errors import ProviderFailed
from core.providers.kubernetes_connection import (
    Endpoint,
    configure,
    endpoint_for_people,
)
from core.providers.kubernetes_errors import Act, why_refused, why_unreachable
from core.providers.kubernetes_objects import CLUSTER_ROLE, Place, Stored
from core.providers.kubernetes_settings import KubernetesSettings

M = TypeVar("M", bound=BaseModel)

_METHODS: Final = {"get": "GET", "create": "POST", "delete": "DELETE"}

_DONE: Final = {200: "object", 201: "object", 202: "object"}
"""The answers that are read as they came, by status. Source: Kubernetes API."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long a cluster is waited for; all of it has to fit into a provider's call.

    Attributes:
        call_seconds: one call of the API; a grant makes up to five, usually in
            milliseconds each.
        pauses: seconds between looks whether a deleted object is gone; it usually
            is at once.
    """

    call_seconds: float = 5.0
    pauses: tuple[float, ...] = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0)


class _TokenSpec(BaseModel):
    seconds: int = Field(alias="expirationSeconds")


class _TokenStatus(BaseModel):
    token: str


class Token(BaseModel):
    """A TokenRequest's answer: the secret, and for how long it really is."""

    spec: _TokenSpec
    status: _TokenStatus = Field(repr=False)


class ClusterApi:
    """One cluster's API, signed in to; every error is a `ProviderFailed`."""

    def __init__(
        self,
        *,
        name: str,
        client: ApiClient,
        endpoint: Endpoint,
        server: str,
        patience: Patience,
    ) -> None:
        """Keep the client; `open_cluster` closes it.

        Args:
            name: the provider's, for errors.
            endpoint: where requesters reach this cluster.
            server: where jitsudo reaches it.
        """
        self._name = name
        self._client = client
        self._call_seconds = patience.call_seconds
        self.endpoint = endpoint
        self.server = server

    async def has_role(self, role: str) -> bool:
        """Tell whether there is a ClusterRole of this name."""
        act = Act(verb="get", resource=CLUSTER_ROLE.resource)
        return await self.call(act, CLUSTER_ROLE.path(None, role)) is not None

    async def read(self, place: Place) -> Stored | None:
        """Return what is there; None where nothing is."""
        act = _act("get", place)
        answer = await self.call(act, place.kind.path(place.namespace, place.name))
        return None if answer is None else self.parsed(Stored, answer)

    async def create(
        self, place: Place, body: Mapping[str, object], *, role: str | None = None
    ) -> bool:
        """Write an object; return False where one of its name is there already.

        Args:
            role: the ClusterRole that it binds, for errors.
        """
        answer = await self.call(
            _act("create", place, role=role),
            place.kind.path(place.namespace),
            body=body,
            passing=frozenset({HTTPStatus.CONFLICT}),
        )
        return answer is not None

    async def delete(self, place: Place, found: Stored) -> None:
        """Delete what was read, if it is still the same; look again afterwards."""
        meta = found.metadata
        # A foreground deletion would wait for dependants, and these have none.
        await self.call(
            _act("delete", place),
            place.kind.path(place.namespace, place.name),
            body={
                "apiVersion": "v1",
                "kind": "DeleteOptions",
                "preconditions": {
                    "uid": meta.uid,
                    "resourceVersion": meta.resource_version,
                },
            },
            passing=frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}),
        )

    async def request_token(self, account: Place, *, seconds: int) -> Token:
        """Return a token of a ServiceAccount."""
        answer = await self.call(
            Act(
                verb="create",
                resource=f"{account.kind.plural}/token",
                namespace=account.namespace,
            ),
            account.kind.path(account.namespace, account.name) + "/token",
            body={
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenRequest",
                "spec": {"expirationSeconds": seconds},
            },
        )
        return self.parsed(Token, answer)

    async def call(
        self,
        act: Act,
        path: str,
        *,
        body: Mapping[str, object] | None = None,
        passing: frozenset[HTTPStatus] | None = None,
    ) -> object | None:
        """Return the answer's JSON; None for a status that may pass.

        Args:
            passing: statuses that are an answer too; None for 404 on a `get`.

        Raises:
            ProviderFailed: it was not done, or nobody knows.
        """
        if passing is None:
            is_get = act.verb == "get"
            passing = frozenset({HTTPStatus.NOT_FOUND} if is_get else ())
        try:
            answer: object = await self._client.call_api(
                path,
                _METHODS[act.verb],
                header_params={"Accept": "application/json"},
                body=body,
                response_types_map=_DONE,
                auth_settings=["BearerToken"],
                _return_http_data_only=True,
                _request_timeout=self._call_seconds,
            )
        except ApiException as error:
            if error.status in passing:
                return None
            why = why_refused(act, error.status, error.body, error.headers)
            raise self._failed(why=why) from error
        except (aiohttp.ClientError, OSError) as error:
            raise self._failed(why=why_unreachable(self.server, error)) from error
        except ValueError as error:
            raise self._failed(why=self._no_api()) from error
        return answer

    def parsed(self, model: type[M], answer: object) -> M:
        """Return an answer as what it should be.

        Raises:
            ProviderFailed: it is something else.
        """
        try:
            return model.model_validate(answer)
        except ValidationError:
            # Its text would quote the answer, which may be a token.
            raise self._failed(why=self._no_api()) from None

    def _failed(self, *, why: str) -> ProviderFailed:
        return ProviderFailed(provider=self._name, why=why)

    def _no_api(self) -> str:
        return f"{self.server} does not answer as a Kubernetes API server does"


@asynccontextmanager
async def open_cluster(
    name: str, settings: KubernetesSettings, patience: Patience
) -> AsyncIterator[ClusterApi]:
    """Sign in to the cluster, and close the connection at the end.

    Raises:
        ProviderFailed: there are no usable credentials, or a file is missing.
    """
    configuration: Configuration = await configure(name, settings)
    try:
        endpoint = endpoint_for_people(configuration, settings)
        client = ApiClient(configuration=configuration)
    except (OSError, ValueError) as error:
        why = "a file with the cluster's certificates is missing or holds none"
        raise ProviderFailed(provider=name, why=why) from error
    try:
        yield ClusterApi(
            name=name,
            client=client,
            endpoint=endpoint,
            server=configuration.host,
            patience=patience,
        )
    finally:
        await client.close()


def _act(verb: str, place: Place, *, role: str | None = None) -> Act:
    return Act(
        verb=verb,
        resource=place.kind.resource,
        namespace=place.namespace,
        role=role,
    )
