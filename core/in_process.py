"""`Approvals` over the services, in this process, for one actor."""

from collections.abc import Mapping
from datetime import timedelta

from typing_extensions import override

from core.approvals import (
    Approvals,
    AuditPage,
    Departure,
    Identity,
    RequestPage,
    RequestQuery,
)
from core.domain.audit import ChainReport
from core.domain.decision import RequestRecord
from core.domain.grant import Credentials
from core.domain.job import Job
from core.domain.policy import PolicyAnswer
from core.domain.request import Ask
from core.in_process_identities import InProcessIdentities
from core.in_process_people import InProcessPeople
from core.in_process_tokens import InProcessTokens
from core.permits import Permits
from core.ports import AuditFilter
from core.services.submit import Submission
from core.use_cases import Binding, Services
from core.vocabulary import PolicyPackage, RequestId, TokenScope, Verdict

MAX_JOBS = 500


class InProcessApprovals(
    InProcessPeople, InProcessTokens, InProcessIdentities, Approvals
):
    """Checks what the actor is permitted, then calls the services."""

    def __init__(self, *, services: Services, binding: Binding) -> None:
        """Bind the services to an actor."""
        self._services = services
        self._binding = binding
        self._actor = binding.actor
        self._permits = Permits(services=services, binding=binding)

    @override
    async def submit(self, ask: Ask, *, key: str = "") -> RequestRecord:
        """Ask for elevation."""
        self._permits.need(TokenScope.REQUEST)
        submission = Submission(ask=ask, key=key)
        return await self._services.submit.submit(
            self._permits.person(), submission, self._binding.limit()
        )

    @override
    async def extend(
        self,
        request_id: RequestId,
        *,
        duration: timedelta,
        reason: str = "",
        key: str = "",
    ) -> RequestRecord:
        """Ask for more of one's own grant."""
        self._permits.need(TokenScope.REQUEST)
        return await self._services.extend.extend(
            self._permits.person(),
            request_id,
            duration=duration,
            reason=reason,
            key=key,
            deadline=self._binding.limit(),
        )

    @override
    async def approve(self, request_id: RequestId, *, comment: str) -> RequestRecord:
        """Approve a request."""
        await self._permits.need_to_decide(request_id, Verdict.APPROVE)
        return await self._services.decide.approve(
            self._permits.person(),
            request_id,
            comment=comment,
            deadline=self._binding.limit(),
        )

    @override
    async def deny(self, request_id: RequestId, *, reason: str) -> RequestRecord:
        """Deny a request."""
        await self._permits.need_to_decide(request_id, Verdict.DENY)
        return await self._services.decide.deny(
            self._permits.person(),
            request_id,
            reason=reason,
            deadline=self._binding.limit(),
        )

    @override
    async def withdraw(self, request_id: RequestId) -> RequestRecord:
        """Take back one's own undecided request."""
        self._permits.need(TokenScope.REQUEST)
        return await self._services.withdraw.withdraw(
            self._permits.person(), request_id, self._binding.limit()
        )

    @override
    async def revoke(
        self, request_id: RequestId, *, reason: str, only_unissued: bool = False
    ) -> RequestRecord:
        """Begin the end of a grant."""
        self._permits.need_any(TokenScope.REQUEST, TokenScope.APPROVE)
        return await self._services.revoke.revoke(
            self._permits.person(),
            request_id,
            reason=reason,
            only_unissued=only_unissued,
            deadline=self._binding.limit(),
        )

    @override
    async def retry(self, request_id: RequestId) -> RequestRecord:
        """Have what the provider refused tried again now."""
        self._permits.need_any(TokenScope.REQUEST, TokenScope.APPROVE)
        return await self._services.revoke.retry(
            self._permits.person(), request_id, deadline=self._binding.limit()
        )

    @override
    async def review(self, request_id: RequestId, *, note: str) -> RequestRecord:
        """Close the review of a break-glass request."""
        self._permits.need(TokenScope.APPROVE)
        return await self._services.review.close(
            self._permits.person(),
            request_id,
            note=note,
            deadline=self._binding.limit(),
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
        self._permits.need(TokenScope.READ)
        return await self._services.look.get(
            self._actor,
            request_id,
            wait=wait,
            since_version=since_version,
            deadline=self._binding.limit(),
            sees_all=self._binding.is_operator,
        )

    @override
    async def list(self, query: RequestQuery) -> RequestPage:
        """Return a page of the requests that the actor may see."""
        self._permits.need(TokenScope.READ)
        return await self._services.look.list(
            self._actor,
            query,
            self._binding.limit(),
            sees_all=self._binding.is_operator,
        )

    @override
    async def credentials(self, request_id: RequestId) -> Credentials:
        """Return the credentials of one's own active request."""
        self._permits.need(TokenScope.REQUEST)
        return await self._services.credentials.read(
            self._permits.person(), request_id, self._binding.limit()
        )

    @override
    async def audit(self, wanted: AuditFilter) -> AuditPage:
        """Return a page of the audit log."""
        await self._permits.need_auditor("read the audit log")
        return await self._services.audit.list(wanted, self._binding.limit())

    @override
    async def verify_audit(
        self, checkpoint: tuple[int, str] | None = None
    ) -> ChainReport:
        """Recompute the whole chain."""
        await self._permits.need_auditor("verify the audit log")
        return await self._services.audit.verify(checkpoint)

    @override
    async def evaluate(
        self, package: PolicyPackage, document: Mapping[str, object]
    ) -> PolicyAnswer:
        """Ask policy a made-up question."""
        await self._permits.need_auditor("try out policy")
        return await self._services.evaluate.evaluate(
            package, document, self._binding.limit()
        )

    @override
    async def whoami(self) -> Identity:
        """Return who the actor is."""
        person, sources = await self._services.people.explained(
            self._actor.email, self._binding.limit()
        )
        return Identity(
            email=person.email,
            groups=tuple(sorted(person.groups)),
            trust_tier=person.trust_tier,
            scopes=self._binding.scopes,
            expires_at=self._binding.expires_at,
            method=self._binding.method,
            token_id=self._binding.token_id,
            sources=sources,
        )

    @override
    async def disable_principal(self, email: str, *, reason: str) -> Departure:
        """Shut somebody out."""
        await self._permits.need_admin("disable people")
        return await self._services.offboard.disable(
            self._actor, email, reason=reason, deadline=self._binding.limit()
        )

    @override
    async def enable_principal(self, email: str) -> Departure:
        """Let somebody in again."""
        await self._permits.need_admin("enable people")
        return await self._services.offboard.enable(
            self._actor, email, deadline=self._binding.limit()
        )

    @override
    async def forget_sign_in(self, email: str) -> str:
        """Let the next subject at the identity provider have an e-mail."""
        await self._permits.need_admin("let an e-mail change hands")
        return await self._services.forget_sign_in.forget(
            self._actor, email, deadline=self._binding.limit()
        )

    @override
    async def jobs(self, *, failing_only: bool) -> tuple[Job, ...]:
        """Return the work that waits."""
        await self._permits.need_auditor("list jobs")
        async with self._services.store.snapshot(self._binding.limit()) as uow:
            found = await uow.jobs.find(failing_only=failing_only, limit=MAX_JOBS)
        return tuple(found)
