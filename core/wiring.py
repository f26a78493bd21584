"""Core's composition root: the one place in core that builds things."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from core.auth_settings import AuthSettings
from core.clock import SystemClock
from core.identity.sources import open_sources
from core.policy.documents import from_document
from core.policy.nothing import NoPolicy
from core.ports import (
    Clock,
    CredentialProvider,
    IdTokens,
    Outside,
    PolicyEngine,
    Sealer,
    Store,
)
from core.process import Jitsudo, PartHealth
from core.providers.loading import load_providers
from core.providers.sealing import FernetSealer
from core.services.approver_check import CheckApprovers
from core.services.audit import ReadAudit
from core.services.credentials import ReadCredentials
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
from core.services.judging import Judge
from core.services.limits import Act, Limits
from core.services.link_codes import LinkCodes
from core.services.linking import Linking
from core.services.look import Look
from core.services.offboard import Offboard
from core.services.people import People
from core.services.policy_watch import PolicyWatch
from core.services.principals import Principals
from core.services.provider_calls import ProviderCalls
from core.services.provider_checks import ProviderChecks
from core.services.refusals import Refusals
from core.services.reload import Reload
from core.services.remind import RemindOfReview
from core.services.review import Review
from core.services.revoke import Revoke
from core.services.rotate import Rotate
from core.services.sign_in import SignInTerminals
from core.services.sign_in_consent import SignInConsent
from core.services.signal import Signal
from core.services.standing import Standing
from core.services.submit import Submit
from core.services.tokens import Tokens
from core.services.visibility import Visibility
from core.services.warn import Warn
from core.services.withdraw import Withdraw
from core.settings import CoreSettings
from core.store.engine import SqlStore, open_store
from core.use_cases import Services

CALL_SECONDS: Final = 20.0
"""One call of a credential provider; shorter than a job's lease of 30 s."""

__all__ = [
    "Jitsudo",
    "PartHealth",
    "open_jitsudo",
    "open_policy",
    "open_rotation",
]


@asynccontextmanager
async def open_jitsudo(
    settings: CoreSettings,
    *,
    clock: Clock | None = None,
    outside: Outside | None = None,
) -> AsyncIterator[Jitsudo]:
    """Build everything core needs, and close it at the end.

    Args:
        outside: what the front end lends; whoever opened it closes it.

    Raises:
        ConfigurationError: a setting cannot be, or the schema is not this
            version's.
    """
    clock = clock or SystemClock()
    sealer = FernetSealer([key.get_secret_value() for key in settings.encryption_keys])
    providers = load_providers(settings, clock=clock)
    async with AsyncExitStack() as opened:
        for provider in providers.values():
            opened.push_async_callback(provider.close)
        store: SqlStore = open_store(settings.database_url.get_secret_value())
        opened.push_async_callback(store.close)
        await store.check_schema()
        policy = await open_policy(settings)
        opened.push_async_callback(policy.close)
        id_tokens = open_id_tokens(settings.auth, clock=clock)
        if id_tokens is not None:
            opened.push_async_callback(id_tokens.close)
        yield assemble(
            settings,
            clock=clock,
            store=store,
            policy=policy,
            sealer=sealer,
            providers=providers,
            id_tokens=id_tokens,
            outside=outside,
        )


@asynccontextmanager
async def open_rotation(settings: CoreSettings) -> AsyncIterator[Rotate]:
    """Build what changing the keys needs, and no more: no policy, no provider.

    Raises:
        ConfigurationError: there is no key, one is malformed, or the schema is
            not this version's.
    """
    sealer = FernetSealer([key.get_secret_value() for key in settings.encryption_keys])
    store = open_store(settings.database_url.get_secret_value())
    try:
        await store.check_schema()
        yield Rotate(store=store, sealer=sealer)
    finally:
        await store.close()


async def open_policy(settings: CoreSettings) -> PolicyEngine:
    """Return the engine that the settings name; one that always refuses if none.

    Raises:
        ConfigurationError: the policy directory does not hold a usable policy.
    """
    # Each engine brings a library that loads slowly, and only one is needed.
    if settings.opa_url is not None:
        from core.policy.opa import OpaEngine  # noqa: PLC0415 - see above

        return await OpaEngine.open(settings.opa_url)
    if settings.policy_dir is not None:
        from core.policy.embedded import EmbeddedEngine  # noqa: PLC0415 - see above

        return await EmbeddedEngine.open(settings.policy_dir)
    return NoPolicy()


def open_id_tokens(settings: AuthSettings, *, clock: Clock) -> IdTokens | None:
    """Return who believes ID tokens; None without an issuer, which is not asked.

    Raises:
        ConfigurationError: its CA file cannot be used.
    """
    if settings.oidc_issuer is None:
        return None
    # Most commands of the terminal on a database need neither it nor its library.
    from core.identity.oidc import OidcTokens  # noqa: PLC0415 - see above

    return OidcTokens.open(settings, clock=clock)


def assemble(
    settings: CoreSettings,
    *,
    clock: Clock,
    store: Store,
    policy: PolicyEngine,
    sealer: Sealer,
    providers: Mapping[str, CredentialProvider],
    id_tokens: IdTokens | None = None,
    outside: Outside | None = None,
) -> Jitsudo:
    """Build the services over parts that are open; whoever opened them closes them.

    `open_jitsudo` opens what the settings name; a test brings parts of its own.
    """
    signal = Signal()
    outside = outside or Outside()
    sources = open_sources(
        settings, store=store, clock=clock, slack_groups=outside.slack_groups
    )
    directory = sources.directory
    people = People(store=store, directory=directory)
    visibility = Visibility(policy=policy, people=people, clock=clock)
    refusals = Refusals(store=store, clock=clock)
    limits = Limits(
        store=store,
        clock=clock,
        refusals=refusals,
        per_minute={
            Act.SUBMISSION: settings.submissions_per_minute,
            Act.BREAK_GLASS: settings.break_glass_per_minute,
            Act.DECISION: settings.decisions_per_minute,
            Act.SIGN_IN: settings.failed_sign_ins_per_minute,
        },
        pending=settings.pending_per_requester,
    )
    calls = ProviderCalls(providers, call_seconds=CALL_SECONDS)
    standing = Standing(store=store, policy=policy, people=people, clock=clock)
    tokens = Tokens(store=store, clock=clock)
    linking = Linking(
        store=store,
        refusals=refusals,
        clock=clock,
        signal=signal,
        needs_sign_in=settings.links_by_oidc,
    )
    submit = Submit(
        store=store,
        policy=policy,
        people=people,
        providers=providers,
        refusals=refusals,
        limits=limits,
        clock=clock,
        signal=signal,
        request_ttl=settings.request_ttl,
        remind_after=settings.review_reminder,
    )
    doctor = Doctor(
        store=store,
        policy=policy,
        directory=directory,
        people=people,
        providers=providers,
        outside=outside,
        clock=clock,
        most_requesters=sources.most_lookups,
    )
    services = Services(
        submit=submit,
        extend=Extend(
            store=store,
            people=people,
            visibility=visibility,
            submit=submit,
            clock=clock,
        ),
        decide=Decide(
            store=store,
            people=people,
            judge=Judge(policy=policy),
            visibility=visibility,
            refusals=refusals,
            limits=limits,
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
        revoke=Revoke(
            store=store,
            standing=standing,
            refusals=refusals,
            clock=clock,
            signal=signal,
        ),
        review=Review(
            store=store,
            standing=standing,
            refusals=refusals,
            clock=clock,
            signal=signal,
        ),
        offboard=Offboard(store=store, tokens=tokens, clock=clock, signal=signal),
        rotate=Rotate(store=store, sealer=sealer),
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
        tokens=tokens,
        id_sign_in=None
        if id_tokens is None
        else SignInByToken(
            store=store,
            id_tokens=id_tokens,
            refusals=refusals,
            clock=clock,
            signal=signal,
        ),
        forget_sign_in=ForgetSignIn(store=store, clock=clock),
        sign_in=SignInTerminals(store=store, clock=clock),
        sign_in_consent=SignInConsent(
            store=store, people=people, refusals=refusals, clock=clock, signal=signal
        ),
        count=Count(store=store),
        refusals=refusals,
        limits=limits,
        issue=Issue(
            store=store,
            calls=calls,
            sealer=sealer,
            clock=clock,
            signal=signal,
            abandon_after=settings.abandon_after,
        ),
        end_grant=EndGrant(
            store=store,
            calls=calls,
            clock=clock,
            signal=signal,
        ),
        lapse=Lapse(store=store, clock=clock, signal=signal),
        warn=Warn(store=store, clock=clock, signal=signal),
        remind=RemindOfReview(
            store=store,
            clock=clock,
            signal=signal,
            every=settings.review_reminder,
        ),
        policy_watch=PolicyWatch(store=store, policy=policy, clock=clock),
        people=people,
        principals=Principals(store=store, directory=directory, clock=clock),
        reload=Reload(store=store, policy=policy, clock=clock),
        doctor=doctor,
        check_approvers=CheckApprovers(
            store=store, doctor=doctor, clock=clock, signal=signal
        ),
        linking=linking,
        link_codes=LinkCodes(
            store=store,
            linking=linking,
            refusals=refusals,
            clock=clock,
            has_oidc=settings.has_oidc,
        ),
        identities=Identities(store=store, clock=clock),
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
        group_sources=sources.each,
        provider_checks=ProviderChecks(providers, call_seconds=CALL_SECONDS),
        id_tokens=id_tokens,
    )
