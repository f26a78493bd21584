"""Core as one process has it, over a real database, for tests of its services."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import SecretStr

from core.approvals import Approvals, IssuedToken, TokenQuery
from core.assembly import assemble
from core.auth_settings import AuthSettings
from core.domain.audit import AuditEvent, ChainReport
from core.domain.decision import RequestRecord
from core.domain.grant import Grant
from core.domain.job import Job, NewJob
from core.domain.principal import Actor
from core.domain.request import Ask
from core.domain.surface import Surface
from core.domain.token import Token
from core.policy.embedded import EmbeddedEngine
from core.ports import AuditFilter, Outside, PolicyEngine, PrincipalRow, Store
from core.providers.sealing import FernetSealer
from core.services.work import Workers
from core.settings import LIMITS, CoreSettings
from core.store.engine import open_store
from core.vocabulary import AuditAction, JobKind, Origin, Outcome, RequestId
from core.wiring import Jitsudo
from tests.support.builders import (
    ALICE,
    BOB,
    ERIN,
    FrozenClock,
    an_ask,
)
from tests.support.policies import ScriptedPolicy
from tests.support.providers import ScriptedProvider
from tests.support.rosters import Groups

STARTER: Final = Path(__file__).parents[2] / "policies"

KEY: Final = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

ISSUER: Final = AuthSettings(
    oidc_issuer="https://login.example.com", client_id="jitsudo-cli"
)
"""An identity provider that is in the settings, and never asked."""


@dataclass(kw_only=True)
class Product:
    """One process's core, and everything a test looks at."""

    jitsudo: Jitsudo
    store: Store
    clock: FrozenClock
    groups: Groups
    provider: ScriptedProvider
    settings: CoreSettings
    evidence: dict[str, str] = field(default_factory=dict)

    def acting(
        self, email: str, *, origin: Origin = Origin.API, **limits: Any
    ) -> Approvals:
        """Return the approvals of a person."""
        actor = Actor(email=email, origin=origin, evidence=self.evidence)
        return self.jitsudo.acting(actor, **limits)

    async def submit(self, ask: Ask | None = None, *, by: str = ALICE) -> RequestRecord:
        """Ask for something that the starter policy lets alice ask for."""
        return await self.acting(by).submit(ask or an_ask())

    async def approved(self, ask: Ask | None = None) -> RequestRecord:
        """Return a request that alice made and bob approved."""
        request_id = (await self.submit(ask)).request.id
        return await self.acting(BOB).approve(request_id, comment="")

    async def active(self, ask: Ask | None = None) -> RequestRecord:
        """Return a request whose credentials were issued."""
        request_id = (await self.approved(ask)).request.id
        await self.work()
        return await self.record(request_id)

    async def record(self, request_id: RequestId) -> RequestRecord:
        """Return a request as stored, whoever may see it."""
        async with self.store.snapshot() as uow:
            request = await uow.requests.get(request_id)
            decisions = await uow.decisions.of([request_id])
        assert request is not None
        return RequestRecord(request=request, decisions=decisions[request_id])

    async def grant(self, request_id: RequestId) -> Grant | None:
        """Return the grant of a request as stored."""
        async with self.store.snapshot() as uow:
            return await uow.grants.get(request_id)

    async def surfaces(self, request_id: RequestId) -> list[Surface]:
        """Return where a request is to be shown."""
        async with self.store.snapshot() as uow:
            return await uow.surfaces.of(request_id)

    async def jobs(self, *kinds: JobKind) -> list[Job]:
        """Return the waiting jobs; of every kind but rendering if none is given."""
        wanted = kinds or tuple(set(JobKind) - {JobKind.RENDER})
        async with self.store.snapshot() as uow:
            found = await uow.jobs.find(failing_only=False, limit=500)
        return [job for job in found if job.kind in wanted]

    async def events(
        self,
        action: AuditAction | None = None,
        *,
        outcome: Outcome | None = None,
    ) -> list[AuditEvent]:
        """Return audit events, oldest first."""
        wanted = AuditFilter(action=action, outcome=outcome, limit=500)
        async with self.store.snapshot() as uow:
            return (await uow.audit.find(wanted))[::-1]

    async def actions(self) -> list[str]:
        """Return what the audit log tells of, oldest first."""
        return [event.fact.action.value for event in await self.events()]

    async def verify(self) -> ChainReport:
        """Recompute the audit chain; every test ends with this."""
        return await self.jitsudo.services.audit.verify(None)

    async def disable(self, email: str) -> None:
        """Let nothing of a person's count any more."""
        async with self.store.transaction() as uow:
            await uow.principals.put(PrincipalRow(email=email, is_disabled=True))
            await uow.commit()

    async def tokens(self, email: str, **limits: Any) -> tuple[Token, ...]:
        """Return what a person reads who lists valid tokens."""
        return (await self.acting(email, **limits).tokens(TokenQuery())).tokens

    async def token(self, email: str) -> IssuedToken:
        """Have erin, an admin, issue a token with every scope."""
        from core.use_cases import ALL_SCOPES  # noqa: PLC0415 - only here

        return await self.acting(ERIN).issue_token(
            email, scopes=ALL_SCOPES, ttl=timedelta(hours=1)
        )

    def workers(self) -> Workers:
        """Return the workers over core's own jobs."""
        return self.jitsudo.workers()

    async def work(self) -> int:
        """Run what is due by the database's clock."""
        return await self.workers().run_due()

    async def hurry(self, *kinds: JobKind) -> None:
        """Make waiting jobs due by the database's clock, which no test can move."""
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        for job in await self.jobs(*kinds):
            if job.lease is not None:
                continue
            async with self.store.transaction() as uow:
                await uow.jobs.add(
                    NewJob(
                        kind=job.kind,
                        lane=job.lane,
                        key=job.key,
                        due_at=long_ago,
                        payload=job.payload,
                    )
                )
                await uow.commit()

    async def hurry_and_work(self, *, rounds: int = 1) -> None:
        """Run every job of core's, due or not.

        Args:
            rounds: how often; jobs that a moved clock made due later need another.
        """
        for _ in range(rounds):
            await self.hurry()
            await self.work()

    async def claim(self, kind: JobKind, *, lease: timedelta = timedelta()) -> Job:
        """Claim a job as a worker does that may never come back.

        Args:
            kind: of which the oldest is taken.
            lease: for how long; unless said, it is over at once, by any clock.
        """
        async with self.store.transaction() as uow:
            jobs = await uow.jobs.claim(frozenset({kind}), limit=1, lease=lease)
            await uow.commit()
        assert len(jobs) == 1
        return jobs[0]


def settings_for(
    database_url: str,
    groups: Path,
    **changes: Any,
) -> CoreSettings:
    """Return settings of a small installation."""
    values: dict[str, Any] = {
        "database_url": SecretStr(database_url),
        "groups_file": groups,
        "encryption_keys": (SecretStr(KEY),),
        "local_provider": True,
        # Most tests do in one frozen minute what nobody does in ten.
        **dict.fromkeys(LIMITS.values(), 0),
    }
    return CoreSettings(**{**values, **changes})


@asynccontextmanager
async def a_product(
    database_url: str,
    groups: Groups,
    *,
    policy: PolicyEngine | None = None,
    store: Store | None = None,
    clock: FrozenClock | None = None,
    provider: ScriptedProvider | None = None,
    outside: Outside | None = None,
    **changes: Any,
) -> AsyncIterator[Product]:
    """Open core over a database; closed, and its chain verified, at the end.

    Args:
        policy: the starter policy in the embedded engine, if none is given.
        store: one that misbehaves; closed by whoever made it.
        provider: one that another product shares.
        outside: what a front end would lend.
        changes: settings that differ.
    """
    clock = clock or FrozenClock(datetime.now(UTC))
    provider = provider or ScriptedProvider(clock=clock)
    settings = settings_for(database_url, groups.path, **changes)
    async with AsyncExitStack() as stack:
        own = open_store(database_url)
        stack.push_async_callback(own.close)
        if policy is None:
            policy = await EmbeddedEngine.open(STARTER)
            stack.push_async_callback(policy.close)
        jitsudo = assemble(
            settings,
            clock=clock,
            store=store or own,
            policy=policy,
            sealer=FernetSealer([KEY]),
            providers={provider.name: provider},
            outside=outside,
        )
        product = Product(
            jitsudo=jitsudo,
            store=own,
            clock=clock,
            groups=groups,
            provider=provider,
            settings=settings,
        )
        yield product
        assert (await product.verify()).events == len(await product.events())


@pytest.fixture
def groups(tmp_path: Path) -> Groups:
    """Return a groups file with the people of the demo."""
    return Groups(tmp_path / "groups.yaml")


@pytest.fixture
async def product(database_url: str, groups: Groups) -> AsyncIterator[Product]:
    """Yield core with the starter policy, on each database; the chain verifies."""
    async with a_product(database_url, groups) as opened:
        yield opened


@pytest.fixture
def policy() -> ScriptedPolicy:
    """Return a policy that allows everything until told otherwise."""
    return ScriptedPolicy()


@pytest.fixture
async def scripted(
    database_url: str, groups: Groups, policy: ScriptedPolicy
) -> AsyncIterator[Product]:
    """Yield core with a scripted policy, on each database; the chain verifies."""
    async with a_product(database_url, groups, policy=policy) as opened:
        yield opened
