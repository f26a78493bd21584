"""The one protocol that every front end calls.

An `Approvals` is bound when it is built: in this process to an actor, over REST
to a bearer token. Nothing that a caller passes says who is acting.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from core.approvals.identities import Identities
from core.approvals.people import PeopleApprovals
from core.approvals.tokens import TokenApprovals
from core.approvals.values import (
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
from core.ports import AuditFilter
from core.vocabulary import PolicyPackage, RequestId


class Approvals(PeopleApprovals, TokenApprovals, Identities, Protocol):
    """Everything that can be done with requests; one decision path for all.

    Every method may raise `NotAuthenticated`, and of the `DependencyError`s
    `StoreUnavailable`, `DirectoryUnavailable` and, over REST,
    `ServerUnavailable`; then nothing was decided. Those that ask or decide may
    raise `TooMany`, counted over every front end.
    """

    async def submit(self, ask: Ask, *, key: str = "") -> RequestRecord:
        """Ask for elevation; with `ask.break_glass`, without waiting for a yes.

        Args:
            key: the same for what is one ask sent twice, which is one request
                then; empty if nobody says.

        Raises:
            Invalid: naming the field.
            NotEligible: with policy's reason.
            Conflict: something else was asked for under the same key.
            PolicyUnavailable: nothing was stored.
        """
        ...

    async def extend(
        self,
        request_id: RequestId,
        *,
        duration: timedelta,
        reason: str = "",
        key: str = "",
    ) -> RequestRecord:
        """Ask for more of one's own grant: a new request, decided like any other.

        The old grant ends when the new one runs, not before.

        Args:
            duration: of the new grant, counted from when it is issued.
            reason: empty for the reason of the request that is extended.

        Raises:
            Invalid: naming the field; or another extension is open.
            NotFound: there is none, or it is not the actor's business.
            NotAllowed: it is somebody else's.
            NotEligible: with policy's reason.
            WrongState: its grant is not in force.
            PolicyUnavailable: nothing was stored.
        """
        ...

    async def approve(self, request_id: RequestId, *, comment: str) -> RequestRecord:
        """Approve a request; short of the quorum it stays PENDING.

        Repeating one's own standing approval answers with the recorded outcome
        and discards the new comment. Where an approval did not count at the newest
        decision, repeating one is judged again, and may complete the quorum.

        Raises:
            Invalid: the comment cannot be stored, or policy requires one.
            NotFound: there is no such request.
            NotAllowed: with policy's reason.
            NotEligible: the requester may not have it any more.
            SelfApproval: it is the actor's own.
            WrongState: it is decided already, or has lapsed.
            Conflict: it kept changing.
            PolicyUnavailable: nothing was decided.
            OutcomeUnknown: ask again, the answer will be the same.
        """
        ...

    async def deny(self, request_id: RequestId, *, reason: str) -> RequestRecord:
        """Deny a request for good.

        Raises:
            Invalid: the reason is blank or cannot be stored.
            NotFound, NotAllowed, WrongState, Conflict, PolicyUnavailable,
            OutcomeUnknown: as `approve`.
        """
        ...

    async def withdraw(self, request_id: RequestId) -> RequestRecord:
        """Take back one's own undecided request.

        Raises:
            NotFound: there is none, or it is somebody else's and not visible.
            NotAllowed: it is somebody else's.
            WrongState: it is decided already.
        """
        ...

    async def revoke(
        self, request_id: RequestId, *, reason: str, only_unissued: bool = False
    ) -> RequestRecord:
        """Begin the end of a grant, issued or on its way; the provider finishes it.

        The requester may, admins, and whom policy allows. Doing it again answers
        the same. The credentials are erased before this returns.

        Args:
            only_unissued: give up what is still being issued, and leave a grant
                that runs by now.

        Raises:
            Invalid: the reason cannot be stored.
            NotFound: there is no such request.
            NotAllowed: with policy's reason.
            WrongState: there is no grant to end, or it has expired, or it runs
                although only one on its way was to be given up.
            PolicyUnavailable: nothing was done.
        """
        ...

    async def retry(self, request_id: RequestId) -> RequestRecord:
        """Have what the provider refused tried again now.

        Whoever may revoke may.

        Raises:
            NotFound, NotAllowed, PolicyUnavailable: as `revoke`.
            WrongState: nothing of it has failed.
        """
        ...

    async def review(self, request_id: RequestId, *, note: str) -> RequestRecord:
        """Close the review of a break-glass request of somebody else.

        Whoever may deny such a request may, and admins.

        Raises:
            Invalid: the note is blank; or the request did not break the glass.
            NotFound: there is no such request.
            NotAllowed: with policy's reason, or it is the actor's own.
            WrongState: somebody else has closed it.
            PolicyUnavailable: nothing was done.
        """
        ...

    async def get(
        self,
        request_id: RequestId,
        *,
        wait: timedelta | None = None,
        since_version: int = 0,
    ) -> RequestRecord:
        """Return a request that the actor may see.

        Args:
            wait: how long to wait for a version above `since_version`; then
                the request is returned as it is.

        Raises:
            NotFound: there is none, or the actor may not see it.
        """
        ...

    async def list(self, query: RequestQuery) -> RequestPage:
        """Return a page of the requests that the actor may see."""
        ...

    async def credentials(self, request_id: RequestId) -> Credentials:
        """Return the credentials of one's own active request; audited.

        Raises:
            NotFound: there is no such request of the actor's.
            WrongState: it is not ACTIVE with its grant in force.
        """
        ...

    async def audit(self, wanted: AuditFilter) -> AuditPage:
        """Return a page of the audit log.

        Raises:
            NotAllowed: the actor is no auditor and no admin.
        """
        ...

    async def verify_audit(
        self, checkpoint: tuple[int, str] | None = None
    ) -> ChainReport:
        """Recompute the whole chain.

        Args:
            checkpoint: a (seq, hash) kept elsewhere that has to be in it.

        Raises:
            AuditChainBroken: at the first event that does not fit.
            NotAllowed: the actor is no auditor and no admin.
        """
        ...

    async def evaluate(
        self, package: PolicyPackage, document: Mapping[str, object]
    ) -> PolicyAnswer:
        """Ask policy a made-up question; nothing is decided or recorded.

        Args:
            document: the `input` document, read like a real question's.

        Raises:
            Invalid: the document is not one that a question could make.
            NotAllowed: the actor is no auditor and no admin.
        """
        ...

    async def whoami(self) -> Identity:
        """Return who the actor is."""
        ...

    async def disable_principal(self, email: str, *, reason: str) -> Departure:
        """Shut somebody out; their requests, grants and tokens are ended by a job.

        Raises:
            Invalid: the e-mail or the reason cannot be, or it is the actor's own.
            NotAllowed: the actor is no admin.
        """
        ...

    async def enable_principal(self, email: str) -> Departure:
        """Let somebody in again; what was ended stays ended.

        Raises:
            Invalid: the e-mail cannot be.
            NotAllowed: the actor is no admin.
        """
        ...

    async def forget_sign_in(self, email: str) -> str:
        """Let the next subject at the identity provider have an e-mail.

        Raises:
            Invalid: the e-mail cannot be.
            NotAllowed: the actor is no admin.
            NotFound: nobody signed in by it.
        """
        ...

    async def jobs(self, *, failing_only: bool) -> tuple[Job, ...]:
        """Return the work that waits, oldest due first, at most 500.

        Raises:
            NotAllowed: the actor is no auditor and no admin.
        """
        ...
