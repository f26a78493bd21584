"""A real Dex: its ID tokens over REST, from a password, a device and a refresh."""

from collections.abc import AsyncIterator

import pytest

from core.auth_settings import WELL_KNOWN
from core.wire.fields import Fields
from core.wire.sign_in import from_offer
from tests.support.builders import ALICE, BOB, ERIN
from tests.support.dexes import Dex
from tests.support.issuer_devices import DEVICE_GRANT
from tests.support.servers import ApiServer
from tests.support.sign_in_houses import WHOAMI, api_with_issuer


@pytest.fixture
async def api_and_dex(sqlite_url: str, dex: Dex) -> AsyncIterator[ApiServer]:
    """Yield a server that believes the Dex."""
    async with api_with_issuer(sqlite_url, dex.url) as api:
        yield api


async def test_id_token_of_dex_is_its_persons(api_and_dex: ApiServer, dex: Dex) -> None:
    """With the groups that Dex names remembered."""
    token = dex.tokens(BOB)["id_token"]

    reply = await api_and_dex.send("GET", WHOAMI, token=token)

    assert reply.status == 200, reply.body
    assert reply.json()["identity"] == BOB
    assert reply.json()["method"] == "oidc"
    async with api_and_dex.jitsudo.store.snapshot() as uow:
        known = await uow.memberships.of(BOB)
    assert known is not None
    assert known.issuer == dex.url
    assert known.groups == {"sre-lead", "oncall"}


async def test_who_is_in_no_group_of_dex_comes_in_all_the_same(
    api_and_dex: ApiServer, dex: Dex
) -> None:
    """Dex leaves the claim out then."""
    reply = await api_and_dex.send("GET", WHOAMI, token=dex.tokens(ERIN)["id_token"])

    assert reply.status == 200
    async with api_and_dex.jitsudo.store.snapshot() as uow:
        known = await uow.memberships.of(ERIN)
    assert known is not None
    assert known.groups == frozenset()


async def test_device_that_was_confirmed_in_a_browser_signs_in(
    api_and_dex: ApiServer, dex: Dex
) -> None:
    """As the server says that a terminal does it.

    A refresh is not tried here: with its storage in memory, Dex waits for itself
    when a password of its own is behind the login.
    """
    answer = await api_and_dex.send("GET", "/.well-known/jitsudo")
    offer = from_offer(Fields.of(answer.json()))
    assert offer.discovery_url == dex.url + WELL_KNOWN
    client, scope = offer.client_id, " ".join(offer.scopes)

    _, begun = dex.post("/device/code", client_id=client, scope=scope)
    dex.approve(begun["user_code"], ALICE)
    status, given = dex.post(
        "/token",
        grant_type=DEVICE_GRANT,
        client_id=client,
        device_code=begun["device_code"],
    )

    assert status == 200, given
    assert given["refresh_token"]
    reply = await api_and_dex.send("GET", WHOAMI, token=given["id_token"])
    assert reply.json()["identity"] == ALICE


async def test_token_for_another_client_of_dex_is_refused(
    api_and_dex: ApiServer, dex: Dex
) -> None:
    """The same person, the same key, another audience."""
    token = dex.tokens(BOB, client="another")["id_token"]

    reply = await api_and_dex.send("GET", WHOAMI, token=token)

    assert reply.status == 401
    assert "aud" in reply.json()["message"]


async def test_check_asks_dex_for_its_keys(api_and_dex: ApiServer, dex: Dex) -> None:
    """And says who answered."""
    (part,) = (await api_and_dex.jitsudo.issuer_health()).values()

    assert part.is_ready
    assert part.detail.startswith(f"{dex.url} answers, 1 key")
