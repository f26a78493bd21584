"""ID tokens that nobody issued, or not for us, or not now: 401, and nothing happens."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.auth_settings import USUAL
from core.errors import NotAuthenticated
from core.identity.id_token_form import Pinned, opened
from core.vocabulary import AuditAction
from tests.support.builders import ALICE, BOB, ERIN
from tests.support.issuer_keys import SigningKey, encoded, unsigned, with_secret
from tests.support.issuers import CLIENT, DISCOVERY, JWKS, Issuer
from tests.support.sign_in_houses import WHOAMI, SignInHouse, open_house

Forge = Callable[[Issuer], str]


@cache
def _stranger() -> SigningKey:
    """Return a key of the same id as the issuer's, which is not the issuer's."""
    return SigningKey.rsa("key-1")


def _unsigned(issuer: Issuer, algorithm: str) -> str:
    header = {"alg": algorithm, "typ": "JWT", "kid": "key-1"}
    return unsigned(header, issuer.claims(ERIN)) + "."


def _claims(**claims: Any) -> Forge:
    """Return a token with other claims; one that is None is left out."""

    def forge(issuer: Issuer) -> str:
        every = issuer.claims(ERIN) | claims
        return issuer.keys[-1].sign(
            {name: value for name, value in every.items() if value is not None}
        )

    return forge


def _at(name: str, seconds: float) -> Forge:
    """Return a token one of whose times is so many seconds from now."""
    return lambda issuer: issuer.token(
        ERIN, **{name: issuer.now().timestamp() + seconds}
    )


def _header(**header: object) -> Forge:
    return lambda issuer: issuer.keys[0].sign(issuer.claims(ERIN), header=header)


def _swapped(issuer: Issuer) -> str:
    """Return alice's signature under erin's claims."""
    good, other = issuer.token(ALICE).split("."), issuer.token(ERIN).split(".")
    return ".".join((good[0], other[1], good[2]))


def _nested(issuer: Issuer) -> str:
    inner = issuer.token(ERIN).encode()
    return issuer.keys[0].sign(inner, header={"cty": "JWT"})


def _encrypted(_issuer: Issuer) -> str:
    header = {"alg": "RSA-OAEP", "enc": "A256GCM", "kid": "key-1", "cty": "JWT"}
    return ".".join((unsigned(header, b"key"), encoded(b"iv" * 6), "AAAA", "AAAA"))


def _twice(issuer: Issuer) -> str:
    """Return a token that names two people, by one name."""
    text = f'{{"email": "{ERIN}", "email_verified": true, "iss": "{issuer.url}", '
    text += f'"sub": "1", "aud": "{CLIENT}", "iat": 1, "exp": 99999999999, '
    return issuer.keys[0].sign(f'{text}"email": "{ALICE}"}}'.encode())


FORGED: Final[Mapping[str, Forge]] = {
    "alg none": lambda issuer: _unsigned(issuer, "none"),
    "alg None": lambda issuer: _unsigned(issuer, "None"),
    "alg empty": lambda issuer: _unsigned(issuer, ""),
    "alg none with a signature": _header(alg="none"),
    "HS256 by the public PEM": lambda issuer: with_secret(
        issuer.claims(ERIN), issuer.keys[0].pem(), kid="key-1"
    ),
    "HS256 by the modulus": lambda issuer: with_secret(
        issuer.claims(ERIN), issuer.keys[0].public()["n"].encode(), kid="key-1"
    ),
    "RS256 said to be RS512": _header(alg="RS512"),
    "RS256 said to be PS256": _header(alg="PS256"),
    "RS256 said to be ES256": _header(alg="ES256"),
    "alg a list": _header(alg=["RS256"]),
    "alg missing": _header(alg=None),
    "signed by a stranger": lambda issuer: _stranger().sign(issuer.claims(ERIN)),
    "a stranger's key in the header": lambda issuer: _stranger().sign(
        issuer.claims(ERIN), header={"jwk": _stranger().public()}
    ),
    "a stranger's key set in the header": lambda issuer: _stranger().sign(
        issuer.claims(ERIN), header={"jku": f"{issuer.url}/../evil"}
    ),
    "another's signature": _swapped,
    "no signature": lambda issuer: issuer.token(ERIN).rpartition(".")[0] + ".",
    "two parts": lambda issuer: issuer.token(ERIN).rpartition(".")[0],
    "four parts": lambda issuer: issuer.token(ERIN) + ".AAAA",
    "signature garbage": lambda issuer: issuer.token(ERIN)[:-8] + "!!!!!!!!",
    "header garbage": lambda issuer: f"&&&.{issuer.token(ERIN).partition('.')[2]}",
    "header a list": lambda issuer: unsigned(["alg"], issuer.claims(ERIN)) + ".AAAA",
    "claims garbage": lambda issuer: issuer.keys[0].sign(b"\xff\xfe{"),
    "claims a list": lambda issuer: issuer.keys[0].sign([issuer.claims(ERIN)]),
    "claims nested deeply": lambda issuer: issuer.keys[0].sign(b"[" * 5_000),
    "claims name two people": _twice,
    "encrypted": _encrypted,
    "nested": _nested,
    "no kid that helps": _header(kid="../../etc/passwd"),
    "kid a number": _header(kid=1),
    "kid a list": _header(kid=["key-1"]),
    "kid an object": _header(kid={"$ne": ""}),
    "kid empty": _header(kid=""),
    "crit": _header(crit=["exp"]),
    "b64 off": _header(b64=False, crit=["b64"]),
    "an access token": _header(typ="at+jwt"),
    "typ a number": _header(typ=7),
    "issuer with a slash": lambda issuer: issuer.token(ERIN, iss=f"{issuer.url}/"),
    "issuer in capitals": lambda issuer: issuer.token(ERIN, iss=issuer.url.upper()),
    "issuer missing": _claims(iss=None),
    "issuer a list": lambda issuer: issuer.token(ERIN, iss=[issuer.url]),
    "audience another": _claims(aud="another-client"),
    "audience missing": _claims(aud=None),
    "audience empty": _claims(aud=[]),
    "audience like ours": _claims(aud=CLIENT.upper()),
    "audience an object": _claims(aud={CLIENT: True}),
    "asked for by another": _claims(aud=[CLIENT, "x"], azp="x"),
    "expired a second ago": _at("exp", -1),
    "expires now": _at("exp", -0.001),
    "expiry missing": _claims(exp=None),
    "expiry a string": _claims(exp="99999999999"),
    "expiry true": _claims(exp=True),
    "expiry beyond time": _claims(exp=1e300),
    "not before a minute from now": _at("nbf", 60),
    "not before a string": _claims(nbf="0"),
    "issued a minute from now": _at("iat", 60),
    "issued never": _claims(iat=None),
    "subject missing": _claims(sub=None),
    "subject a number": _claims(sub=7),
    "subject with a line end": _claims(sub="a\nb"),
    "email missing": _claims(email=None),
    "email a list": _claims(email=[ERIN]),
    "email unverified": _claims(email_verified=False),
    "email verified by nobody": _claims(email_verified=None),
    "email verified in words": _claims(email_verified="true"),
    "email of another alphabet": _claims(email="\u0435rin@example.com"),
    "email with the Kelvin sign": _claims(email="jac\u212a@example.com"),
    "email of full width": _claims(email="\uff45rin@example.com"),
    "email with a zero width joiner": _claims(email="er\u200din@example.com"),
    "email an operator's": _claims(email="operator:root@host"),
    "email system": _claims(email="system"),
    "email with a line end": _claims(email="erin@example.com\nX: y"),
}


@pytest.mark.parametrize("name", FORGED)
async def test_forged_token_is_nobodys(signing: SignInHouse, name: str) -> None:
    """401 with the reason; nothing is remembered, nothing of it is repeated."""
    token = FORGED[name](signing.issuer)

    reply = await signing.whoami(token)

    assert reply.status == 401, reply.body
    assert reply.json()["error"] == "not_authenticated"
    assert token.encode() not in reply.body
    events = [event.fact.action for event in await signing.events()]
    assert events == []
    async with signing.api.jitsudo.store.snapshot() as uow:
        assert await uow.memberships.of(ERIN) is None


@given(st.text() | st.text(alphabet="abcABC019-_.=!{}\"' \u0435", max_size=200))
def test_no_text_at_all_breaks_the_reading(text: str) -> None:
    """It is refused as a token, whatever it is; no other error leaves the reader."""
    for token in (text, f"{encoded(text.encode('utf-8', 'replace'))}.e30.AA"):
        with pytest.raises(NotAuthenticated):
            opened(token, Pinned(algorithms=USUAL))


@given(
    st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "cty", "x5c"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.sampled_from(["RS256", "none", "HS256", "JWT", ""])
        | st.lists(st.text(max_size=3), max_size=2),
    )
)
def test_no_header_at_all_breaks_the_reading(header: dict[str, object]) -> None:
    """What is read at all names a pinned algorithm and a key by a string."""
    try:
        found = opened(f"{unsigned(header, {})}.AAAA", Pinned(algorithms=USUAL))
    except NotAuthenticated:
        return
    assert found.headers()["alg"] in USUAL
    assert isinstance(found.headers().get("kid", ""), str)


async def test_erin_comes_in_by_the_token_that_the_others_are_made_of(
    signing: SignInHouse,
) -> None:
    """Otherwise the refusals above would say nothing."""
    reply = await signing.whoami(signing.issuer.token(ERIN))

    assert (reply.status, reply.json()["identity"]) == (200, ERIN)


async def test_id_token_in_an_address_is_refused(signing: SignInHouse) -> None:
    """Also beside a good header, and whatever it is called there."""
    token = signing.issuer.token(ERIN)

    reply = await signing.api.send("GET", f"{WHOAMI}?state={token}", token=token)

    assert reply.status == 400
    assert token.encode() not in reply.body


@pytest.mark.parametrize("size", [9_000, 100_000])
async def test_token_of_any_length_is_answered(signing: SignInHouse, size: int) -> None:
    """Whether the server takes such a header or not, nobody comes in by it."""
    token = signing.issuer.token(ERIN, iss="x", padding="a" * size)

    reply = await signing.whoami(token)

    assert reply.status in {400, 401, 431}
    assert (await signing.whoami(signing.issuer.token(ERIN))).status == 200


async def test_clock_of_the_issuer_may_be_a_little_ahead(signing: SignInHouse) -> None:
    """By half a minute, for the times before which a token is not valid."""
    soon = signing.issuer.now().timestamp() + 25

    reply = await signing.whoami(signing.issuer.token(ERIN, nbf=soon, iat=int(soon)))

    assert reply.status == 200


async def test_token_stops_at_its_end(signing: SignInHouse) -> None:
    """The same one, a second apart."""
    token = signing.issuer.token(ERIN)
    signing.clock.move(timedelta(minutes=59, seconds=58))
    before = await signing.whoami(token)
    signing.clock.move(timedelta(seconds=2))
    after = await signing.whoami(token)

    assert (before.status, after.status) == (200, 401)
    assert "expired" in after.json()["message"]


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_every_usual_algorithm_is_taken(signing: SignInHouse, alg: str) -> None:
    """Of a key that the issuer has published for it."""
    signing.issuer.rotate(kid="k", alg=alg)

    assert (await signing.whoami(signing.issuer.token(ERIN))).status == 200


async def test_algorithm_that_the_settings_leave_out_is_refused(
    sqlite_url: str,
) -> None:
    """Although the issuer has published such a key."""
    async with open_house(sqlite_url, None, algorithms=["ES256"]) as house:
        rsa = await house.whoami(house.issuer.token(ERIN))
        house.clock.move(timedelta(minutes=1))
        house.issuer.rotate(kid="k", alg="ES256")
        curve = await house.whoami(house.issuer.token(ERIN))

    assert (rsa.status, curve.status) == (401, 200)


async def test_two_keys_with_one_id_are_both_the_issuers(signing: SignInHouse) -> None:
    """Of another kind and of the same; a third one is nobody's."""
    keys = [SigningKey.elliptic("one"), SigningKey.rsa("one"), SigningKey.rsa("one")]
    signing.issuer.keys = keys
    claims = signing.issuer.claims(ERIN)

    replies = [await signing.whoami(key.sign(claims)) for key in keys]
    stranger = await signing.whoami(SigningKey.rsa("one").sign(claims))

    assert [reply.status for reply in replies] == [200, 200, 200]
    assert stranger.status == 401


async def test_token_without_key_id_is_taken_where_there_is_one_key(
    signing: SignInHouse,
) -> None:
    """With two, nobody says which one was meant."""
    token = signing.issuer.keys[0].sign(
        signing.issuer.claims(ERIN), header={"kid": None}
    )
    alone = await signing.whoami(token)
    signing.clock.move(timedelta(hours=1))
    signing.issuer.keys.append(SigningKey.elliptic("key-2"))
    token = signing.issuer.keys[0].sign(
        signing.issuer.claims(ERIN), header={"kid": None}
    )
    beside = await signing.whoami(token)

    assert (alone.status, beside.status) == (200, 401)


@pytest.mark.parametrize(
    "groups",
    [None, "jitsudo-admins", 7, True, {"jitsudo-admins": True}, ["ok", 7], [[]], [""]],
    ids=repr,
)
async def test_odd_groups_make_nobody_a_member_and_nobody_a_stranger(
    signing: SignInHouse, groups: object
) -> None:
    """The person comes in, in no group, and the log says why."""
    token = signing.issuer.keys[0].sign(
        {**signing.issuer.claims(BOB), **({} if groups is None else {"groups": groups})}
    )

    assert (await signing.whoami(token)).status == 200

    (event,) = await signing.events()
    assert event.fact.action is AuditAction.PRINCIPAL_SIGNED_IN
    assert event.fact.details["groups"] == []
    assert "claim 'groups'" in str(event.fact.details["groups_note"])


async def test_email_in_other_case_is_the_same_person(signing: SignInHouse) -> None:
    """One spelling everywhere; a plus tag is another person."""
    shouted = await signing.whoami(signing.issuer.token("ERIN@Example.COM", sub="1"))
    tagged = await signing.whoami(signing.issuer.token("erin+x@example.com"))

    assert shouted.json()["identity"] == ERIN
    assert "jitsudo-admins" in shouted.json()["groups"]
    assert tagged.json()["identity"] == "erin+x@example.com"
    assert tagged.json()["groups"] == []


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [{}],
        ["x"],
        [{"kty": "RSA", "kid": "key-1"}],
        [{"kty": "RSA", "kid": "key-1", "n": "AQAB", "e": "AQAB"}],
        [{"kty": "RSA", "kid": ["key-1"], "n": 7, "e": None}],
        [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "key-1"}],
        [{"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "kid": "key-1"}],
        [{"kty": ["RSA"], "kid": "key-1"}],
        {"keys": 7},
    ],
    ids=str,
)
async def test_odd_keys_are_passed_over(signing: SignInHouse, keys: object) -> None:
    """None that can be used is no key; beside a good one they do no harm."""
    token = signing.issuer.token(ERIN)
    with signing.issuer.answering(JWKS, {"keys": keys}):
        alone = await signing.whoami(token)
    signing.clock.move(timedelta(minutes=1))
    if isinstance(keys, list):
        good = signing.issuer.keys[0].public()
        with signing.issuer.answering(JWKS, {"keys": [*keys, good]}):
            beside = await signing.whoami(signing.issuer.token(ERIN))
        assert beside.status == 200

    assert alone.status == 503


async def test_secret_in_the_key_set_signs_nothing(signing: SignInHouse) -> None:
    """Everybody can read it there."""
    secret = b"secret-secret-secret-secret-secret"
    published = [
        {"kty": "oct", "k": encoded(secret), "kid": "s", "alg": "HS256"},
        signing.issuer.keys[0].public(),
    ]
    with signing.issuer.answering(JWKS, {"keys": published}):
        token = with_secret(signing.issuer.claims(ERIN), secret, kid="s")
        assert (await signing.whoami(token)).status == 401


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (DISCOVERY, {"status": 302, "headers": {"Location": "/elsewhere"}}),
        (DISCOVERY, {"status": 500}),
        (DISCOVERY, {"body": b"<html>"}),
        (DISCOVERY, {"body": []}),
        (DISCOVERY, {"body": {"issuer": "https://evil.example.com"}}),
        (DISCOVERY, {"body": b"{" + b" " * 300_000 + b"}"}),
        (JWKS, {"status": 302, "headers": {"Location": "/elsewhere"}}),
        (JWKS, {"body": b"[" * 100_000}),
    ],
    ids=["moved", "500", "html", "list", "other issuer", "long", "keys moved", "deep"],
)
async def test_issuer_that_answers_oddly_lets_nobody_in(
    signing: SignInHouse, path: str, answer: dict[str, Any]
) -> None:
    """503, and the next good answer counts."""
    token = signing.issuer.token(ERIN)
    with signing.issuer.answering(path, **answer):
        odd = await signing.whoami(token)
    signing.clock.move(timedelta(seconds=6))

    assert (odd.status, odd.json()["error"]) == (503, "issuer_unavailable")
    assert (await signing.whoami(token)).status == 200


@pytest.mark.parametrize(
    "where", ["http://keys.example.com/keys", "file:///etc/passwd", "//x", "keys", ""]
)
async def test_keys_are_asked_for_at_a_safe_address_only(
    signing: SignInHouse, where: str
) -> None:
    """Whoever can answer there can sign in as anybody."""
    document = signing.issuer.discovery() | {"jwks_uri": where}
    with signing.issuer.answering(DISCOVERY, document):
        reply = await signing.whoami(signing.issuer.token(ERIN))

    assert reply.status == 503
    assert signing.issuer.asked == {DISCOVERY: 1}
