"""Nobody reads or does in process what is not theirs: every method of `Approvals`.

As Slack calls them, and the terminal in direct mode: there no token stands before
them, so that somebody disabled is stopped here or nowhere.
"""

import inspect
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeAlias

import pytest

from core.approvals import Approvals, RequestQuery, TokenQuery
from core.domain.identity import SlackAccount
from core.domain.principal import ADMINS_GROUP, AUDITORS_GROUP
from core.domain.token import Token
from core.errors import JitsudoError
from core.ports import AuditFilter
from core.vocabulary import Outcome, PolicyPackage, RequestId, TokenScope
from tests.support.builders import ALICE, BOB, CAROL, DAVE, an_ask
from tests.support.products import Product

Call: TypeAlias = Callable[[Approvals, RequestId, Token], Awaitable[object]]

HOUR: Final = timedelta(hours=1)
READ: Final = frozenset({TokenScope.READ})
CAROLS: Final = SlackAccount(team_id="T0SANDBOX", user_id="U0CAROL")
CODE: Final = "BCDF-GHJK"
FACTS: Final = ("plugh-admin", "vault-of-xyzzy", "leaks frobozz", "said the grue")

CALLS: Final[dict[str, Call]] = {
    "submit": lambda a, _id, _t: a.submit(an_ask()),
    "extend": lambda a, id_, _t: a.extend(id_, duration=2 * HOUR),
    "approve": lambda a, id_, _t: a.approve(id_, comment=""),
    "deny": lambda a, id_, _t: a.deny(id_, reason="no"),
    "withdraw": lambda a, id_, _t: a.withdraw(id_),
    "revoke": lambda a, id_, _t: a.revoke(id_, reason=""),
    "retry": lambda a, id_, _t: a.retry(id_),
    "review": lambda a, id_, _t: a.review(id_, note="well"),
    "get": lambda a, id_, _t: a.get(id_),
    "list": lambda a, _id, _t: a.list(RequestQuery()),
    "credentials": lambda a, id_, _t: a.credentials(id_),
    "audit": lambda a, _id, _t: a.audit(AuditFilter()),
    "verify_audit": lambda a, _id, _t: a.verify_audit(),
    "evaluate": lambda a, _id, _t: a.evaluate(PolicyPackage.APPROVAL, {}),
    "whoami": lambda a, _id, _t: a.whoami(),
    "issue_token": lambda a, _id, _t: a.issue_token(CAROL, scopes=READ, ttl=HOUR),
    "tokens": lambda a, _id, _t: a.tokens(TokenQuery()),
    "revoke_token": lambda a, _id, token: a.revoke_token(token.id),
    "disable_principal": lambda a, _id, _t: a.disable_principal(CAROL, reason="out"),
    "enable_principal": lambda a, _id, _t: a.enable_principal(CAROL),
    "jobs": lambda a, _id, _t: a.jobs(failing_only=False),
    "forget_sign_in": lambda a, _id, _t: a.forget_sign_in(CAROL),
    "principal": lambda a, _id, _t: a.principal(ALICE),
    "trust_principal": lambda a, _id, _t: a.trust_principal(CAROL, tier=2, notes=""),
    "reload_policies": lambda a, _id, _t: a.reload_policies(),
    "check_approvers": lambda a, _id, _t: a.check_approvers(),
    "preview": lambda a, _id, _t: a.preview(ALICE, an_ask()),
    "identities": lambda a, _id, _t: a.identities(),
    "link_identity": lambda a, _id, _t: a.link_identity(CAROLS, CAROL),
    "unlink_identity": lambda a, _id, _t: a.unlink_identity(CAROLS),
    "claim_identity": lambda a, _id, _t: a.claim_identity(CODE, is_confirmed=True),
}
"""One call of each method; a method that has none fails below."""

_OWN: Final = {"whoami": "done", "tokens": "done", "revoke_token": "not_found"}
"""What anybody is told of themselves."""

UNRELATED: Final = {
    **dict.fromkeys(CALLS, "not_allowed"),
    **_OWN,
    **dict.fromkeys(("extend", "withdraw", "get", "credentials"), "not_found"),
    "submit": "not_eligible",
    "list": "done",
}

DISABLED: Final = {**dict.fromkeys(CALLS, "not_allowed"), **_OWN}

OPERATOR: Final = {
    **dict.fromkeys(CALLS, "not_authenticated"),
    **dict.fromkeys(
        (
            *("get", "list", "audit", "verify_audit", "whoami", "jobs"),
            *("issue_token", "tokens", "revoke_token"),
            *("disable_principal", "enable_principal"),
            *("principal", "trust_principal", "reload_policies"),
            *("check_approvers", "preview"),
            *("identities", "link_identity", "unlink_identity"),
        ),
        "done",
    ),
    "evaluate": "invalid",  # the question is empty; nobody was refused
    "forget_sign_in": "not_found",  # carol never signed in; the same
}


def test_every_method_has_a_call() -> None:
    """A new one has to say what happens to whom it is not for."""
    methods = {
        name
        for name, _ in inspect.getmembers(Approvals, inspect.isfunction)
        if not name.startswith("_")
    }

    assert methods == set(CALLS)


async def outcome(call: Awaitable[object]) -> tuple[str, str]:
    """Return the code of a refusal, or `done`; and all that was told."""
    try:
        told = await call
    except JitsudoError as error:
        return error.code, str(error)
    return "done", repr(told)


@pytest.fixture
async def kept(product: Product) -> tuple[Product, RequestId, RequestId, Token]:
    """Return alice's active and pending requests, and a token of hers."""
    ask = an_ask(
        role=FACTS[0], resource_scope=FACTS[1], reason=f"the reactor {FACTS[2]}"
    )
    first = (await product.submit(ask)).request.id
    await product.acting(BOB).approve(first, comment=f"go on, {FACTS[3]}")
    await product.work()
    pending = (await product.submit(ask)).request.id
    token = (await product.token(ALICE)).token
    return product, first, pending, token


Kept: TypeAlias = tuple[Product, RequestId, RequestId, Token]


async def test_whom_it_does_not_concern_is_told_nothing(kept: Kept) -> None:
    """Dave, who is in a group without a say."""
    product, active, pending, token = kept
    found: dict[str, str] = {}
    for name, call in CALLS.items():
        for request_id in (pending, active):
            before = await product.record(request_id)
            code, told = await outcome(call(product.acting(DAVE), request_id, token))
            assert [fact for fact in FACTS if fact in told] == [], (name, told)
            assert await product.record(request_id) == before
            found.setdefault(name, code)

    assert found == UNRELATED


async def test_whose_tokens_they_are_decides_who_lists_them(kept: Kept) -> None:
    """By their person's name, by a page that begins with one, or all of them."""
    product, _, _, token = kept
    questions = {
        TokenQuery(): "done",
        TokenQuery(with_ended=True): "done",
        TokenQuery(email=ALICE): "not_allowed",
        TokenQuery(before=token.id): "invalid",
    }
    product.groups.join("aud@example.com", AUDITORS_GROUP)
    for who in (DAVE, BOB, "aud@example.com"):
        for query, expected in questions.items():
            code, told = await outcome(product.acting(who).tokens(query))
            assert (who, query, code) == (who, query, expected)
            assert token.id not in told
            assert ALICE not in told
    product.groups.join(DAVE, ADMINS_GROUP)
    await product.disable(DAVE)
    code, told = await outcome(product.acting(DAVE).tokens(TokenQuery(email=ALICE)))
    assert (code, ALICE in told) == ("not_allowed", False)


@pytest.mark.parametrize("who", [ALICE, BOB, "ruth@example.com"])
async def test_nobody_disabled_is_told_anything(kept: Kept, who: str) -> None:
    """Not the requester, not who decided, not an admin in every group."""
    product, active, pending, token = kept
    for group in ("sre", "sre-lead", "security", ADMINS_GROUP):
        product.groups.join("ruth@example.com", group)
    await product.disable(who)
    expected = dict(DISABLED)
    if who == ALICE:
        expected |= {"revoke_token": "done", "principal": "done"}
    for request_id in (pending, active):
        for name, call in CALLS.items():
            before = await product.record(request_id)
            code, told = await outcome(call(product.acting(who), request_id, token))
            assert (name, code) == (name, expected[name])
            assert [fact for fact in FACTS if fact in told] == [], (name, told)
            assert await product.record(request_id) == before


async def test_an_operator_reads_and_decides_nothing(kept: Kept) -> None:
    """Whoever holds the database's address is nobody who could ask or decide."""
    product, active, _, token = kept
    operator = product.jitsudo.operator("operator:root@db1", {})
    before = await product.record(active)

    found = {
        name: (await outcome(call(operator, active, token)))[0]
        for name, call in CALLS.items()
    }

    assert found == OPERATOR
    assert await product.record(active) == before
    assert await product.events(outcome=Outcome.FAILURE) == []
