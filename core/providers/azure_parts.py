"""Puts together the clients of Azure that grants need, and closes them again."""

from dataclasses import dataclass
from typing import Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.mgmt.authorization.v2022_04_01.aio import AuthorizationManagementClient

from core.ports import Clock
from core.providers.azure_assignments import Assignments
from core.providers.azure_graph import Directory, JsonReader
from core.providers.azure_roles import RoleDefinitions
from core.providers.azure_settings import AzureSettings
from core.providers.endpoints import is_loopback

_NO_SUBSCRIPTION = "-"
"""The client wants one, for methods that are not used here."""


@dataclass(frozen=True, kw_only=True)
class Azure:
    """The parts of Azure, over shared connections.

    Attributes:
        manager: reads what the client of role assignments has no method for.
    """

    settings: AzureSettings
    assignments: Assignments
    roles: RoleDefinitions
    people: Directory
    manager: JsonReader
    graph: JsonReader
    client: AuthorizationManagementClient
    credential: AsyncTokenCredential

    async def close(self) -> None:
        """Close every connection."""
        await self.client.close()
        await self.manager.close()
        await self.graph.close()
        await self.credential.close()


def to_azure(
    *,
    name: str,
    settings: AzureSettings,
    credential: AsyncTokenCredential,
    clock: Clock,
) -> Azure:
    """Return the parts; connects to nothing.

    Each request is sent once: jobs try again, and know how often.

    Args:
        name: the provider's, which failures carry.
        credential: closed with the rest.
    """
    endpoint = settings.arm_endpoint
    client = AuthorizationManagementClient(
        credential,
        _NO_SUBSCRIPTION,
        base_url=endpoint,
        credential_scopes=[f"{endpoint}/.default"],
        retry_total=0,
        permit_redirects=False,
    )
    options: dict[str, Any] = {"enforce_https": not is_loopback(endpoint)}
    graph = JsonReader(
        provider=name, endpoint=settings.graph_endpoint, credential=credential
    )
    return Azure(
        settings=settings,
        assignments=Assignments(provider=name, client=client, options=options),
        roles=RoleDefinitions(
            provider=name, client=client, clock=clock, options=options
        ),
        people=Directory(provider=name, graph=graph),
        manager=JsonReader(provider=name, endpoint=endpoint, credential=credential),
        graph=graph,
        client=client,
        credential=credential,
    )
