"""Policy questions as JSON documents, both ways."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from core.clock import SystemClock
from core.domain.audit import Json, from_timestamp, to_timestamp
from core.domain.policy import PolicyPerson, PolicyQuestion
from core.domain.principal import normalise_email
from core.domain.request import MAX_DURATION
from core.domain.text import (
    PROVIDER_LIMIT,
    ROLE_LIMIT,
    SCOPE_LIMIT,
    checked_name,
    checked_prose,
)
from core.errors import Invalid
from core.policy.answers import parse_answer
from core.vocabulary import Origin, PolicyAction, PolicyPackage, RequestId

__all__ = ["SAMPLE_ID", "from_document", "parse_answer", "sample", "to_document"]

SAMPLE_ID: Final = RequestId("req_00000000000000000000000000")
"""The request of a question that nobody asked: from `policy eval`, or a check."""


def to_document(question: PolicyQuestion) -> dict[str, Json]:
    """Return what Rego sees as `input`."""
    return {
        "action": question.action.value,
        "user": {
            "email": question.user.email,
            "subject": question.user.email,
            "groups": list(question.user.groups),
        },
        "requester": _person(question.requester),
        "request": {
            "id": question.request_id,
            "provider": question.provider,
            "role": question.role,
            "resource_scope": question.resource_scope,
            "duration_seconds": question.duration_seconds,
            "reason": question.reason,
            "break_glass": question.break_glass,
            "metadata": dict(question.metadata),
            **({"extends": question.extends} if question.extends else {}),
        },
        "approvals": [_person(person) for person in question.approvals],
        "quorum": {
            "required": question.required_approvals,
            "recorded": len(question.approvals),
        },
        "context": {
            "trust_tier": question.trust_tier,
            "origin": question.origin.value,
            "time": to_timestamp(question.time),
        },
    }


def from_document(
    package: PolicyPackage, document: Mapping[str, object]
) -> PolicyQuestion:
    """Return the question that a document spells, for `policy eval`.

    `user` and `request` are needed; whatever else is left out becomes what it
    is for a first question: the requester is the user, nobody has approved.

    Raises:
        Invalid: naming the first field that no question could have.
    """
    try:
        spelled = _Document.model_validate(dict(document))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in ("input", *first["loc"]))
        why = first["msg"].removeprefix("Value error, ")
        raise Invalid(field=place, why=why) from error
    question = spelled.to_question(package)
    if question.package is not package:
        raise Invalid(
            field="input.action",
            why=f"{question.action.value!r} is not asked of {package.value}",
        )
    return question


def sample(package: PolicyPackage) -> PolicyQuestion:
    """Return a plain question, to see whether a package answers at all."""
    nobody = PolicyPerson(email="nobody@example.com", groups=())
    is_eligibility = package is PolicyPackage.ELIGIBILITY
    return PolicyQuestion(
        action=PolicyAction.SUBMIT if is_eligibility else PolicyAction.APPROVE,
        user=nobody,
        requester=PolicyPerson(email="somebody@example.com", groups=()),
        request_id=SAMPLE_ID,
        provider="sample",
        role="sample",
        resource_scope="sample",
        duration_seconds=60,
        reason="a check whether policy answers",
        break_glass=False,
        metadata={},
        approvals=(),
        required_approvals=1,
        trust_tier=0,
        origin=Origin.SYSTEM,
        time=datetime(2026, 1, 1, tzinfo=UTC),
    )


def _person(person: PolicyPerson) -> dict[str, Json]:
    return {"email": person.email, "groups": list(person.groups)}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


def _email(value: object) -> object:
    if isinstance(value, str):
        try:
            return normalise_email(value)
        except Invalid as error:
            raise ValueError(error.why) from error
    return value


_Email = Annotated[str, BeforeValidator(_email)]
_Count = Annotated[int, Field(ge=0, le=1_000)]


class _Person(_Part):
    email: _Email
    groups: list[str] = []

    def to_person(self) -> PolicyPerson:
        return PolicyPerson(email=self.email, groups=tuple(sorted(set(self.groups))))


class _User(_Person):
    subject: str | None = None


class _Request(_Part):
    id: str = SAMPLE_ID
    provider: str
    role: str
    resource_scope: str
    duration_seconds: int = Field(gt=0, le=int(MAX_DURATION.total_seconds()))
    reason: str = ""
    break_glass: bool = False
    metadata: dict[str, str] = {}
    extends: str | None = None

    @model_validator(mode="after")
    def _is_as_checked_as_a_real_one(self) -> Self:
        try:
            checked_name("provider", self.provider, limit=PROVIDER_LIMIT)
            checked_name("role", self.role, limit=ROLE_LIMIT)
            checked_name("resource_scope", self.resource_scope, limit=SCOPE_LIMIT)
            checked_prose("reason", self.reason, required=False)
        except Invalid as error:
            message = f"{error.field} {error.why}"
            raise ValueError(message) from error
        return self


class _Quorum(_Part):
    required: _Count = 1
    recorded: _Count = 0


class _Context(_Part):
    trust_tier: Annotated[int, Field(ge=0, le=4)] = 0
    origin: Literal["slack", "api", "policy", "system", "direct"] = "api"
    time: str | None = None

    def moment(self) -> datetime:
        return SystemClock().now() if self.time is None else from_timestamp(self.time)

    @model_validator(mode="after")
    def _time_is_aware(self) -> Self:
        if self.moment().tzinfo is None:
            message = "time has no time zone; write 2026-03-20T16:00:00Z"
            raise ValueError(message)
        return self


class _Document(_Part):
    action: Literal["submit", "route", "approve", "deny", "revoke"] | None = None
    user: _User
    requester: _Person | None = None
    request: _Request
    approvals: list[_Person] = []
    quorum: _Quorum = Field(default_factory=_Quorum)
    context: _Context = Field(default_factory=_Context)

    def to_question(self, package: PolicyPackage) -> PolicyQuestion:
        """Return the question; without an action, the package's plainest one."""
        action = self.action or sample(package).action.value
        request = self.request
        return PolicyQuestion(
            action=PolicyAction(action),
            user=self.user.to_person(),
            requester=(self.requester or self.user).to_person(),
            request_id=RequestId(request.id),
            provider=request.provider,
            role=request.role,
            resource_scope=request.resource_scope,
            duration_seconds=request.duration_seconds,
            reason=request.reason,
            break_glass=request.break_glass,
            metadata=request.metadata,
            approvals=tuple(person.to_person() for person in self.approvals),
            required_approvals=self.quorum.required,
            trust_tier=self.context.trust_tier,
            origin=Origin(self.context.origin),
            time=self.context.moment(),
            extends=None if request.extends is None else RequestId(request.extends),
        )
