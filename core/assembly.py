"""Puts the services of core together over parts that somebody opened."""

from collections.abc import Mapping
from typing import Final

from core.identity.sources import open_sources
from core.policy.documents import from_document
from core.ports import (
    Clock,
    CredentialProvider,
    IdTokens,
    Outside,
    PolicyEngine,
    Sealer,
    Store,
)
from core.process import Jitsudo
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
from core.services.forget_tokens import ForgetTokens
from core.services.id_sign_in import SignInByToken
from core.services.identities import Identities
from core.services.issue import Issue
from core.services.judging import Judge
from core.services.limits import Act, Limits
from core.services.link_codes import LinkCodes
from core.services.linking import Linking
from core.services.list_tokens import ListTokens
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
from core.use_cases import Services

CALL_SECONDS: Final = 20.0
"""One call of a credential provider; shorter than a job's lease of 30 s."""


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
        needs_link=settings.links_by_oidc,
    )
    check_approvers = CheckApprovers(
        store=store, doctor=doctor, clock=clock, signal=signal
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
        list_tokens=ListTokens(store=store, clock=clock),
        id_sign_in=None
        if id_tokens is None
        else SignInByToken(
            store=store,
            id_tokens=id_tokens,
            refusals=refusals,
            clock=clock,
            signal=signal,
            groups_max_age=settings.oidc_groups_max_age,
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
        check_approvers=check_approvers,
        daily=Daily(
            forget_tokens=ForgetTokens(store=store, clock=clock),
            check_approvers=check_approvers,
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
