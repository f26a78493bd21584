"""Answers about people, and to terminals that sign in, are as the document says."""

from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from bot.api.app import add_api
from bot.api.oauth import METADATA_PATH, add_oauth
from bot.api.operations.kinds import BASE
from core.domain.identity import Membership
from core.wiring import Jitsudo
from tests.support.builders import ALICE, BOB, ERIN, an_ask
from tests.support.documented import held
from tests.support.servers import ApiServer, listening
from tests.support.sign_ins import CLIENT, GRANT, HOST, consent

ACCOUNT: Final = f"{BASE}/identities/{{team}}/{{user}}"
TEAM, USER = "T0SANDBOX", "U0ALICE"
NOBODY: Final = "nobody@example.com"
PERSON: Final = f"{BASE}/principals/{{identity}}"
FORGET: Final = f"{BASE}/principals/{{email}}/forget-sign-in"
DOCTOR: Final = f"{BASE}/policies:doctor"
AUTHORIZE: Final = "/oauth/device_authorization"
TOKEN: Final = "/oauth/token"


async def _signed_in_once(api: ApiServer, email: str) -> None:
    """Remember a sign-in at an identity provider."""
    async with api.jitsudo.store.transaction() as uow:
        await uow.memberships.put(
            Membership(
                email=email,
                issuer="https://login.example.com",
                subject="s-1",
                signed_in_at=datetime.now(UTC),
                groups=frozenset(),
            )
        )
        await uow.commit()


async def test_real_answers_about_people_have_the_shapes_of_the_document(
    api: ApiServer,
) -> None:
    """With a link and a trust tier, with findings and candidates, and without."""
    ask = {
        "requesterIdentity": ALICE,
        "provider": "local",
        "role": "infra-admin",
        "resourceScope": "staging",
        "durationSeconds": "60",
    }
    await (await api.acting(ALICE)).submit(an_ask())
    await _signed_in_once(api, ALICE)

    alone = await held(api, ALICE, "GET", PERSON, identity=ALICE)
    empty = await held(api, ERIN, "GET", f"{BASE}/identities")
    await held(api, ERIN, "PUT", ACCOUNT, {"identity": ALICE}, team=TEAM, user=USER)
    listed = await held(api, ERIN, "GET", f"{BASE}/identities")
    trust = {"trustTier": 2, "notes": "on call"}
    await held(api, ERIN, "PUT", f"{PERSON}/trust-tier", trust, identity=ALICE)
    linked = await held(api, ERIN, "GET", PERSON, identity=ALICE)
    await held(api, ERIN, "DELETE", ACCOUNT, team=TEAM, user=USER)
    await held(api, ERIN, "POST", FORGET, {}, email=ALICE)
    await held(api, ERIN, "POST", f"{BASE}/admin/reload-policies", {})
    await held(api, ERIN, "GET", DOCTOR)
    preview = await held(api, ERIN, "POST", DOCTOR, ask)

    assert alone["principal"]["slack"] is None
    assert empty["identities"] == []
    assert [linked["principal"]["slack"]] == listed["identities"]
    assert linked["principal"]["enrolledBy"] == ERIN
    assert preview["preview"]["candidates"]


async def test_refusals_about_people_have_the_shape_of_the_document(
    api: ApiServer,
) -> None:
    """Nobody there, nothing linked, another's ACCOUNT, and no right to ask."""
    code = {"code": "BCDF-GHJK", "confirm": True}

    await held(api, ERIN, "GET", PERSON, status=404, identity=NOBODY)
    await held(api, ALICE, "GET", PERSON, status=403, identity=BOB)
    await held(api, ERIN, "POST", FORGET, {}, status=404, email=BOB)
    await held(api, ERIN, "DELETE", ACCOUNT, status=404, team=TEAM, user=USER)
    await held(api, ERIN, "PUT", ACCOUNT, {}, status=400, team=TEAM, user=USER)
    await held(api, ALICE, "GET", f"{BASE}/identities", status=403)
    await held(api, ALICE, "POST", f"{BASE}/identities:link", code, status=403)
    await held(api, ALICE, "GET", DOCTOR, status=403)


async def test_real_answers_to_a_terminal_have_the_shapes_of_the_document(
    api: ApiServer,
) -> None:
    """Before there is a token: each answer, and each refusal in OAuth's form."""
    offer = await held(api, None, "GET", "/.well-known/jitsudo")
    await held(api, None, "GET", METADATA_PATH)
    begun = await held(api, None, "POST", AUTHORIZE, form={**CLIENT, "host": HOST})
    fields = {**CLIENT, **GRANT, "device_code": begun["device_code"]}
    waits = await held(api, None, "POST", TOKEN, form=fields, status=400)
    other = await held(api, None, "POST", AUTHORIZE, form=CLIENT)
    await consent(api.jitsudo).confirm(other["user_code"], typed="confirm")
    fields = {**CLIENT, **GRANT, "device_code": other["device_code"]}
    await held(api, None, "POST", TOKEN, form=fields)
    await held(api, None, "POST", TOKEN, form=CLIENT, status=400)
    await held(api, ALICE, "POST", AUTHORIZE, form=CLIENT, status=400)

    assert offer["slack"]
    assert waits["error"] == "authorization_pending"


async def test_without_slack_a_terminal_is_refused_as_documented(
    jitsudo: Jitsudo,
) -> None:
    """404 of each endpoint, in OAuth's form; and the offer says so."""
    app = web.Application()
    add_api(app, jitsudo, ready=jitsudo.health)
    add_oauth(app, None)
    async with listening(app) as url:
        api = ApiServer(jitsudo=jitsudo, url=url)
        for path in (AUTHORIZE, TOKEN):
            await held(api, None, "POST", path, form={**CLIENT, **GRANT}, status=404)
        await held(api, None, "GET", METADATA_PATH, status=404)
        offer = await held(api, None, "GET", "/.well-known/jitsudo")

    assert not offer["slack"]
