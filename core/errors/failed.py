"""Something did not answer, or is set up wrongly; nothing was granted."""

from collections.abc import Mapping
from typing import ClassVar, Self

from typing_extensions import override

from core.errors.base import JitsudoError


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


class IssuerUnavailable(DependencyError):
    """The identity provider's keys cannot be had, so no token can be believed."""

    code: ClassVar[str] = "issuer_unavailable"
    fact_names: ClassVar[tuple[str, ...]] = ("why",)

    def __init__(self, *, why: str) -> None:
        """Say what happened; never with a token."""
        self.why = why
        super().__init__(
            f"the identity provider's keys cannot be had ({why}); nobody was signed "
            "in, try again"
        )


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
    """It was sent but the answer was lost; asking again, or looking, tells."""

    code: ClassVar[str] = "outcome_unknown"
    fact_names: ClassVar[tuple[str, ...]] = ("look_with",)

    def __init__(self, *, look_with: str | None = None) -> None:
        """Say what to do next.

        Args:
            look_with: the command that tells, where doing the same again would do
                it twice; None where that is harmless.
        """
        self.look_with = look_with
        todo = "do the same again, the answer will be the same"
        if look_with is not None:
            todo = f"look with `{look_with}` before you repeat it"
        super().__init__(f"the outcome is not known yet: {todo}")


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
