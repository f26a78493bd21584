"""`Approvals` over the REST API, bound to a bearer token."""

import time
import uuid
from datetime import timedelta
from functools import partial
from typing import Final
from urllib.parse import urlencode

from typing_extensions import override

from core.approvals import (
    Approvals,
    RequestPage,
    RequestQuery,
)
from core.domain.decision import RequestRecord
from core.domain.grant import Credentials
from core.domain.request import Ask
from core.errors import DependencyError, OutcomeUnknown, ServerUnavailable
from core.remote.caller import LOOK_FIRST, Caller, Doubt, TokenSource, path_of
from core.remote.identities import HttpIdentities
from core.remote.oversight import HttpOversight
from core.remote.transport import Transport
from core.vocabulary import RequestId
from core.wire import pages, requests
from core.wire.fields import Fields
from core.wire.requests import JsonObject

POLL: Final = timedelta(seconds=25)
"""One long-poll; shorter than the 30 s after which many proxies hang up."""


class HttpApprovals(HttpOversight, HttpIdentities, Approvals):
    """Says everything to a server and believes only what it answers whole."""

    def __init__(
        self,
        server: str,
        *,
        token: str | TokenSource | None,
        timeout_seconds: float = 30.0,
        transport: Transport | None = None,
    ) -> None:
        """Bind to a server and a token; nothing is sent yet.

        Args:
            server: `https://host[:port][/prefix]`; plain http on loopback only,
                unless the transport is insecure.
            token: or what returns the one that is good now.
            timeout_seconds: how long the server may be silent.

        Raises:
            ConfigurationError: the address or a file of the transport cannot
                be, or the token would go in clear.
        """
        self._server = Caller(
            server,
            token=token,
            timeout_seconds=timeout_seconds,
            transport=transport or Transport(),
        )
        self._timeout_seconds = timeout_seconds

    @override
    async def submit(self, ask: Ask, *, key: str = "") -> RequestRecord:
        """Ask for elevation; a lost answer is asked for once more, by its key."""
        return await self._once("/requests", requests.to_ask(ask), key)

    @override
    async def extend(
        self,
        request_id: RequestId,
        *,
        duration: timedelta,
        reason: str = "",
        key: str = "",
    ) -> RequestRecord:
        """Ask for more of one's own grant, likewise."""
        body: JsonObject = {
            "durationSeconds": str(int(duration.total_seconds())),
            "reason": reason,
        }
        return await self._once(path_of("requests", request_id, "extend"), body, key)

    async def _once(self, path: str, body: JsonObject, key: str) -> RequestRecord:
        """Submit; the server takes the same key twice for the same request."""
        key = key or str(uuid.uuid4())
        submit = partial(
            self._server.call, "POST", path, _record, body=body, submission_key=key
        )
        try:
            return await submit(doubt=Doubt.REPEAT)
        except OutcomeUnknown:
            pass  # The same key: done already or not, this does it once.
        try:
            return await submit(doubt=Doubt.LOOK)
        except ServerUnavailable as silent:
            if LOOK_FIRST in silent.why:
                raise
            why = f"{silent.why}; before that an answer was lost: {LOOK_FIRST}"
            raise ServerUnavailable(server=silent.server, why=why) from silent
        except DependencyError as undecided:  # of the second; the first may have been
            raise OutcomeUnknown(look_with="jitsudo status --mine") from undecided

    @override
    async def approve(self, request_id: RequestId, *, comment: str) -> RequestRecord:
        """Approve a request."""
        return await self._act(request_id, "approve", {"comment": comment})

    @override
    async def deny(self, request_id: RequestId, *, reason: str) -> RequestRecord:
        """Deny a request."""
        return await self._act(request_id, "deny", {"reason": reason})

    @override
    async def withdraw(self, request_id: RequestId) -> RequestRecord:
        """Take back one's own undecided request."""
        return await self._act(request_id, "withdraw", {})

    @override
    async def revoke(
        self, request_id: RequestId, *, reason: str, only_unissued: bool = False
    ) -> RequestRecord:
        """Begin the end of a grant."""
        body: JsonObject = {"reason": reason, "onlyUnissued": only_unissued}
        return await self._act(request_id, "revoke", body)

    @override
    async def retry(self, request_id: RequestId) -> RequestRecord:
        """Have what the provider refused tried again now."""
        return await self._act(request_id, "retry", {})

    @override
    async def review(self, request_id: RequestId, *, note: str) -> RequestRecord:
        """Close the review of a break-glass request."""
        return await self._act(request_id, "review", {"note": note})

    async def _act(
        self, request_id: RequestId, act: str, body: JsonObject
    ) -> RequestRecord:
        return await self._server.call(
            "POST",
            path_of("requests", request_id, act),
            _record,
            body=body,
            doubt=Doubt.REPEAT,
        )

    @override
    async def get(
        self,
        request_id: RequestId,
        *,
        wait: timedelta | None = None,
        since_version: int = 0,
    ) -> RequestRecord:
        """Return a request, by as many long-polls as the wait takes."""
        path = path_of("requests", request_id)
        if wait is None:
            return await self._server.call("GET", path, _record)
        ends = time.monotonic() + wait.total_seconds()
        while True:
            left = ends - time.monotonic()
            seconds = max(0.0, min(left, POLL.total_seconds()))
            query = {"waitSeconds": f"{seconds:.3f}", "sinceVersion": since_version}
            record = await self._server.call(
                "GET",
                f"{path}?{urlencode(query)}",
                _record,
                timeout_seconds=self._timeout_seconds + seconds,
            )
            is_last = left <= POLL.total_seconds()
            if is_last or record.request.version > since_version:
                return record

    @override
    async def list(self, query: RequestQuery) -> RequestPage:
        """Return a page of the requests that the actor may see."""
        target = f"/requests?{urlencode(pages.to_query(query))}"
        return await self._server.call("GET", target, pages.from_page)

    @override
    async def credentials(self, request_id: RequestId) -> Credentials:
        """Return the credentials of one's own active request."""
        return await self._server.call(
            "GET",
            path_of("requests", request_id, "credentials"),
            lambda answer: requests.from_credentials(answer.inner("grant")),
        )


def _record(answer: Fields) -> RequestRecord:
    return requests.from_request(answer.inner("request"))
