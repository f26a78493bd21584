"""`Approvals` over the REST API, bound to a bearer token."""

import json
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import quote, urlencode

from typing_extensions import override

from core.approvals import (
    Approvals,
    AuditPage,
    Identity,
    IssuedToken,
    RequestPage,
    RequestQuery,
)
from core.domain.audit import ChainReport
from core.domain.decision import RequestRecord
from core.domain.grant import Credentials
from core.domain.job import Job
from core.domain.policy import PolicyAnswer
from core.domain.request import Ask
from core.domain.token import Token
from core.ports.queries import AuditFilter
from core.remote.caller import Caller, Doubt
from core.vocabulary import PolicyPackage, RequestId, TokenScope
from core.wire import access, audit, pages, requests
from core.wire.fields import Fields
from core.wire.parsing import parse_json
from core.wire.requests import JsonObject

POLL: Final = timedelta(seconds=25)
"""One long-poll; shorter than the 30 s after which many proxies hang up."""

VERIFY_SECONDS: Final = 600.0
"""A long chain takes its time: tens of thousands of events a second."""


class HttpApprovals(Approvals):
    """Says everything to a server and believes only what it answers whole."""

    def __init__(
        self, server: str, *, token: str | None, timeout_seconds: float = 30.0
    ) -> None:
        """Bind to a server and a token; nothing is sent yet.

        Args:
            server: `https://host[:port][/prefix]`; plain http on loopback only.
            timeout_seconds: how long the server may be silent.

        Raises:
            ConfigurationError: the address cannot be, or would carry the token
                in clear.
        """
        self._server = Caller(server, token=token, timeout_seconds=timeout_seconds)
        self._timeout_seconds = timeout_seconds

    @override
    async def submit(self, ask: Ask) -> RequestRecord:
        """Ask for elevation."""
        return await self._server.call(
            "POST", "/requests", _record, body=requests.to_ask(ask), doubt=Doubt.LOOK
        )

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

    async def _act(
        self, request_id: RequestId, act: str, body: JsonObject
    ) -> RequestRecord:
        return await self._server.call(
            "POST",
            _path("requests", request_id, act),
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
        path = _path("requests", request_id)
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
            _path("requests", request_id, "credentials"),
            lambda answer: requests.from_credentials(answer.inner("grant")),
        )

    @override
    async def audit(self, wanted: AuditFilter) -> AuditPage:
        """Return a page of the audit log."""
        target = f"/audit?{urlencode(audit.to_audit_query(wanted))}"
        return await self._server.call("GET", target, audit.from_audit_page)

    @override
    async def verify_audit(
        self, checkpoint: tuple[int, str] | None = None
    ) -> ChainReport:
        """Recompute the whole chain, on the server."""
        return await self._server.call(
            "POST",
            "/audit:verify",
            lambda answer: audit.from_report(answer.inner("report")),
            body=audit.to_checkpoint(checkpoint),
            timeout_seconds=VERIFY_SECONDS,
        )

    @override
    async def evaluate(
        self, package: PolicyPackage, document: Mapping[str, object]
    ) -> PolicyAnswer:
        """Ask policy a made-up question."""
        body: JsonObject = {
            "inputJson": json.dumps(document),
            "type": access.to_package(package),
        }
        return await self._server.call("POST", "/policies:eval", _answer, body=body)

    @override
    async def whoami(self) -> Identity:
        """Return who the token's holder is."""
        return await self._server.call("GET", "/whoami", access.from_identity)

    @override
    async def issue_token(
        self, email: str, *, scopes: frozenset[TokenScope], ttl: timedelta
    ) -> IssuedToken:
        """Make a bearer token."""
        return await self._server.call(
            "POST",
            "/tokens",
            access.from_issued_token,
            body=access.to_token_order(email, scopes, ttl),
            doubt=Doubt.LOOK,
        )

    @override
    async def tokens(self) -> tuple[Token, ...]:
        """Return the actor's tokens, without digests; everybody's for an admin."""
        return await self._server.call(
            "GET", "/tokens", lambda answer: answer.objects("tokens", access.from_token)
        )

    @override
    async def revoke_token(self, token_id: str) -> Token:
        """End a token."""
        return await self._server.call(
            "DELETE",
            _path("tokens", token_id),
            lambda answer: access.from_token(answer.inner("token")),
            doubt=Doubt.REPEAT,
        )

    @override
    async def jobs(self, *, failing_only: bool) -> tuple[Job, ...]:
        """Return the work that waits."""
        return await self._server.call(
            "GET",
            "/jobs?failing=true" if failing_only else "/jobs",
            lambda answer: answer.objects("jobs", access.from_job),
        )


def _record(answer: Fields) -> RequestRecord:
    return requests.from_request(answer.inner("request"))


def _answer(answer: Fields) -> PolicyAnswer:
    text = answer.text("resultJson")
    return access.from_answer(Fields.of(parse_json("resultJson", text)))


def _path(*parts: str) -> str:
    return "".join(f"/{quote(part, safe='')}" for part in parts)
