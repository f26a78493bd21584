"""People and approvers: principals, trust tiers, the doctor, policy's reload."""

from aiohttp import web

from bot.api.answers import to_answer
from bot.api.keys import APPROVALS
from bot.api.reading import body_fields
from core.wire import approvers, people, requests


async def show_principal(request: web.Request) -> web.Response:
    """Tell what is known of a principal."""
    facts = await request[APPROVALS].principal(request.match_info["identity"])
    return to_answer({"principal": people.to_principal(facts)})


async def trust_principal(request: web.Request) -> web.Response:
    """Set a principal's trust tier."""
    fields = await body_fields(request)
    facts = await request[APPROVALS].trust_principal(
        request.match_info["identity"],
        tier=fields.integer("trustTier"),
        notes=fields.text("notes", default=""),
    )
    return to_answer({"principal": people.to_principal(facts)})


async def reload_policies(request: web.Request) -> web.Response:
    """Look for a newer policy now."""
    await body_fields(request)
    reload = await request[APPROVALS].reload_policies()
    return to_answer(people.to_reload(reload))


async def check_approvers(request: web.Request) -> web.Response:
    """Tell what nobody could approve any more."""
    report = await request[APPROVALS].check_approvers()
    return to_answer(approvers.to_report(report))


async def preview(request: web.Request) -> web.Response:
    """Tell who would be asked if somebody asked for this."""
    fields = await body_fields(request)
    found = await request[APPROVALS].preview(
        fields.text("requesterIdentity"), requests.from_ask(fields)
    )
    return to_answer({"preview": approvers.to_preview(found)})


def routes() -> list[web.RouteDef]:
    """Return the routes."""
    return [
        web.get("/v1alpha1/principals/{identity}", show_principal, allow_head=False),
        web.put("/v1alpha1/principals/{identity}/trust-tier", trust_principal),
        web.post("/v1alpha1/admin/reload-policies", reload_policies),
        web.get("/v1alpha1/policies:doctor", check_approvers, allow_head=False),
        web.post("/v1alpha1/policies:doctor", preview),
    ]
