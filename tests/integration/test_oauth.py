"""The authorization server for terminals, as a client of RFC 8628 sees it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
import structlog
from aiohttp import web

from bot.api.app import add_api
from bot.api.oauth import add_oauth
from core.domain.sign_in import parse_user_code
from core.errors import StoreUnavailable
from core.services.sign_in import BEGINNINGS
from core.wiring import Jitsudo
from tests.support.builders import ALICE
from tests.support.servers import WORKSPACE_URL, ApiServer, Reply, listening
from tests.support.sign_ins import CLIENT, GRANT, HOST, consent

AUTHORIZE = "/oauth/device_authorization"
TOKEN = "/oauth/token"
METADATA = "/.well-known/oauth-authorization-server"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def send(
    api: ApiServer,
    path: str,
    fields: Mapping[str, str] | list[tuple[str, str]] | bytes,
    *,
    headers: Mapping[str, str] = FORM,
) -> Reply:
    """Send a form as a terminal does."""
    body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
    return await api.send("POST", path, body=body, headers=headers)


async def begun(api: ApiServer, host: str = HOST) -> dict[str, Any]:
    """Begin a sign-in; return the answer."""
    reply = await send(api, AUTHORIZE, {**CLIENT, "host": host})
    assert reply.status == 200, reply.body
    answer: dict[str, Any] = reply.json()
    return answer


async def asked(api: ApiServer, device_code: str) -> Reply:
    """Ask for the token."""
    fields = {**CLIENT, **GRANT, "device_code": device_code}
    return await send(api, TOKEN, fields)


def refusal(reply: Reply) -> str:
    """Return the error of an answer that has the form of RFC 6749 section 5.2."""
    body = reply.json()
    assert set(body) == {"error", "error_description"}
    assert body["error_description"].isascii()
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Content-Type"].startswith("application/json")
    return str(body["error"])


async def test_a_client_of_the_standard_is_signed_in(api: ApiServer) -> None:
    """Begin, wait, somebody confirms, ask again; the token works."""
    found = await api.send("GET", METADATA)
    assert found.status == 200
    where = found.json()
    assert where["issuer"] == api.url
    authorize = where["device_authorization_endpoint"].removeprefix(api.url)
    token = where["token_endpoint"].removeprefix(api.url)
    assert where["grant_types_supported"] == [GRANT["grant_type"]]

    first = await send(api, authorize, {**CLIENT, "host": HOST})
    code = first.json()["user_code"]
    fields = {**CLIENT, **GRANT, "device_code": first.json()["device_code"]}
    waiting = await send(api, token, fields)
    hurried = await send(api, token, fields)
    await consent(api.jitsudo).confirm(code, typed=HOST)

    assert first.headers["Cache-Control"] == "no-store"
    assert first.json()["verification_uri"] == WORKSPACE_URL
    assert first.json()["message"] == f"In Slack, type: /jitsudo login {code}"
    assert (first.json()["expires_in"], first.json()["interval"]) == (600, 5)
    assert "verification_uri_complete" not in first.json()
    assert (waiting.status, refusal(waiting)) == (400, "authorization_pending")
    assert (hurried.status, refusal(hurried)) == (400, "slow_down")


async def test_the_token_is_a_bearer_token_of_who_confirmed(api: ApiServer) -> None:
    """Its fields are those of RFC 6749 section 5.1, and the API takes it."""
    answer = await begun(api)
    await consent(api.jitsudo).confirm(answer["user_code"].lower(), typed=HOST)

    reply = await asked(api, answer["device_code"])
    again = await asked(api, answer["device_code"])

    body = reply.json()
    assert reply.status == 200
    assert reply.headers["Cache-Control"] == "no-store"
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 12 * 3600)
    assert body["scope"] == "admin approve read request"
    who = await api.send("GET", "/api/v1alpha1/whoami", token=body["access_token"])
    assert who.json()["identity"] == ALICE
    assert (again.status, refusal(again)) == (400, "invalid_grant")


async def test_a_refusal_reaches_the_terminal(api: ApiServer) -> None:
    """As access_denied, each time it asks."""
    answer = await begun(api)
    await consent(api.jitsudo).refuse(answer["user_code"])

    for _ in range(2):
        reply = await asked(api, answer["device_code"])
        assert (reply.status, refusal(reply)) == (400, "access_denied")


@pytest.mark.parametrize(
    ("path", "fields", "error"),
    [
        (AUTHORIZE, {}, "invalid_request"),
        (AUTHORIZE, {"client_id": ""}, "invalid_request"),
        (AUTHORIZE, {"client_id": "somebody-else"}, "invalid_client"),
        (AUTHORIZE, [*CLIENT.items(), *CLIENT.items()], "invalid_request"),
        (AUTHORIZE, [*CLIENT.items(), ("host", "a"), ("host", "a")], "invalid_request"),
        (AUTHORIZE, [(f"n{n}", "x") for n in range(50)], "invalid_request"),
        (AUTHORIZE, b"client_id=jitsudo-cli&host=%ff", "invalid_request"),
        (AUTHORIZE, b"client_id=jitsudo-cli&host=\xff", "invalid_request"),
        (AUTHORIZE, b"x" * 70_000, "invalid_request"),
        (TOKEN, GRANT, "invalid_request"),
        (TOKEN, {**GRANT, "client_id": "somebody-else"}, "invalid_client"),
        (TOKEN, CLIENT, "invalid_request"),
        (TOKEN, {**CLIENT, **GRANT}, "invalid_request"),
        (TOKEN, {**CLIENT, "grant_type": "password"}, "unsupported_grant_type"),
        (
            TOKEN,
            {**CLIENT, "grant_type": "client_credentials"},
            "unsupported_grant_type",
        ),
        (TOKEN, {**CLIENT, **GRANT, "device_code": "guess"}, "invalid_grant"),
        (TOKEN, {**CLIENT, **GRANT, "device_code": "A" * 43}, "invalid_grant"),
        (TOKEN, {**CLIENT, **GRANT, "device_code": "é" * 43}, "invalid_grant"),
        (
            TOKEN,
            [*CLIENT.items(), *GRANT.items(), *[("device_code", "A" * 43)] * 2],
            "invalid_request",
        ),
    ],
    ids=lambda part: str(part)[:40],
)
async def test_what_no_client_of_ours_sends_is_refused(
    api: ApiServer, path: str, fields: Any, error: str
) -> None:
    """In the words of RFC 6749 section 5.2, with status 400."""
    reply = await send(api, path, fields)

    assert (reply.status, refusal(reply)) == (400, error)


@pytest.mark.parametrize("path", [AUTHORIZE, TOKEN])
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/json"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {},
        {**FORM, "Authorization": "Basic aml0c3Vkby1jbGk6"},
        {**FORM, "Authorization": "Bearer jit_x"},
        {**FORM, "Content-Encoding": "gzip"},
    ],
    ids=str,
)
async def test_only_a_plain_form_of_a_public_client_is_read(
    api: ApiServer, path: str, headers: dict[str, str]
) -> None:
    """Nothing is guessed of anything else."""
    reply = await send(api, path, {**CLIENT, **GRANT}, headers=headers)

    assert (reply.status, refusal(reply)) == (400, "invalid_request")


@pytest.mark.parametrize("path", [AUTHORIZE, TOKEN])
async def test_nothing_is_read_from_an_address(api: ApiServer, path: str) -> None:
    """Logs keep addresses; a code that stands there is not taken."""
    answer = await begun(api)
    fields = urlencode({**CLIENT, **GRANT, "device_code": answer["device_code"]})

    with structlog.testing.capture_logs() as logs:
        reply = await send(api, f"{path}?{fields}", {**CLIENT, **GRANT})

    assert (reply.status, refusal(reply)) == (400, "invalid_request")
    assert answer["device_code"] not in str(logs)
    assert answer["device_code"] not in reply.body.decode()


@pytest.mark.parametrize("path", [AUTHORIZE, TOKEN])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_another_method_is_refused(
    api: ApiServer, path: str, method: str
) -> None:
    """A GET would leave its parameters in logs."""
    reply = await api.send(method, path)

    assert (reply.status, refusal(reply)) == (405, "invalid_request")
    assert reply.headers["Allow"] == "POST"


async def test_charset_and_unknown_fields_do_not_matter(api: ApiServer) -> None:
    """Source: RFC 6749 section 3.2, unrecognized parameters are ignored."""
    headers = {"Content-Type": f"{FORM['Content-Type']}; charset=UTF-8"}
    fields = {**CLIENT, "scope": "read", "unknown": "x", "host": ""}

    reply = await send(api, AUTHORIZE, fields, headers=headers)

    assert reply.status == 200
    seen = await consent(api.jitsudo).look(reply.json()["user_code"])
    assert seen.host == ""
    assert seen.address == "127.0.0.1"


@pytest.mark.parametrize(
    "host", ["<!channel>\r\nX: y", "\u202elap\u2066top", "é" * 10_000, "\x00"]
)
async def test_whatever_a_machine_calls_itself_is_kept_as_one_line(
    api: ApiServer, host: str
) -> None:
    """It is a claim, to be shown to a person."""
    answer = await begun(api, host)

    seen = await consent(api.jitsudo).look(answer["user_code"])

    assert len(seen.host) <= 64
    assert seen.host.isprintable()


async def test_too_many_beginnings_are_told_when_to_come_back(api: ApiServer) -> None:
    """With 429 and Retry-After, in OAuth's form."""
    for _ in range(BEGINNINGS):
        await begun(api)

    reply = await send(api, AUTHORIZE, CLIENT)

    assert (reply.status, refusal(reply)) == (429, "too_many")
    assert 0 < int(reply.headers["Retry-After"]) <= 60


async def test_codes_are_of_the_alphabet_and_never_the_same(api: ApiServer) -> None:
    """Each with a device code that has nothing in common with it."""
    answers = [await begun(api) for _ in range(BEGINNINGS)]

    codes = {answer["user_code"] for answer in answers}
    assert len(codes) == len({answer["device_code"] for answer in answers}) == 10
    for answer in answers:
        assert parse_user_code(answer["user_code"])
        assert len(answer["device_code"]) == 43


async def test_while_the_database_is_away_the_terminal_is_told_to_wait(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, without a word of what is away."""
    answer = await begun(api)

    def away(*_: object) -> object:
        raise StoreUnavailable(why="secret.internal does not answer")

    monkeypatch.setattr(type(api.jitsudo.store), "transaction", away)
    for reply in (
        await send(api, AUTHORIZE, CLIENT),
        await asked(api, answer["device_code"]),
    ):
        assert (reply.status, refusal(reply)) == (503, "temporarily_unavailable")
        assert b"secret.internal" not in reply.body


async def test_without_slack_there_is_no_sign_in(jitsudo: Jitsudo) -> None:
    """Each endpoint says so; a client looks for another way."""
    app = web.Application()
    add_api(app, jitsudo, ready=jitsudo.health)
    add_oauth(app, None)
    async with listening(app) as url:
        api = ApiServer(jitsudo=jitsudo, url=url)
        for reply in (
            await send(api, AUTHORIZE, CLIENT),
            await send(api, TOKEN, {**CLIENT, **GRANT, "device_code": "A" * 43}),
            await api.send("GET", METADATA),
        ):
            assert (reply.status, refusal(reply)) == (404, "not_found")
            assert b"Slack" in reply.body
