"""For auditors, admins and everybody's own token: audit, policy, tokens, jobs."""

import json

from aiohttp import web

from bot.api.answers import to_answer
from bot.api.keys import APPROVALS
from bot.api.reading import body_fields, query_fields
from core.errors import Invalid
from core.wire import access, audit, tokens
from core.wire.parsing import parse_json


async def list_audit(request: web.Request) -> web.Response:
    """List audit events, newest first."""
    wanted = audit.from_audit_query(query_fields(request))
    return to_answer(audit.to_audit_page(await request[APPROVALS].audit(wanted)))


async def verify_audit(request: web.Request) -> web.Response:
    """Recompute the whole chain."""
    checkpoint = audit.from_checkpoint(await body_fields(request))
    report = await request[APPROVALS].verify_audit(checkpoint)
    return to_answer({"report": audit.to_report(report)})


async def evaluate(request: web.Request) -> web.Response:
    """Ask policy a made-up question."""
    fields = await body_fields(request)
    document = parse_json("inputJson", fields.text("inputJson"))
    if not isinstance(document, dict):
        raise Invalid(field="inputJson", why="has to hold a JSON object")
    package = access.from_package(fields)
    answer = await request[APPROVALS].evaluate(package, document)
    return to_answer(
        {
            "allowed": answer.is_allowed,
            "reason": "" if answer.is_allowed else answer.refusal,
            "resultJson": json.dumps(access.to_answer(answer)),
        }
    )


async def whoami(request: web.Request) -> web.Response:
    """Tell whose token this is and what it may do."""
    return to_answer(access.to_identity(await request[APPROVALS].whoami()))


async def list_tokens(request: web.Request) -> web.Response:
    """List the caller's tokens, newest first; everybody's for an admin."""
    query = tokens.from_token_query(query_fields(request))
    return to_answer(tokens.to_token_page(await request[APPROVALS].tokens(query)))


async def issue_token(request: web.Request) -> web.Response:
    """Make a token; the answer is the only place that ever holds its secret."""
    email, scopes, ttl = tokens.from_token_order(await body_fields(request))
    if not scopes:
        raise Invalid(field="scopes", why="name at least one, such as request or read")
    issued = await request[APPROVALS].issue_token(email, scopes=scopes, ttl=ttl)
    return to_answer(tokens.to_issued_token(issued))


async def revoke_token(request: web.Request) -> web.Response:
    """End a token."""
    token = await request[APPROVALS].revoke_token(request.match_info["id"])
    return to_answer({"token": tokens.to_token(token)})


async def disable_principal(request: web.Request) -> web.Response:
    """Shut somebody out."""
    reason = (await body_fields(request)).text("reason", default="")
    departure = await request[APPROVALS].disable_principal(
        request.match_info["email"], reason=reason
    )
    return to_answer({"principal": access.to_departure(departure)})


async def enable_principal(request: web.Request) -> web.Response:
    """Let somebody in again."""
    await body_fields(request)
    departure = await request[APPROVALS].enable_principal(request.match_info["email"])
    return to_answer({"principal": access.to_departure(departure)})


async def forget_sign_in(request: web.Request) -> web.Response:
    """Let an e-mail change hands at the identity provider."""
    await body_fields(request)
    email = await request[APPROVALS].forget_sign_in(request.match_info["email"])
    return to_answer({"identity": email})


async def list_jobs(request: web.Request) -> web.Response:
    """List the work that waits, oldest due first."""
    failing = query_fields(request).boolean("failing")
    jobs = await request[APPROVALS].jobs(failing_only=failing)
    return to_answer({"jobs": [access.to_job(job) for job in jobs]})


def routes() -> list[web.RouteDef]:
    """Return the routes."""
    return [
        web.get("/v1alpha1/audit", list_audit, allow_head=False),
        web.post("/v1alpha1/audit:verify", verify_audit),
        web.post("/v1alpha1/policies:eval", evaluate),
        web.get("/v1alpha1/whoami", whoami, allow_head=False),
        web.get("/v1alpha1/tokens", list_tokens, allow_head=False),
        web.post("/v1alpha1/tokens", issue_token),
        web.delete("/v1alpha1/tokens/{id}", revoke_token),
        web.post("/v1alpha1/principals/{email}/disable", disable_principal),
        web.post("/v1alpha1/principals/{email}/enable", enable_principal),
        web.post("/v1alpha1/principals/{email}/forget-sign-in", forget_sign_in),
        web.get("/v1alpha1/jobs", list_jobs, allow_head=False),
    ]
