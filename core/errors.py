"""Every deliberate error: facts with a stable code, knowing no transport."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Self

from typing_extensions import override


class JitsudoError(Exception):
    """Something that jitsudo says no to, or could not do.

    `fact_names` are the constructor's arguments, so that an error can cross a
    wire as its code and its facts and be the same error on the other side.
    """

    code: ClassVar[str] = "error"
    fact_names: ClassVar[tuple[str, ...]] = ()

    def facts(self) -> dict[str, str]:
        """Return what the constructor was given, as strings; absent ones left out."""
        values = {name: getattr(self, name) for name in self.fact_names}
        return {
            name: value.isoformat() if isinstance(value, datetime) else str(value)
            for name, value in values.items()
            if value is not None
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, str]) -> Self:
        """Build the error again from `facts()`.

        Raises:
            TypeError: the facts are not those of this class.
        """
        return cls(**facts)


class RefusedError(JitsudoError):
    """The rules say no; asking again changes nothing."""

    code: ClassVar[str] = "refused"


class NotFound(RefusedError):
    """There is no such thing, or the asker may not know of it."""

    code: ClassVar[str] = "not_found"
    fact_names: ClassVar[tuple[str, ...]] = (
        "what",
        "name",
    )

    def __init__(self, *, what: str, name: str) -> None:
        """Say what kind of thing was looked for and under which name."""
        self.what = what
        self.name = name
        super().__init__(f"{what} {name} not found")


class NotAllowed(RefusedError):
    """Policy does not let this person do this."""

    code: ClassVar[str] = "not_allowed"
    fact_names: ClassVar[tuple[str, ...]] = ("reason",)

    def __init__(self, *, reason: str) -> None:
        """Keep policy's own reason."""
        self.reason = reason
        super().__init__(reason)


class NotEligible(RefusedError):
    """Policy does not let this person ask for this."""

    code: ClassVar[str] = "not_eligible"
    fact_names: ClassVar[tuple[str, ...]] = ("reason",)

    def __init__(self, *, reason: str) -> None:
        """Keep policy's own reason."""
        self.reason = reason
        super().__init__(reason)


class SelfApproval(RefusedError):
    """The requester tried to approve their own request."""

    code: ClassVar[str] = "self_approval"

    def __init__(self) -> None:
        """Say the rule."""
        super().__init__("this is your own request: somebody else has to approve it")


class WrongState(RefusedError):
    """The act is not possible in the request's present state."""

    code: ClassVar[str] = "wrong_state"
    fact_names: ClassVar[tuple[str, ...]] = (
        "request_id",
        "expected",
        "actual",
        "by",
        "at",
    )

    def __init__(
        self,
        *,
        request_id: str,
        expected: str,
        actual: str,
        by: str | None = None,
        at: datetime | None = None,
    ) -> None:
        """Name both states, and who brought the present one about, and when."""
        self.request_id = request_id
        self.expected = expected
        self.actual = actual
        self.by = by
        self.at = at
        sentence = f"request {request_id} is {actual}, not {expected}"
        if by is not None:
            sentence += f" (by {by}"
            sentence += f", {at:%Y-%m-%d %H:%M} UTC)" if at is not None else ")"
        super().__init__(sentence)

    @classmethod
    @override
    def from_facts(cls, facts: Mapping[str, str]) -> Self:
        """Build the error again; `at` comes as ISO 8601 text."""
        at = facts.get("at")
        return cls(
            request_id=facts["request_id"],
            expected=facts["expected"],
            actual=facts["actual"],
            by=facts.get("by"),
            at=None if at is None else datetime.fromisoformat(at),
        )


class Invalid(RefusedError):
    """One field of what was asked cannot be."""

    code: ClassVar[str] = "invalid"
    fact_names: ClassVar[tuple[str, ...]] = (
        "field",
        "why",
    )

    def __init__(self, *, field: str, why: str) -> None:
        """Name the field, and say what is wrong and what to write instead."""
        self.field = field
        self.why = why
        super().__init__(f"{field}: {why}")


class Conflict(RefusedError):
    """The request kept changing while it was being decided."""

    code: ClassVar[str] = "conflict"
    fact_names: ClassVar[tuple[str, ...]] = ("what",)

    def __init__(self, *, what: str) -> None:
        """Say what kept changing."""
        self.what = what
        super().__init__(f"{what} changed at the same time; look again and retry")


class NotAuthenticated(RefusedError):
    """Nobody knows who is asking."""

    code: ClassVar[str] = "not_authenticated"
    fact_names: ClassVar[tuple[str, ...]] = ("why",)

    def __init__(self, *, why: str) -> None:
        """Say what is missing and how to sign in."""
        self.why = why
        super().__init__(why)


class DependencyError(JitsudoError):
    """Something that is needed did not answer; nothing was granted."""

    code: ClassVar[str] = "dependency"


class PolicyUnavailable(DependencyError):
    """Policy gave no clear answer, so the answer is no."""

    code: ClassVar[str] = "policy_unavailable"
    fact_names: ClassVar[tuple[str, ...]] = ("why",)

    def __init__(self, *, why: str) -> None:
        """Say what was wrong with the answer."""
        self.why = why
        super().__init__(f"policy gave no clear answer ({why}); nothing was decided")


class StoreUnavailable(DependencyError):
    """The database did not answer, or not in time; nothing was written."""

    code: ClassVar[str] = "store_unavailable"
    fact_names: ClassVar[tuple[str, ...]] = ("why",)

    def __init__(self, *, why: str) -> None:
        """Say what happened, without the database's address."""
        self.why = why
        super().__init__(f"the database is unavailable ({why}); nothing was decided")


class StoreBusy(DependencyError):
    """The database gave up on this transaction for another one's sake.

    Services retry it a few times; whoever sees it may simply try again.
    """

    code: ClassVar[str] = "store_busy"

    def __init__(self) -> None:
        """Say what to do next."""
        super().__init__("the database is busy; nothing was decided, try again")


class DirectoryUnavailable(DependencyError):
    """The groups could not be read, so nobody is known to be in one."""

    code: ClassVar[str] = "directory_unavailable"
    fact_names: ClassVar[tuple[str, ...]] = ("why",)

    def __init__(self, *, why: str) -> None:
        """Say what could not be read."""
        self.why = why
        super().__init__(f"groups cannot be read ({why}); nothing was decided")


class ProviderFailed(DependencyError):
    """The credential provider did not do what was asked."""

    code: ClassVar[str] = "provider_failed"
    fact_names: ClassVar[tuple[str, ...]] = (
        "provider",
        "why",
    )

    def __init__(self, *, provider: str, why: str) -> None:
        """Name the provider and its answer, never a credential."""
        self.provider = provider
        self.why = why
        super().__init__(f"provider {provider} failed: {why}")


class SlackFailed(DependencyError):
    """Slack did not answer, or not with what was asked."""

    code: ClassVar[str] = "slack_failed"
    fact_names: ClassVar[tuple[str, ...]] = (
        "method",
        "why",
    )

    def __init__(self, *, method: str, why: str) -> None:
        """Name the Web API method and what it answered."""
        self.method = method
        self.why = why
        super().__init__(f"Slack's {method} failed: {why}")


class ServerUnavailable(DependencyError):
    """The jitsudo server did not answer, so the terminal knows nothing."""

    code: ClassVar[str] = "server_unavailable"
    fact_names: ClassVar[tuple[str, ...]] = (
        "server",
        "why",
    )

    def __init__(self, *, server: str, why: str) -> None:
        """Name the server (without any password) and what happened."""
        self.server = server
        self.why = why
        super().__init__(f"{server} is unavailable ({why})")


class OutcomeUnknown(JitsudoError):
    """It was sent but the answer was lost; asking again tells."""

    code: ClassVar[str] = "outcome_unknown"

    def __init__(self) -> None:
        """Say what to do next."""
        super().__init__(
            "the outcome is not known yet: do the same again, "
            "the answer will be the same"
        )


class DeadlineExceeded(DependencyError):
    """Too much time had passed before anything was decided."""

    code: ClassVar[str] = "deadline_exceeded"

    def __init__(self) -> None:
        """Say what to do next."""
        super().__init__("this took too long; nothing was decided, please try again")


class AuditChainBroken(JitsudoError):
    """The audit log was changed behind jitsudo's back."""

    code: ClassVar[str] = "audit_chain_broken"
    fact_names: ClassVar[tuple[str, ...]] = (
        "seq",
        "why",
    )

    def __init__(self, *, seq: int, why: str) -> None:
        """Name the first event that does not fit, and how."""
        self.seq = seq
        self.why = why
        super().__init__(f"the audit chain is broken at event {seq}: {why}")

    @classmethod
    @override
    def from_facts(cls, facts: Mapping[str, str]) -> Self:
        """Build the error again; `seq` comes as text."""
        return cls(seq=int(facts["seq"]), why=facts["why"])


class ConfigurationError(JitsudoError):
    """The server or the terminal is set up wrongly; nothing was started."""

    code: ClassVar[str] = "configuration"
    fact_names: ClassVar[tuple[str, ...]] = (
        "setting",
        "why",
    )

    def __init__(self, *, setting: str, why: str) -> None:
        """Name the setting, and say what is wrong and how to mend it."""
        self.setting = setting
        self.why = why
        super().__init__(f"{setting}: {why}")
