"""For admins, which account in Slack is whose; for the signed-in, their own."""

from aiohttp import web

from bot.api.answers import to_answer
from bot.api.keys import APPROVALS
from bot.api.reading import body_fields
from core.domain.identity import SlackAccount, parse_account
from core.wire import identities


async def list_identities(request: web.Request) -> web.Response:
    """List every link, by e-mail."""
    links = await request[APPROVALS].identities()
    return to_answer({"identities": [identities.to_link(link) for link in links]})


async def link_identity(request: web.Request) -> web.Response:
    """Link an account to a person."""
    email = (await body_fields(request)).text("identity")
    link = await request[APPROVALS].link_identity(_account(request), email)
    return to_answer({"identity": identities.to_link(link)})


async def unlink_identity(request: web.Request) -> web.Response:
    """End a link; the next use of the account links it anew."""
    link = await request[APPROVALS].unlink_identity(_account(request))
    return to_answer({"identity": identities.to_link(link)})


async def claim_identity(request: web.Request) -> web.Response:
    """Link the account that was given a code to the caller, once confirmed."""
    code, is_confirmed = identities.from_claim(await body_fields(request))
    link = await request[APPROVALS].claim_identity(code, is_confirmed=is_confirmed)
    return to_answer({"identity": identities.to_link(link)})


def _account(request: web.Request) -> SlackAccount:
    team, user = request.match_info["team"], request.match_info["user"]
    return parse_account(f"{team}/{user}")


def routes() -> list[web.RouteDef]:
    """Return the routes."""
    account = "/v1alpha1/identities/{team}/{user}"
    return [
        web.get("/v1alpha1/identities", list_identities, allow_head=False),
        web.post("/v1alpha1/identities:link", claim_identity),
        web.put(account, link_identity),
        web.delete(account, unlink_identity),
    ]
