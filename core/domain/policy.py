"""What policy is asked, and what may come back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core.vocabulary import Origin, PolicyAction, PolicyPackage, RequestId, Tier

DEFAULT_REASON: Final = "policy does not allow it"
MAX_REQUIRED_APPROVALS: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyPerson:
    """A person as policy sees one; groups in alphabetical order."""

    email: str
    groups: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyQuestion:
    """One question; becomes the `input` document of Rego.

    Attributes:
        user: the acting person; at `submit` and `route`, the requester.
        approvals: who approved before and still counts, oldest first.
        time: when it is asked, aware, UTC.
        extends: the request whose grant this one's would take the place of.
    """

    action: PolicyAction
    user: PolicyPerson
    requester: PolicyPerson
    request_id: RequestId
    provider: str
    role: str
    resource_scope: str
    duration_seconds: int
    reason: str
    break_glass: bool
    metadata: Mapping[str, str]
    approvals: tuple[PolicyPerson, ...]
    required_approvals: int
    trust_tier: int
    origin: Origin
    time: datetime
    extends: RequestId | None = None

    @property
    def package(self) -> PolicyPackage:
        """Return the package this question goes to."""
        if self.action is PolicyAction.SUBMIT:
            return PolicyPackage.ELIGIBILITY
        return PolicyPackage.APPROVAL


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyAnswer:
    """Every rule of a package, defaults filled in; a default never grants.

    Attributes:
        deny: reasons that refuse whatever `allow` says, in alphabetical order.
        notify_groups: None if policy does not say; then `approver_groups`.
        revision: which policy answered; a digest or a bundle's revision.
        decision_id: OPA's id of this decision; empty for the embedded engine.
    """

    allow: bool = False
    deny: tuple[str, ...] = ()
    reason: str = DEFAULT_REASON
    allow_break_glass: bool = False
    tier: Tier = Tier.HUMAN
    required_approvals: int = 1
    approver_groups: tuple[str, ...] = ()
    notify_groups: tuple[str, ...] | None = None
    channel: str | None = None
    allow_self_approval: bool = False
    require_comment: bool = False
    approval_note: str = ""
    revision: str = ""
    decision_id: str = ""

    @property
    def is_allowed(self) -> bool:
        """Tell whether `allow` holds and nothing in `deny` speaks against it."""
        return self.allow and not self.deny

    @property
    def refusal(self) -> str:
        """Return why not, in policy's own words."""
        return "; ".join(self.deny) or self.reason

    def to_audit(self) -> dict[str, str]:
        """Return what an audit event keeps of this answer."""
        facts = {"policy_revision": self.revision, "policy_decision": self.decision_id}
        return {name: value for name, value in facts.items() if value}


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyHealth:
    """Whether an engine can answer, and with which policy.

    Attributes:
        is_ready: whether a policy is loaded and the engine answers.
        detail: what is loaded, or what is wrong and what to do.
    """

    is_ready: bool
    revision: str
    detail: str
    files: tuple[str, ...] = field(default=())
