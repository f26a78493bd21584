"""Core's composition root: the one place in core that builds things."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.clock import SystemClock
from core.domain.principal import Actor
from core.errors import JitsudoError
from core.identity.groups_file import GroupsFile
from core.identity.nobody import NobodyKnown
from core.in_process import ALL_SCOPES, Binding, InProcessApprovals, Services
from core.policy.documents import from_document
from core.policy.embedded import EmbeddedEngine
from core.policy.nothing import NoPolicy
from core.policy.opa import OpaEngine
from core.ports import (
    Clock,
    CredentialProvider,
    Directory,
    PolicyEngine,
    Sealer,
    Store,
)
from core.providers.local import LocalProvider
from core.providers.sealing import FernetSealer
from core.services.audit import ReadAudit
from core.services.credentials import ReadCredentials
from core.services.decide import Decide
from core.services.evaluate import Evaluate
from core.services.expire import Lapse
from core.services.issue import Issue, IssueLimits
from core.services.judging import Judge
from core.services.look import Look
from core.services.people import People
from core.services.refusals import Refusals
from core.services.revoke import EndGrant
from core.services.signal import Signal
from core.services.submit import Submit
from core.services.tokens import Bearer, Tokens
from core.services.visibility import Visibility
from core.services.withdraw import Withdraw
from core.services.work import JobHandler, Workers, WorkLimits
from core.settings import CoreSettings
from core.store.engine import SqlStore, open_store
from core.vocabulary import JobKind, Origin, RequestId, TokenScope, Verdict

CALL_SECONDS: Final = 20.0
"""One call of a credential provider; shorter than a job's lease of 30 s."""

LEASE: Final = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class PartHealth:
    """Whether one part can do its work, and what to do if it cannot."""

    is_ready: bool
    detail: str


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

    def acting(
        self,
        actor: Actor,
        *,
        scopes: frozenset[TokenScope] = ALL_SCOPES,
        seconds: float = 10.0,
        expires_at: datetime | None = None,
    ) -> InProcessApprovals:
        """Return the approvals of a verified actor.

        Args:
            actor: identified by the transport that calls this.
            scopes: what the actor's token may do.
            seconds: how long one call may take.
            expires_at: until when the actor's token is valid.
        """
        return InProcessApprovals(
            services=self.services,
            binding=Binding(
                actor=actor, scopes=scopes, seconds=seconds, expires_at=expires_at
            ),
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

    async def authenticate(self, secret: str) -> Bearer:
        """Return who holds a bearer token.

        Raises:
            NotAuthenticated: nobody does any more, or ever did.
        """
        return await self.services.tokens.authenticate(secret)

    async def refuse_stranger(
        self,
        *,
        actor: str,
        request_id: RequestId | None,
        verdict: Verdict | None,
        code: str,
        why: str,
        evidence: Mapping[str, str],
    ) -> None:
        """Audit the refusal of somebody in Slack who is no known person.

        Args:
            actor: `slack:<team>/<user>`.
        """
        await self.services.refusals.record(
            Actor(email=actor, origin=Origin.SLACK, evidence=evidence),
            request_id=request_id,
            verdict=verdict,
            code=code,
            why=why,
            details={},
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
            limits=WorkLimits(lease=LEASE),
        )

    def _own_handlers(self) -> dict[JobKind, JobHandler]:
        return {
            JobKind.ISSUE: self.services.issue.run,
            JobKind.EXPIRE: self.services.end_grant.run,
            JobKind.REVOKE: self.services.end_grant.run,
            JobKind.LAPSE: self.services.lapse.run,
            JobKind.TELL_REFUSALS: self.services.refusals.tell_repeats,
        }

    async def health(self) -> dict[str, PartHealth]:
        """Return the health of every part, by name; raises nothing."""
        policy = await self.policy.health()
        return {
            "database": await self._database_health(),
            "policy": PartHealth(is_ready=policy.is_ready, detail=policy.detail),
            "groups": await self._groups_health(),
        }

    async def _database_health(self) -> PartHealth:
        try:
            return PartHealth(is_ready=True, detail=await self.store.ping())
        except JitsudoError as error:
            return PartHealth(is_ready=False, detail=str(error))

    async def _groups_health(self) -> PartHealth:
        try:
            await self.directory.groups_of("nobody@example.com")
        except JitsudoError as error:
            return PartHealth(is_ready=False, detail=str(error))
        return PartHealth(is_ready=True, detail="groups can be read")


@asynccontextmanager
async def open_jitsudo(
    settings: CoreSettings, *, clock: Clock | None = None
) -> AsyncIterator[Jitsudo]:
    """Build everything core needs, and close it at the end.

    Raises:
        ConfigurationError: a setting cannot be, or the schema is not this
            version's.
    """
    clock = clock or SystemClock()
    sealer = FernetSealer([key.get_secret_value() for key in settings.encryption_keys])
    store: SqlStore = open_store(settings.database_url.get_secret_value())
    try:
        await store.check_schema()
        policy = await open_policy(settings)
        try:
            yield assemble(
                settings,
                clock=clock,
                store=store,
                policy=policy,
                sealer=sealer,
                providers=_providers(settings, clock),
            )
        finally:
            await policy.close()
    finally:
        await store.close()


async def open_policy(settings: CoreSettings) -> PolicyEngine:
    """Return the engine that the settings name; one that always refuses if none.

    Raises:
        ConfigurationError: the policy directory does not hold a usable policy.
    """
    if settings.opa_url is not None:
        return await OpaEngine.open(settings.opa_url)
    if settings.policy_dir is not None:
        return await EmbeddedEngine.open(settings.policy_dir)
    return NoPolicy()


def _providers(settings: CoreSettings, clock: Clock) -> dict[str, CredentialProvider]:
    providers: list[CredentialProvider] = []
    if settings.local_provider:
        providers.append(LocalProvider(clock=clock))
    return {provider.name: provider for provider in providers}


def assemble(
    settings: CoreSettings,
    *,
    clock: Clock,
    store: Store,
    policy: PolicyEngine,
    sealer: Sealer,
    providers: Mapping[str, CredentialProvider],
) -> Jitsudo:
    """Build the services over parts that are open; whoever opened them closes them.

    `open_jitsudo` opens what the settings name; a test brings parts of its own.
    """
    signal = Signal()
    directory: Directory = (
        GroupsFile(settings.groups_file) if settings.groups_file else NobodyKnown()
    )
    people = People(store=store, directory=directory)
    visibility = Visibility(policy=policy, people=people, clock=clock)
    refusals = Refusals(store=store, clock=clock)
    services = Services(
        submit=Submit(
            store=store,
            policy=policy,
            people=people,
            providers=providers,
            refusals=refusals,
            clock=clock,
            signal=signal,
            request_ttl=settings.request_ttl,
        ),
        decide=Decide(
            store=store,
            people=people,
            judge=Judge(policy=policy),
            visibility=visibility,
            refusals=refusals,
            clock=clock,
            signal=signal,
        ),
        withdraw=Withdraw(
            store=store,
            people=people,
            visibility=visibility,
            clock=clock,
            signal=signal,
        ),
        look=Look(store=store, people=people, visibility=visibility, signal=signal),
        credentials=ReadCredentials(
            store=store,
            people=people,
            visibility=visibility,
            sealer=sealer,
            clock=clock,
        ),
        audit=ReadAudit(store=store),
        evaluate=Evaluate(policy=policy, read_question=from_document),
        tokens=Tokens(store=store, clock=clock),
        refusals=refusals,
        issue=Issue(
            store=store,
            providers=providers,
            sealer=sealer,
            clock=clock,
            signal=signal,
            limits=IssueLimits(
                call_seconds=CALL_SECONDS, abandon_after=settings.abandon_after
            ),
        ),
        end_grant=EndGrant(
            store=store,
            providers=providers,
            clock=clock,
            signal=signal,
            call_seconds=CALL_SECONDS,
        ),
        lapse=Lapse(store=store, clock=clock, signal=signal),
        people=people,
        store=store,
    )
    return Jitsudo(
        settings=settings,
        clock=clock,
        store=store,
        policy=policy,
        directory=directory,
        services=services,
        signal=signal,
    )
