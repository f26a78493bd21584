"""Every use case of a process, and what an actor is bound to."""

from dataclasses import dataclass
from datetime import datetime

from core.clock import Deadline
from core.domain.principal import Actor
from core.ports import Store
from core.services.approver_check import CheckApprovers
from core.services.audit import ReadAudit
from core.services.credentials import ReadCredentials
from core.services.daily import Daily
from core.services.decide import Decide
from core.services.doctor import Doctor
from core.services.end_grant import EndGrant
from core.services.evaluate import Evaluate
from core.services.expire import Lapse
from core.services.extend import Extend
from core.services.figures import Count
from core.services.forget_sign_in import ForgetSignIn
from core.services.id_sign_in import SignInByToken
from core.services.identities import Identities
from core.services.issue import Issue
from core.services.limits import Limits
from core.services.link_codes import LinkCodes
from core.services.linking import Linking
from core.services.list_tokens import ListTokens
from core.services.look import Look
from core.services.offboard import Offboard
from core.services.people import People
from core.services.policy_watch import PolicyWatch
from core.services.principals import Principals
from core.services.refusals import Refusals
from core.services.reload import Reload
from core.services.remind import RemindOfReview
from core.services.review import Review
from core.services.revoke import Revoke
from core.services.rotate import Rotate
from core.services.sign_in import SignInTerminals
from core.services.sign_in_consent import SignInConsent
from core.services.submit import Submit
from core.services.tokens import Tokens
from core.services.warn import Warn
from core.services.withdraw import Withdraw
from core.vocabulary import SignInMethod, TokenScope

ALL_SCOPES = frozenset(TokenScope)


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """Every use case of a process, built once."""

    submit: Submit
    extend: Extend
    decide: Decide
    withdraw: Withdraw
    revoke: Revoke
    review: Review
    offboard: Offboard
    rotate: Rotate
    look: Look
    credentials: ReadCredentials
    audit: ReadAudit
    evaluate: Evaluate
    tokens: Tokens
    list_tokens: ListTokens
    id_sign_in: SignInByToken | None
    forget_sign_in: ForgetSignIn
    sign_in: SignInTerminals
    sign_in_consent: SignInConsent
    count: Count
    refusals: Refusals
    limits: Limits
    issue: Issue
    end_grant: EndGrant
    lapse: Lapse
    warn: Warn
    remind: RemindOfReview
    policy_watch: PolicyWatch
    people: People
    principals: Principals
    reload: Reload
    doctor: Doctor
    check_approvers: CheckApprovers
    daily: Daily
    linking: Linking
    link_codes: LinkCodes
    identities: Identities
    store: Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    """Who acts, and within which limits; bound by the server.

    Attributes:
        scopes: what the bearer token may do; every scope where there is none.
        seconds: how long one call may take before nothing more is begun.
        method: what the actor showed, over REST; None where that is not how they
            came.
        token_id: of a token of jitsudo's that they showed; else empty.
        deadline: one for every call together, of an act that began before this
            was bound; counts instead of `seconds`.
        is_operator: somebody who holds the database's address: may issue
            tokens and read every request and what auditors read, but is
            nobody who could decide.
    """

    actor: Actor
    scopes: frozenset[TokenScope] = ALL_SCOPES
    seconds: float = 10.0
    deadline: Deadline | None = None
    expires_at: datetime | None = None
    method: SignInMethod | None = None
    token_id: str = ""
    is_operator: bool = False

    def limit(self) -> Deadline:
        """Return until when one call may begin something."""
        return self.deadline or Deadline(seconds=self.seconds)
