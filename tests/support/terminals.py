"""A terminal for tests: real commands over approvals that answer from a script."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner, Result
from typing_extensions import override

from cli.main import root
from cli.terminal import Connection, Terminal
from core.approvals import (
    Approvals,
    AuditPage,
    Departure,
    Identity,
    IssuedToken,
    PolicyReload,
    PrincipalFacts,
    RequestPage,
    RequestQuery,
    TokenPage,
    TokenQuery,
)
from core.domain.approvers import ApproverReport, Preview
from core.domain.audit import AuditEvent, ChainReport
from core.domain.decision import Decision, RequestRecord
from core.domain.grant import Credentials, Secrets
from core.domain.identity import SlackAccount, SlackLink
from core.domain.job import Job
from core.domain.policy import PolicyAnswer
from core.domain.request import Ask
from core.domain.token import Token
from core.errors import JitsudoError
from core.ports import AuditFilter
from core.vocabulary import (
    LinkMethod,
    PolicyPackage,
    RequestId,
    RequestState,
    TokenScope,
    Verdict,
)
from tests.support.builders import (
    ALICE,
    BOB,
    NOON,
    FrozenClock,
    a_decision,
    a_request,
)

JITSUDO: Final = Path(sys.executable).with_name("jitsudo")
"""The installed command, as a person would type it."""


@dataclass
class ScriptedApprovals(Approvals):
    """Answers what a test put in, and keeps what it was asked.

    Attributes:
        failure: raised by every call, if there is one.
        answers: the records that `get` gives one after the other; the last
            one stays.
        pages: the pages that `list` gives one after the other, before `page`.
        refusals: raised by every act on one request.
    """

    answers: list[RequestRecord] = field(default_factory=list)
    page: RequestPage = field(default_factory=lambda: RequestPage(records=()))
    pages: list[RequestPage] = field(default_factory=list)
    refusals: dict[RequestId, JitsudoError] = field(default_factory=dict)
    events: AuditPage = field(default_factory=lambda: AuditPage(events=()))
    policy: PolicyAnswer = field(default_factory=PolicyAnswer)
    variables: Mapping[str, str] = field(default_factory=dict)
    open_requests: tuple[RequestId, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    issued: TokenPage = field(default_factory=lambda: TokenPage(tokens=()))
    waiting: tuple[Job, ...] = ()
    links: tuple[SlackLink, ...] = ()
    identity: Identity | None = None
    facts: PrincipalFacts | None = None
    report: ApproverReport = field(default_factory=lambda: ApproverReport(checked=3))
    previewed: Preview | None = None
    failure: JitsudoError | None = None
    asked: list[tuple[object, ...]] = field(default_factory=list)

    def _note(self, *what: object) -> None:
        self.asked.append(what)
        if self.failure is not None:
            raise self.failure
        for refused in what[1:2]:
            if isinstance(refused, str) and RequestId(refused) in self.refusals:
                raise self.refusals[RequestId(refused)]

    def _next(self) -> RequestRecord:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @override
    async def submit(self, ask: Ask, *, key: str = "") -> RequestRecord:
        self._note("submit", ask)
        return self._next()

    @override
    async def extend(
        self,
        request_id: RequestId,
        *,
        duration: timedelta,
        reason: str = "",
        key: str = "",
    ) -> RequestRecord:
        self._note("extend", request_id, duration, reason)
        return self._next()

    @override
    async def revoke(
        self, request_id: RequestId, *, reason: str, only_unissued: bool = False
    ) -> RequestRecord:
        self._note("revoke", request_id, reason)
        return self._next()

    @override
    async def retry(self, request_id: RequestId) -> RequestRecord:
        self._note("retry", request_id)
        return self._next()

    @override
    async def review(self, request_id: RequestId, *, note: str) -> RequestRecord:
        self._note("review", request_id, note)
        return self._next()

    @override
    async def disable_principal(self, email: str, *, reason: str) -> Departure:
        self._note("disable_principal", email, reason)
        return Departure(email=email, is_disabled=True, requests=self.open_requests)

    @override
    async def forget_sign_in(self, email: str) -> str:
        self._note("forget_sign_in", email)
        return email

    @override
    async def enable_principal(self, email: str) -> Departure:
        self._note("enable_principal", email)
        return Departure(email=email, is_disabled=False)

    @override
    async def approve(self, request_id: RequestId, *, comment: str) -> RequestRecord:
        self._note("approve", request_id, comment)
        return self._next()

    @override
    async def deny(self, request_id: RequestId, *, reason: str) -> RequestRecord:
        self._note("deny", request_id, reason)
        return self._next()

    @override
    async def withdraw(self, request_id: RequestId) -> RequestRecord:
        self._note("withdraw", request_id)
        return self._next()

    @override
    async def get(
        self,
        request_id: RequestId,
        *,
        wait: timedelta | None = None,
        since_version: int = 0,
    ) -> RequestRecord:
        self._note("get", request_id, wait is not None, since_version)
        return self._next()

    @override
    async def list(self, query: RequestQuery) -> RequestPage:
        self._note("list", query)
        return self.pages.pop(0) if self.pages else self.page

    @override
    async def credentials(self, request_id: RequestId) -> Credentials:
        self._note("credentials", request_id)
        return Credentials(
            request_id=request_id,
            secrets=Secrets(variables=self.variables, files=self.files),
            issued_at=NOON,
            expires_at=NOON + timedelta(hours=1),
        )

    @override
    async def audit(self, wanted: AuditFilter) -> AuditPage:
        self._note("audit", wanted)
        return self.events

    @override
    async def verify_audit(
        self, checkpoint: tuple[int, str] | None = None
    ) -> ChainReport:
        self._note("verify_audit", checkpoint)
        return ChainReport(events=3, head_seq=3, head_hash="ab" * 32)

    @override
    async def evaluate(
        self, package: PolicyPackage, document: Mapping[str, object]
    ) -> PolicyAnswer:
        self._note("evaluate", package, document)
        return self.policy

    @override
    async def whoami(self) -> Identity:
        self._note("whoami")
        return self.identity or Identity(
            email=BOB,
            groups=("sre-lead",),
            trust_tier=0,
            scopes=frozenset(TokenScope),
            expires_at=NOON + timedelta(days=30),
        )

    @override
    async def principal(self, email: str) -> PrincipalFacts:
        self._note("principal", email)
        return self.facts or PrincipalFacts(
            email=email, trust_tier=0, is_disabled=False
        )

    @override
    async def trust_principal(
        self, email: str, *, tier: int, notes: str
    ) -> PrincipalFacts:
        self._note("trust_principal", email, tier, notes)
        return PrincipalFacts(email=email, trust_tier=tier, is_disabled=False)

    @override
    async def reload_policies(self) -> PolicyReload:
        self._note("reload_policies")
        return PolicyReload(loaded=2, revision="rev-1", detail="2 files")

    @override
    async def check_approvers(self) -> ApproverReport:
        self._note("check_approvers")
        return self.report

    @override
    async def preview(self, requester: str, ask: Ask) -> Preview:
        self._note("preview", requester, ask)
        assert self.previewed is not None
        return self.previewed

    @override
    async def issue_token(
        self, email: str, *, scopes: frozenset[TokenScope], ttl: timedelta
    ) -> IssuedToken:
        self._note("issue_token", email, scopes, ttl)
        return IssuedToken(
            token=replace(a_token(), email=email, scopes=scopes), secret="jts_secret"
        )

    @override
    async def tokens(self, query: TokenQuery) -> TokenPage:
        self._note("tokens", query)
        return self.issued

    @override
    async def revoke_token(self, token_id: str) -> Token:
        self._note("revoke_token", token_id)
        return replace(a_token(), id=token_id, revoked_at=NOON)

    @override
    async def identities(self) -> tuple[SlackLink, ...]:
        self._note("identities")
        return self.links

    @override
    async def link_identity(self, account: SlackAccount, email: str) -> SlackLink:
        self._note("link_identity", account, email)
        return replace(a_link(), account=account, email=email)

    @override
    async def unlink_identity(self, account: SlackAccount) -> SlackLink:
        self._note("unlink_identity", account)
        return replace(a_link(), account=account)

    @override
    async def claim_identity(self, code: str, *, is_confirmed: bool) -> SlackLink:
        self._note("claim_identity", code, is_confirmed)
        return replace(a_link(), method=LinkMethod.OIDC)

    @override
    async def jobs(self, *, failing_only: bool) -> tuple[Job, ...]:
        self._note("jobs", failing_only)
        return self.waiting


def a_link() -> SlackLink:
    """Return bob's link."""
    return SlackLink(
        account=SlackAccount(team_id="T0123", user_id="U0BOB"),
        email=BOB,
        method=LinkMethod.FIRST_USE,
        linked_by=BOB,
        linked_at=NOON,
    )


@dataclass(frozen=True)
class ScriptedConnection:
    """A connection to scripted approvals."""

    approvals: Approvals
    is_direct: bool = False

    async def settle(self, _request_id: RequestId) -> RequestRecord | None:
        """Do nothing, as a connection to a server."""
        return None

    async def settle_departure(self, _departure: Departure) -> None:
        """Do nothing, for the same reason."""


@dataclass
class TestTerminal:
    """Runs command lines in this process, with scripted approvals behind them."""

    __test__ = False

    home: Path
    approvals: ScriptedApprovals = field(default_factory=ScriptedApprovals)
    clock: FrozenClock = field(default_factory=FrozenClock)
    environment: dict[str, str] = field(default_factory=dict)
    is_direct: bool = False
    seen: list[Terminal] = field(default_factory=list)

    def run(self, *arguments: str, stdin: str = "") -> Result:
        """Run one command line; returns its output and exit code."""
        terminal = Terminal(
            environment={"JITSUDO_HOME": str(self.home), **self.environment},
            connect=self._connect,
            now=self.clock.now,
        )
        return CliRunner().invoke(root, list(arguments), input=stdin, obj=terminal)

    @asynccontextmanager
    async def _connect(self, terminal: Terminal) -> AsyncIterator[Connection]:
        self.seen.append(terminal)
        yield ScriptedConnection(self.approvals, is_direct=self.is_direct)


@pytest.fixture
def terminal(tmp_path: Path) -> TestTerminal:
    """Return a terminal whose home is empty."""
    return TestTerminal(home=tmp_path / "home")


def run_jitsudo(
    *arguments: str,
    home: Path,
    environment: Mapping[str, str] | None = None,
    stdin: str = "",
    timeout_seconds: float = 30.0,
) -> subprocess.CompletedProcess[str]:
    """Run the real command in a process of its own, with a home of its own."""
    return subprocess.run(
        [JITSUDO, *arguments],
        env={
            "PATH": os.defpath,
            "JITSUDO_HOME": str(home),
            **(environment or {}),
        },
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )


def a_record(
    state: RequestState = RequestState.PENDING, *, reason: str = "", **changes: object
) -> RequestRecord:
    """Return alice's request, decided by bob if its state says so.

    Args:
        reason: of the denial, or the comment of the approval.
        changes: fields of the request to replace.
    """
    request = a_request(state=state)
    decisions: tuple[Decision, ...] = ()
    if state is not RequestState.PENDING:
        verdict = Verdict.DENY if state is RequestState.REJECTED else Verdict.APPROVE
        decisions = (a_decision(request, verdict=verdict, text=reason),)
        request = replace(
            request,
            decided_by=BOB,
            decided_at=NOON,
            decision_text=reason,
            counted_approvals=int(verdict is Verdict.APPROVE),
        )
    return RequestRecord(
        request=replace(request, **changes),  # type: ignore[arg-type]  # a test's fields
        decisions=decisions,
    )


def a_token() -> Token:
    """Return alice's token, issued at noon for a month."""
    return Token(
        id="tok_1",
        digest="00" * 32,
        email=ALICE,
        scopes=frozenset({TokenScope.READ}),
        created_at=NOON,
        created_by="operator:root@host",
        expires_at=NOON + timedelta(days=30),
    )


def in_order(events: list[AuditEvent]) -> AuditPage:
    """Return a page of events, newest first."""
    return AuditPage(events=tuple(reversed(events)))
