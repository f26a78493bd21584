"""What one process has of jitsudo: its services, bound to whoever acts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.clock import Deadline
from core.domain.identity import LinkCode, SlackAccount
from core.domain.principal import Actor
from core.domain.token import PREFIX
from core.health import PartHealth, health_of
from core.in_process import InProcessApprovals
from core.ports import (
    Clock,
    Directory,
    IdTokens,
    PolicyEngine,
    Store,
)
from core.services.provider_checks import ProviderChecks
from core.services.sign_in_consent import BoundConsent
from core.services.signal import Signal
from core.services.tokens import Bearer
from core.services.work import JobHandler, Workers, WorkLimits
from core.settings import CoreSettings
from core.use_cases import ALL_SCOPES, Binding, Services
from core.vocabulary import (
    AuditAction,
    GroupSource,
    JobKind,
    Origin,
    RequestId,
    SignInMethod,
    TokenScope,
    Verdict,
)

LEASE: Final = timedelta(seconds=30)
"""After it another worker takes a job over; longer than any provider's call."""

JOBS_AT_ONCE: Final = 48
"""Jobs in flight in one pool: they wait for a provider or for Slack, not for us.

Thousands of grants may end in one minute, each at a provider that takes 0.2 s.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Jitsudo:
    """Everything one process needs; built by `open_jitsudo`, closed with it."""

    settings: CoreSettings
    clock: Clock
    store: Store
    policy: PolicyEngine
    directory: Directory
    services: Services
    signal: Signal
    provider_checks: ProviderChecks
    group_sources: Mapping[GroupSource, Directory]
    id_tokens: IdTokens | None = None

    def acting(
        self,
        actor: Actor,
        *,
        scopes: frozenset[TokenScope] = ALL_SCOPES,
        seconds: float = 10.0,
        deadline: Deadline | None = None,
        expires_at: datetime | None = None,
        method: SignInMethod | None = None,
        token_id: str = "",
    ) -> InProcessApprovals:
        """Return the approvals of a verified actor.

        Args:
            actor: identified by the transport that calls this.
            scopes: what the actor's token may do.
            seconds: how long one call may take.
            deadline: one for all calls, that may have begun before; counts
                instead of `seconds`.
            expires_at: until when the actor's token is valid.
            method: whose token it is.
            token_id: of a token of jitsudo's.
        """
        return InProcessApprovals(
            services=self.services,
            binding=Binding(
                actor=actor,
                scopes=scopes,
                seconds=seconds,
                deadline=deadline,
                expires_at=expires_at,
                method=method,
                token_id=token_id,
            ),
        )

    def consenting(self, actor: Actor, *, deadline: Deadline) -> BoundConsent:
        """Return what lets a person in Slack sign in a terminal.

        Not among `Approvals`, which bearer tokens are bound to as well: a token
        must never make tokens. Whoever did not come by Slack is refused.

        Args:
            actor: identified by Slack, for this very act.
            deadline: one for all calls.
        """
        return BoundConsent(
            consent=self.services.sign_in_consent, actor=actor, deadline=deadline
        )

    def operator(self, name: str, evidence: Mapping[str, str]) -> InProcessApprovals:
        """Return the approvals of who holds the database's address.

        Args:
            name: `operator:<os user>@<host>`, for the audit log.
            evidence: the OS user and the host.
        """
        actor = Actor(email=name, origin=Origin.DIRECT, evidence=evidence)
        return InProcessApprovals(
            services=self.services,
            binding=Binding(actor=actor, seconds=60.0, is_operator=True),
        )

    async def authenticate(
        self,
        secret: str,
        *,
        origin: Origin = Origin.API,
        deadline: Deadline | None = None,
    ) -> Bearer:
        """Return who holds a token of jitsudo's or of the identity provider's.

        Args:
            origin: by which transport it came, for the audit log.
            deadline: for asking an identity provider and for writing.

        Raises:
            NotAuthenticated: nobody does any more, or ever did.
            IssuerUnavailable: it could be the identity provider's, whose keys
                cannot be had.
        """
        sign_in = self.services.id_sign_in
        if sign_in is None or secret.startswith(PREFIX):
            return await self.services.tokens.authenticate(secret)
        return await sign_in.authenticate(secret, origin=origin, deadline=deadline)

    async def recognise(
        self,
        account: SlackAccount,
        email: str,
        *,
        evidence: Mapping[str, str],
        deadline: Deadline,
        request_id: RequestId | None = None,
        verdict: Verdict | None = None,
    ) -> Actor:
        """Return the actor behind an account that Slack has vouched for.

        Args:
            email: the verified one of the account, now.
            request_id, verdict: what they want to do, for the audit log.

        Raises:
            NotAuthenticated: the account is not linked so; it is audited.
        """
        return await self.services.linking.recognise(
            account,
            email,
            evidence=evidence,
            deadline=deadline,
            request_id=request_id,
            verdict=verdict,
        )

    async def offer_link(
        self,
        account: SlackAccount,
        email: str,
        *,
        evidence: Mapping[str, str],
        deadline: Deadline,
    ) -> LinkCode | None:
        """Return a code with which a signed-in person links an account to them.

        Returns:
            None where it is linked so already.

        Raises:
            NotAuthenticated: either is linked elsewhere; it is audited.
            NotAllowed: nobody can be signed in so here, or they are disabled.
            TooMany: the account was given enough of them for now.
        """
        return await self.services.link_codes.offer(
            account, email, evidence=evidence, deadline=deadline
        )

    async def refuse_stranger(
        self,
        *,
        actor: str,
        request_id: RequestId | None,
        verdict: Verdict | None,
        code: str,
        why: str,
        evidence: Mapping[str, str],
        is_submission: bool = False,
    ) -> None:
        """Audit the refusal of somebody in Slack who is no known person.

        Args:
            actor: `slack:<team>/<user>`.
            is_submission: whether they wanted to ask for elevation.
        """
        is_other = verdict is None and not is_submission
        await self.services.refusals.record(
            Actor(email=actor, origin=Origin.SLACK, evidence=evidence),
            request_id=request_id,
            verdict=verdict,
            code=code,
            why=why,
            details={},
            action=AuditAction.IDENTITY_REFUSED if is_other else None,
        )

    def workers(self, handlers: Mapping[JobKind, JobHandler] | None = None) -> Workers:
        """Return a pool over core's own jobs, or over a front end's.

        Args:
            handlers: a front end's; None for the jobs that core itself does.
        """
        return Workers(
            store=self.store,
            handlers=self._own_handlers() if handlers is None else handlers,
            signal=self.signal,
            limits=WorkLimits(at_once=JOBS_AT_ONCE, lease=LEASE),
        )

    def _own_handlers(self) -> dict[JobKind, JobHandler]:
        return {
            JobKind.ISSUE: self.services.issue.run,
            JobKind.EXPIRE: self.services.end_grant.run,
            JobKind.REVOKE: self.services.end_grant.run,
            JobKind.LAPSE: self.services.lapse.run,
            JobKind.WARN: self.services.warn.run,
            JobKind.REMIND_REVIEW: self.services.remind.run,
            JobKind.OFFBOARD: self.services.offboard.run,
            JobKind.CHECK_APPROVERS: self.services.daily.run,
            JobKind.TELL_REFUSALS: self.services.refusals.tell_repeats,
        }

    async def health(self) -> dict[str, PartHealth]:
        """Return the health of every part, by name; raises nothing."""
        policy = await self.policy.health()
        return {
            "database": await health_of(self.store.ping()),
            "policy": PartHealth(is_ready=policy.is_ready, detail=policy.detail),
            "groups": await health_of(_read(self.directory)),
        }

    async def provider_health(self) -> dict[str, PartHealth]:
        """Return whether every provider can be used, by name; raises nothing.

        Apart from `health`, which is asked often: this calls the clouds, and one
        that is down does not keep anybody from deciding.
        """
        answers = await self.provider_checks.run()
        return {
            name: PartHealth(is_ready=answer.is_usable, detail=answer.detail)
            for name, answer in answers.items()
        }

    async def issuer_health(self) -> dict[str, PartHealth]:
        """Return whether the identity provider gives its keys; raises nothing.

        Apart from `health` as well: who has signed in goes on while it is down.
        """
        if self.id_tokens is None:
            return {}
        return {"identity provider": await health_of(self.id_tokens.check())}

    async def group_health(self) -> dict[str, PartHealth]:
        """Return whether each source of groups can be read, by name."""
        return {
            f"groups from {source.value}": await health_of(_read(directory))
            for source, directory in self.group_sources.items()
        }


async def _read(directory: Directory) -> str:
    await directory.explain("nobody@example.com")
    return "groups can be read"
