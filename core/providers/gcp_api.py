"""The three methods of Google's Resource Manager API that grants need.

They go through google-auth's own asynchronous session, and policies stay the JSON
they are: Google's generated client reads them into messages over HTTP, and what
its version does not know is gone when it writes them back.

Source:
    https://cloud.google.com/resource-manager/reference/rest/v3/projects
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

import aiohttp
from google.auth import exceptions
from google.auth.aio.transport.aiohttp import Request
from google.auth.aio.transport.sessions import AsyncAuthorizedSession
from google.auth.credentials import Credentials

from core.errors import ProviderFailed
from core.providers.gcp_errors import (
    PolicyMoved,
    PolicyRefused,
    said_in,
    why_not,
    why_unreachable,
)
from core.providers.gcp_policy import VERSION, Policy

REQUEST_SECONDS: Final = 8.0
"""The longest that one request may take; a call to the provider has a few."""

_MOVED: Final = frozenset({409, 412})
_REFUSED: Final = 400
_OK: Final = 200


class ResourceManager:
    """Reads and writes the policies of projects; opens on its first request."""

    def __init__(
        self,
        *,
        provider: str,
        endpoint: str,
        load: Callable[[], Credentials],
    ) -> None:
        """Keep what it needs; connects to nothing.

        Args:
            provider: the name that failures carry.
            endpoint: the API's root, without a slash at the end.
            load: returns credentials; it may block.
        """
        self._provider = provider
        self._endpoint = endpoint
        self._load = load
        self._opening = asyncio.Lock()
        self._session: AsyncAuthorizedSession | None = None
        self._credentials: Credentials | None = None

    @property
    def credentials(self) -> Credentials | None:
        """Return the credentials in use; None before the first request."""
        return self._credentials

    async def policy(self, project: str) -> Policy:
        """Return the policy of a project, with conditions.

        Raises:
            ProviderFailed: it cannot be read.
        """
        status, body = await self._send(
            "POST",
            f"/v3/projects/{project}:getIamPolicy",
            {"options": {"requestedPolicyVersion": VERSION}},
        )
        return self._to_policy(project, status, body)

    async def put_policy(self, project: str, policy: Policy) -> Policy:
        """Write a policy that was read, if nobody wrote one since; return it.

        The mask leaves out the audit configuration, which is not ours to write.

        Raises:
            PolicyMoved: somebody did.
            PolicyRefused: Google does not take what it says.
            ProviderFailed: it was not written, or nobody knows.
        """
        status, body = await self._send(
            "POST",
            f"/v3/projects/{project}:setIamPolicy",
            {"policy": policy, "updateMask": "bindings,etag,version"},
        )
        if status in _MOVED:
            raise PolicyMoved
        if status == _REFUSED:
            raise PolicyRefused(said=said_in(body))
        return self._to_policy(project, status, body)

    async def any_project(self) -> str | None:
        """Return the id of a project that the credentials may see, if there is one.

        Raises:
            ProviderFailed: Google does not say.
        """
        status, body = await self._send("GET", "/v3/projects:search?pageSize=1", None)
        if status != _OK:
            raise self._failed(why=why_not(status, body, project="of any name"))
        match _to_json(body):
            case {"projects": [{"projectId": str(project)}, *_]}:
                return project
            case _:
                return None

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _send(
        self, method: str, path: str, content: dict[str, object] | None
    ) -> tuple[int, bytes]:
        """Return status and body of the answer.

        Each request is sent once: jobs try again, and know how often.
        """
        session = await self._open()
        data = None if content is None else json.dumps(content).encode()
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                response = await session.request(
                    method,
                    f"{self._endpoint}{path}",
                    data=data,
                    headers={"Content-Type": "application/json"},
                    total_attempts=1,
                    allow_redirects=False,
                )
                try:
                    return response.status_code, await response.read()
                finally:
                    await response.close()
        except (
            exceptions.GoogleAuthError,
            aiohttp.ClientError,
            TimeoutError,
            OSError,
        ) as error:
            raise self._failed(why=why_unreachable(error)) from error

    async def _open(self) -> AsyncAuthorizedSession:
        async with self._opening:
            if self._session is None:
                self._credentials = await asyncio.to_thread(self._load)
                # Without `trust_env` it would ignore a proxy that the machine needs.
                http = aiohttp.ClientSession(
                    trust_env=True, cookie_jar=aiohttp.DummyCookieJar()
                )
                self._session = AsyncAuthorizedSession(
                    self._credentials, Request(session=http)
                )
            return self._session

    def _to_policy(self, project: str, status: int, body: bytes) -> Policy:
        if status != _OK:
            raise self._failed(why=why_not(status, body, project=project))
        match _to_json(body):
            # A policy without an etag would be written over whatever is there.
            case {"etag": str(), "bindings": [*bindings]} as policy if all(
                isinstance(binding, dict) for binding in bindings
            ):
                return policy
            case {"etag": str()} as policy if "bindings" not in policy:
                return policy
            case _:
                raise self._failed(why="Google's answer is no policy with an etag")

    def _failed(self, *, why: str) -> ProviderFailed:
        return ProviderFailed(provider=self._provider, why=why)


def _to_json(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
