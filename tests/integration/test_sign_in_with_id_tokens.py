"""ID tokens over REST: who comes in, what is remembered, and bad days of the issuer."""

from datetime import timedelta
from typing import Final

import pytest

from core.domain.identity import Membership
from core.vocabulary import AuditAction, JobKind, Outcome
from tests.support.builders import ALICE, BOB, ERIN
from tests.support.databases import run_sql
from tests.support.issuers import CLIENT, DISCOVERY, JWKS, Issuer
from tests.support.servers import Reply
from tests.support.sign_in_houses import SignInHouse, open_house

HOUR: Final = timedelta(hours=1)


async def _remembered(house: SignInHouse, email: str) -> Membership | None:
    async with house.api.jitsudo.store.snapshot() as uow:
        return await uow.memberships.of(email)


async def _sign_ins(house: SignInHouse) -> list[dict[str, object]]:
    return [
        dict(event.fact.details)
        for event in await house.events()
        if event.fact.action is AuditAction.PRINCIPAL_SIGNED_IN
    ]


def _assert_is(reply: Reply, email: str) -> None:
    assert reply.status == 200, reply.body
    assert reply.json()["identity"] == email


async def test_person_of_an_id_token_may_do_all_they_are_allowed_to(
    signing: SignInHouse,
) -> None:
    """Every scope, until the token's end; the groups are what the directory says."""
    reply = await signing.whoami(signing.issuer.token(BOB))

    _assert_is(reply, BOB)
    body = reply.json()
    assert body["method"] == "oidc"
    assert body["scopes"] == ["admin", "approve", "read", "request"]
    assert body["expiresAt"].startswith(
        f"{(signing.clock.now() + HOUR):%Y-%m-%dT%H:%M:%S}"
    )
    assert body["groups"] == ["sre-lead"]


async def test_tokens_of_jitsudo_go_on_beside_an_issuer(signing: SignInHouse) -> None:
    """Machines have them, and the day on which the issuer is down."""
    own = await signing.api.token(ALICE)
    with signing.issuer.down():
        reply = await signing.whoami(own)

    _assert_is(reply, ALICE)
    assert reply.json()["method"] == "token"
    assert signing.issuer.asked == {}


async def test_first_sign_in_is_remembered_with_its_groups(
    signing: SignInHouse,
) -> None:
    """With an audit event, and once for the many calls of a terminal."""
    token = signing.issuer.token(BOB, groups=["sre-lead", "security"])
    for _ in range(3):
        _assert_is(await signing.whoami(token), BOB)

    known = await _remembered(signing, BOB)
    assert known is not None
    assert known.groups == {"sre-lead", "security"}
    assert known.issuer == signing.issuer.url
    assert known.signed_in_at == signing.clock.now().replace(microsecond=0)
    assert await _sign_ins(signing) == [
        {
            "issuer": signing.issuer.url,
            "subject": f"sub-of-{BOB}",
            "groups": ["security", "sre-lead"],
        }
    ]


async def test_same_groups_are_written_down_once_an_hour(signing: SignInHouse) -> None:
    """So that they do not grow old, and the log does not fill."""
    moments = []
    for minutes in (0, 30, 29, 2):
        signing.clock.move(timedelta(minutes=minutes))
        await signing.whoami(signing.issuer.token(BOB, groups=["sre-lead"]))
        known = await _remembered(signing, BOB)
        assert known is not None
        moments.append(known.signed_in_at)

    assert moments[0] == moments[1] == moments[2]
    assert moments[3] == moments[0] + timedelta(minutes=61)
    assert len(await _sign_ins(signing)) == 2


async def test_older_token_brings_no_groups_back(signing: SignInHouse) -> None:
    """It is still valid, and says what was true before."""
    before = signing.issuer.token(BOB, groups=["sre-lead"])
    await signing.whoami(before)
    signing.clock.move(timedelta(minutes=5))
    await signing.whoami(signing.issuer.token(BOB, groups=["security"]))

    _assert_is(await signing.whoami(before), BOB)

    known = await _remembered(signing, BOB)
    assert known is not None
    assert known.groups == {"security"}
    assert (await _sign_ins(signing))[-1]["groups_gone"] == ["sre-lead"]


async def test_token_without_groups_is_a_member_of_none_and_the_log_says_why(
    signing: SignInHouse,
) -> None:
    """Some issuers leave the claim out for who is in no group any more."""
    await signing.whoami(signing.issuer.token(BOB, groups=["sre-lead"]))
    signing.clock.move(timedelta(minutes=5))

    _assert_is(await signing.whoami(signing.issuer.token(BOB)), BOB)

    known = await _remembered(signing, BOB)
    assert known is not None
    assert known.groups == frozenset()
    told = (await _sign_ins(signing))[-1]
    assert told["groups_gone"] == ["sre-lead"]
    assert told["groups_note"] == "the token has no claim 'groups'"


async def test_disabled_person_is_refused_with_a_good_token(
    signing: SignInHouse,
) -> None:
    """Nothing is remembered either."""
    operator = signing.api.jitsudo.operator("operator:root@test", {})
    await operator.disable_principal(BOB, reason="left")

    reply = await signing.whoami(signing.issuer.token(BOB, groups=["sre-lead"]))

    assert reply.status == 401
    assert "disabled" in reply.json()["message"]
    assert await _remembered(signing, BOB) is None


async def test_email_that_came_with_another_subject_is_refused_and_told(
    signing: SignInHouse,
) -> None:
    """Who gets a colleague's old address does not get their power."""
    await signing.whoami(signing.issuer.token(BOB, groups=["sre-lead"]))
    signing.clock.move(timedelta(minutes=5))
    heir = signing.issuer.token(BOB, sub="somebody-else", groups=["sre-lead"])

    replies = [await signing.whoami(heir) for _ in range(3)]

    assert {reply.status for reply in replies} == {401}
    assert (await _remembered(signing, BOB)) is not None
    told = [e.fact for e in await signing.events()][-1]
    assert told.action is AuditAction.IDENTITY_CONFLICT
    assert told.outcome is Outcome.FAILURE
    assert told.details["subject"] == "somebody-else"
    async with signing.api.jitsudo.store.snapshot() as uow:
        jobs = await uow.jobs.find(failing_only=False, limit=100)
    (notice,) = [job for job in jobs if job.kind is JobKind.TELL_ADMINS]
    assert "forget-sign-in" in notice.payload["text"]
    conflicts = [e for e in await signing.events() if e.fact.action is told.action]
    assert len(conflicts) == 1


async def test_admin_lets_an_email_change_hands(signing: SignInHouse) -> None:
    """Then whoever signs in next is the one; only admins may, and it is audited."""
    path = f"/api/v1alpha1/principals/{BOB}/forget-sign-in"
    await signing.whoami(signing.issuer.token(BOB))
    heir = signing.issuer.token(BOB, sub="new-bob")
    assert (await signing.whoami(heir)).status == 401

    refused = await signing.api.send("POST", path, token=await signing.api.token(ALICE))
    done = await signing.api.send("POST", path, token=await signing.api.token(ERIN))
    again = await signing.api.send("POST", path, token=await signing.api.token(ERIN))

    assert (refused.status, done.status, again.status) == (403, 200, 404)
    _assert_is(await signing.whoami(heir), BOB)
    unlinked = [
        e.fact
        for e in await signing.events()
        if e.fact.action is AuditAction.IDENTITY_UNLINKED
    ]
    assert [fact.details["subject"] for fact in unlinked] == [f"sub-of-{BOB}"]
    assert unlinked[0].actor == ERIN


async def test_another_issuer_in_the_settings_binds_anew(sqlite_url: str) -> None:
    """The operator did that; the log says who the person was before."""
    async with open_house(sqlite_url, None) as first:
        await first.whoami(first.issuer.token(BOB))
        before = first.issuer.url
    with Issuer().serving() as other:
        async with open_house(sqlite_url, other) as second:
            token = other.token(BOB, sub="bob-elsewhere")
            _assert_is(await second.whoami(token), BOB)
            told = (await _sign_ins(second))[-1]

    assert told["issuer_before"] == before
    assert told["subject_before"] == f"sub-of-{BOB}"


async def test_server_starts_and_works_while_the_issuer_is_down(
    sqlite_url: str, issuer: Issuer
) -> None:
    """Who comes with an ID token reads that it is not their fault."""
    with issuer.down():
        async with open_house(sqlite_url, issuer) as house:
            own = await house.whoami(await house.api.token(ALICE))
            ready = await house.api.send("GET", "/readyz")
            reply = await house.whoami(issuer.token(BOB))

    _assert_is(own, ALICE)
    assert ready.status == 200
    assert reply.status == 503
    assert reply.json()["error"] == "issuer_unavailable"


async def test_keys_outlive_an_outage_of_the_issuer(signing: SignInHouse) -> None:
    """For a day; then nobody knows whether they are still the issuer's."""
    await signing.whoami(signing.issuer.token(BOB))
    with signing.issuer.down():
        signing.clock.move(timedelta(hours=23))
        late = await signing.whoami(signing.issuer.token(BOB))
        signing.clock.move(timedelta(hours=2))
        too_late = await signing.whoami(signing.issuer.token(BOB))
        metrics = await signing.api.send("GET", "/metrics")
    signing.clock.move(timedelta(minutes=1))
    again = await signing.whoami(signing.issuer.token(BOB))

    assert (late.status, too_late.status, again.status) == (200, 503, 200)
    assert b"jitsudo_issuer_refresh_failures_total 2" in metrics.body


async def test_keys_outlive_a_restart_while_the_issuer_is_down(
    database_url: str,
) -> None:
    """The database has them, for as long as a server would have believed them."""
    async with open_house(database_url, None) as before:
        await before.whoami(before.issuer.token(BOB))
        with before.issuer.down():
            async with open_house(
                database_url, before.issuer, clock=before.clock
            ) as after:
                at_once = await after.whoami(after.issuer.token(BOB))
            before.clock.move(timedelta(hours=25))
            async with open_house(
                database_url, before.issuer, clock=before.clock
            ) as later:
                too_late = await later.whoami(later.issuer.token(BOB))

    _assert_is(at_once, BOB)
    assert (too_late.status, too_late.json()["error"]) == (503, "issuer_unavailable")


@pytest.mark.parametrize("document", ["[]", "{}", "[1, null]", "not JSON"])
async def test_kept_keys_that_are_none_are_asked_for(
    sqlite_url: str, document: str
) -> None:
    """What somebody did to the row makes nobody a person."""
    async with open_house(sqlite_url, None) as before:
        await before.whoami(before.issuer.token(BOB))
        spoilt = f"UPDATE issuer_keys SET document = '{document}'"  # noqa: S608 - a test's own
        await run_sql(sqlite_url, spoilt)
        async with open_house(sqlite_url, before.issuer, clock=before.clock) as after:
            reply = await after.whoami(after.issuer.token(BOB))

    _assert_is(reply, BOB)


async def test_new_key_is_asked_for_when_a_token_names_it(
    signing: SignInHouse,
) -> None:
    """At once; the old key stops to count with it."""
    old = signing.issuer.token(BOB)
    _assert_is(await signing.whoami(old), BOB)
    signing.clock.move(timedelta(minutes=1))
    signing.issuer.rotate(kid="key-2", alg="ES256")

    _assert_is(await signing.whoami(signing.issuer.token(BOB)), BOB)
    assert (await signing.whoami(old)).status == 401


async def test_made_up_key_ids_do_not_flood_the_issuer(signing: SignInHouse) -> None:
    """Whatever strangers send, it is asked once in five seconds."""
    await signing.whoami(signing.issuer.token(BOB))
    signing.clock.move(timedelta(minutes=1))
    key = signing.issuer.keys[0]

    for number in range(20):
        token = key.sign(
            signing.issuer.claims(BOB), header={"kid": f"made-up-{number}"}
        )
        assert (await signing.whoami(token)).status == 401

    assert signing.issuer.asked == {DISCOVERY: 2, JWKS: 2}


async def test_discovery_elsewhere_keeps_the_issuer_of_the_tokens(
    sqlite_url: str, issuer: Issuer
) -> None:
    """The server reaches it by another name than people do; its keys as well."""
    public = "https://login.example.com"
    document = issuer.discovery() | {"issuer": public, "jwks_uri": f"{public}{JWKS}"}
    with issuer.answering(DISCOVERY, document):
        async with open_house(
            sqlite_url, issuer, oidc_issuer=public, oidc_discovery_url=issuer.url
        ) as house:
            good = await house.whoami(issuer.token(BOB, iss=public))
            bad = await house.whoami(issuer.token(BOB))

    _assert_is(good, BOB)
    assert bad.status == 401


async def test_terminal_learns_how_to_sign_in_without_a_token(
    signing: SignInHouse,
) -> None:
    """The client id comes from the server, so that the audience is the right one."""
    reply = await signing.api.send("GET", "/.well-known/jitsudo")

    assert reply.status == 200
    assert reply.json() == {
        "issuer": signing.issuer.url,
        "clientId": CLIENT,
        "discoveryUrl": signing.issuer.discovery_url,
        "scopes": ["openid", "email", "profile", "groups", "offline_access"],
        "slack": False,
    }
