"""`Approvals` over the services, in this process, for one actor."""

from collections.abc import Mapping
from datetime import timedelta

from typing_extensions import override

from core.approvals import (
    Approvals,
    AuditPage,
    Identity,
    IssuedToken,
    RequestPage,
    RequestQuery,
)
from core.clock import Deadline
from core.domain.audit import ChainReport
from core.domain.decision import RequestRecord
from core.domain.grant import Credentials
from core.domain.job import Job
from core.domain.policy import PolicyAnswer
from core.domain.principal import Actor
from core.domain.request import Ask
from core.domain.token import Token
from core.errors import NotAllowed, NotAuthenticated
from core.ports import AuditFilter
from core.use_cases import Binding, Services
from core.vocabulary import PolicyPackage, RequestId, TokenScope, Verdict

MAX_JOBS = 500


class InProcessApprovals(Approvals):
    """Checks the token's scopes and the admin groups, then calls the services."""

    def __init__(self, *, services: Services, binding: Binding) -> None:
        """Bind the services to an actor."""
        self._services = services
        self._binding = binding
        self._actor = binding.actor

    @override
    async def submit(self, ask: Ask) -> RequestRecord:
        """Ask for elevation."""
        self._need(TokenScope.REQUEST)
        return await self._services.submit.submit(self._person(), ask, self._deadline())

    @override
    async def approve(self, request_id: RequestId, *, comment: str) -> RequestRecord:
        """Approve a request."""
        await self._need_to_decide(request_id, Verdict.APPROVE)
        return await self._services.decide.approve(
            self._person(), request_id, comment=comment, deadline=self._deadline()
        )

    @override
    async def deny(self, request_id: RequestId, *, reason: str) -> RequestRecord:
        """Deny a request."""
        await self._need_to_decide(request_id, Verdict.DENY)
        return await self._services.decide.deny(
            self._person(), request_id, reason=reason, deadline=self._deadline()
        )

    @override
    async def withdraw(self, request_id: RequestId) -> RequestRecord:
        """Take back one's own undecided request."""
        self._need(TokenScope.REQUEST)
        return await self._services.withdraw.withdraw(
            self._person(), request_id, self._deadline()
        )

    @override
    async def get(
        self,
        request_id: RequestId,
        *,
        wait: timedelta | None = None,
        since_version: int = 0,
    ) -> RequestRecord:
        """Return a request that the actor may see."""
        self._need(TokenScope.READ)
        return await self._services.look.get(
            self._actor,
            request_id,
            wait=wait,
            since_version=since_version,
            deadline=self._deadline(),
            sees_all=self._binding.is_operator,
        )

    @override
    async def list(self, query: RequestQuery) -> RequestPage:
        """Return a page of the requests that the actor may see."""
        self._need(TokenScope.READ)
        return await self._services.look.list(
            self._actor,
            query,
            self._deadline(),
            sees_all=self._binding.is_operator,
        )

    @override
    async def credentials(self, request_id: RequestId) -> Credentials:
        """Return the credentials of one's own active request."""
        self._need(TokenScope.REQUEST)
        return await self._services.credentials.read(
            self._person(), request_id, self._deadline()
        )

    @override
    async def audit(self, wanted: AuditFilter) -> AuditPage:
        """Return a page of the audit log."""
        await self._need_auditor("read the audit log")
        return await self._services.audit.list(wanted, self._deadline())

    @override
    async def verify_audit(
        self, checkpoint: tuple[int, str] | None = None
    ) -> ChainReport:
        """Recompute the whole chain."""
        await self._need_auditor("verify the audit log")
        return await self._services.audit.verify(checkpoint)

    @override
    async def evaluate(
        self, package: PolicyPackage, document: Mapping[str, object]
    ) -> PolicyAnswer:
        """Ask policy a made-up question."""
        await self._need_auditor("try out policy")
        return await self._services.evaluate.evaluate(
            package, document, self._deadline()
        )

    @override
    async def whoami(self) -> Identity:
        """Return who the actor is."""
        person = await self._services.people.principal(
            self._actor.email, self._deadline()
        )
        return Identity(
            email=person.email,
            groups=tuple(sorted(person.groups)),
            trust_tier=person.trust_tier,
            scopes=self._binding.scopes,
            expires_at=self._binding.expires_at,
        )

    @override
    async def issue_token(
        self, email: str, *, scopes: frozenset[TokenScope], ttl: timedelta
    ) -> IssuedToken:
        """Make a bearer token."""
        self._need(TokenScope.ADMIN)
        if not await self._is_admin():
            raise NotAllowed(
                reason="only members of jitsudo-admins can issue tokens; ask one"
            )
        return await self._services.tokens.issue(
            self._actor, email, scopes=scopes, ttl=ttl, deadline=self._deadline()
        )

    @override
    async def tokens(self) -> tuple[Token, ...]:
        """Return the actor's tokens; everybody's for an admin."""
        self._need(TokenScope.READ)
        owner = None if await self._is_admin() else self._actor.email
        return await self._services.tokens.find(owner)

    @override
    async def revoke_token(self, token_id: str) -> Token:
        """End a token of one's own, or as an admin anybody's."""
        may_revoke_all = TokenScope.ADMIN in self._binding.scopes
        if not may_revoke_all:
            self._need(TokenScope.REQUEST)
        owner: str | None = self._actor.email
        if may_revoke_all and await self._is_admin():
            owner = None
        return await self._services.tokens.revoke(self._actor, token_id, owner=owner)

    @override
    async def jobs(self, *, failing_only: bool) -> tuple[Job, ...]:
        """Return the work that waits."""
        await self._need_auditor("list jobs")
        async with self._services.store.snapshot(self._deadline()) as uow:
            found = await uow.jobs.find(failing_only=failing_only, limit=MAX_JOBS)
        return tuple(found)

    def _deadline(self) -> Deadline:
        if self._binding.deadline is not None:
            return self._binding.deadline
        return Deadline(seconds=self._binding.seconds)

    def _person(self) -> Actor:
        """Return the actor, who is a person and no operator.

        Raises:
            NotAuthenticated: an operator tried what only people can.
        """
        if self._binding.is_operator:
            raise NotAuthenticated(
                why="this needs a person: pass --token, or issue one with "
                "`jitsudo token issue --email you@example.com`"
            )
        return self._actor

    def _need(self, scope: TokenScope) -> None:
        """Check that the token may do this.

        Raises:
            NotAllowed: it lacks the scope.
        """
        if scope not in self._binding.scopes:
            raise NotAllowed(
                reason=f"this token lacks the scope {scope.value!r}; use another one"
            )

    async def _need_to_decide(self, request_id: RequestId, verdict: Verdict) -> None:
        """Check that the token may decide; whoever tries without is audited.

        Raises:
            NotAllowed: it lacks the scope.
        """
        try:
            self._need(TokenScope.APPROVE)
        except NotAllowed as refusal:
            await self._services.refusals.record(
                self._actor,
                request_id=request_id,
                verdict=verdict,
                code=refusal.code,
                why=str(refusal),
                details={"scopes": sorted(s.value for s in self._binding.scopes)},
                deadline=self._deadline(),
            )
            raise

    async def _is_admin(self) -> bool:
        if self._binding.is_operator:
            return True
        person = await self._services.people.principal(
            self._actor.email, self._deadline()
        )
        return person.is_admin

    async def _need_auditor(self, what: str) -> None:
        """Check that the actor may read everything.

        Raises:
            NotAllowed: they are no auditor and no admin, or the token may not read.
        """
        self._need(TokenScope.READ)
        if self._binding.is_operator:
            return
        person = await self._services.people.principal(
            self._actor.email, self._deadline()
        )
        if not person.is_auditor:
            raise NotAllowed(
                reason=f"only members of jitsudo-auditors and jitsudo-admins can {what}"
            )
