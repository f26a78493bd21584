"""Looks people up in Microsoft Graph, and reads JSON from Azure in general.

A small client on azure-core's own pipeline: Graph's official library brings some
thousands of modules for what is two addresses here.

Source:
    https://learn.microsoft.com/graph/api/user-get
    https://learn.microsoft.com/graph/api/user-list
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from azure.core import AsyncPipelineClient
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from core.errors import ProviderFailed
from core.providers.azure_errors import Unknown, asking, code_of
from core.providers.endpoints import is_loopback

_MISSING: Final = "Request_ResourceNotFound"
_SELECTED: Final = "id,accountEnabled,userPrincipalName,mail"


class JsonReader:
    """Reads JSON from one of Azure's roots, as whoever the credential is."""

    def __init__(
        self, *, provider: str, endpoint: str, credential: AsyncTokenCredential
    ) -> None:
        """Build the pipeline; connects to nothing.

        Args:
            provider: the name that failures carry.
            endpoint: the root, without a slash at the end.
        """
        self._provider = provider
        self._is_open_text = is_loopback(endpoint)
        policy = AsyncBearerTokenCredentialPolicy(credential, f"{endpoint}/.default")
        self._endpoint = endpoint
        self._client: AsyncPipelineClient[HttpRequest, AsyncHttpResponse] = (
            AsyncPipelineClient(endpoint, policies=[policy])
        )

    async def read(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Return the answer to a GET; empty if Graph has no such object.

        Args:
            path: escaped.
            query: not escaped.

        Raises:
            ProviderFailed: there was no answer, or no JSON object.
        """
        url = f"{self._endpoint}{path}?{urlencode(query, quote_via=quote)}"
        async with asking(self._provider):
            response = await self._client.send_request(
                HttpRequest("GET", url), enforce_https=not self._is_open_text
            )
            try:
                response.raise_for_status()
            except HttpResponseError as error:
                if code_of(error) == _MISSING:
                    return {}
                raise
            try:
                document = response.json()
            except ValueError:
                document = None
        if not isinstance(document, dict):
            raise self._failed(why="Azure's answer is no JSON object")
        return document

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _failed(self, *, why: str) -> ProviderFailed:
        return ProviderFailed(provider=self._provider, why=why)


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Somebody in Entra.

    Attributes:
        is_enabled: None where Graph does not tell us.
    """

    id: str
    is_enabled: bool | None


class Directory:
    """Finds the one account that an e-mail address means."""

    def __init__(self, *, provider: str, graph: JsonReader) -> None:
        """Keep what it needs."""
        self._provider = provider
        self._graph = graph

    async def find(self, email: str) -> Account:
        """Return the account whose name, or else mail, it is.

        Raises:
            Unknown: there is none, or more than one.
            ProviderFailed: Graph does not say.
        """
        found = await self._by_name(email) or await self._by_mail(email)
        match found:
            case {"id": str(oid), "accountEnabled": bool() | None as is_enabled} if oid:
                return Account(id=oid, is_enabled=is_enabled)
            case None:
                raise Unknown(why=f"Entra has no account with the name or mail {email}")
            case _:
                raise ProviderFailed(
                    provider=self._provider, why="Graph's answer is no account"
                )

    async def can_read(self) -> None:
        """Read anybody.

        Raises:
            ProviderFailed: people cannot be looked up.
        """
        await self._graph.read("/v1.0/users", {"$top": "1", "$select": "id"})

    async def _by_name(self, email: str) -> dict[str, Any] | None:
        path = f"/v1.0/users/{quote(email, safe='')}"
        account = await self._graph.read(path, {"$select": _SELECTED})
        is_its = _same(account.get("userPrincipalName"), email)
        return account if is_its else None

    async def _by_mail(self, email: str) -> dict[str, Any] | None:
        value = email.replace("'", "''")
        reply = await self._graph.read(
            "/v1.0/users", {"$filter": f"mail eq '{value}'", "$select": _SELECTED}
        )
        found = [a for a in reply.get("value", ()) if _same(a.get("mail"), email)]
        if len(found) > 1 or "@odata.nextLink" in reply:
            raise Unknown(why=f"Entra has more than one account of mail {email}")
        return found[0] if found else None


def _same(name: object, email: str) -> bool:
    return isinstance(name, str) and name.casefold() == email.casefold()
