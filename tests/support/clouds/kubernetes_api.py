"""A stand-in for a Kubernetes API server: TLS, bearer tokens, RBAC, real refusals."""

import asyncio
import json
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from tests.support.builders import FrozenClock
from tests.support.clouds.certificates import Certificates, certificates
from tests.support.clouds.cloud import Trouble
from tests.support.clouds.kubernetes_cluster import RBAC, Cluster, Person, Wish
from tests.support.clouds.kubernetes_status import Refusal, forbidden

_KINDS: Final = {
    "": {"serviceaccounts", "pods"},
    RBAC: {"rolebindings", "clusterrolebindings", "clusterroles"},
    "authentication.k8s.io": {"selfsubjectreviews"},
    "authorization.k8s.io": {"selfsubjectaccessreviews"},
}
_NAMESPACED: Final = {"serviceaccounts", "pods", "rolebindings"}
_OPEN: Final = {"selfsubjectreviews", "selfsubjectaccessreviews"}
"""What everybody may ask, by Kubernetes' own `system:basic-user`."""

_VERBS: Final = {"POST": "create", "DELETE": "delete", "GET": "get"}


class ApiServer:
    """One API server in front of one cluster."""

    def __init__(self, clock: FrozenClock) -> None:
        """Stand before an empty cluster."""
        self.cluster = Cluster(clock)
        self.url = ""
        self.calls: list[str] = []
        self.retry_after = 1
        self.is_old = False
        self.before: Callable[[Wish], None] | None = None
        self._troubles: list[Trouble | None] = []

    def trouble(self, kind: Trouble, *, calls: int = 1, after: int = 0) -> None:
        """Make calls end so: the next ones, or those after the next ones."""
        self._troubles = [None] * after + [kind] * calls

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one call, as its trouble or its refusal wants."""
        trouble = self._troubles.pop(0) if self._troubles else None
        if trouble is Trouble.DOWN:
            return _break(request)
        try:
            body = await self._judged(request, trouble)
        except Refusal as refusal:
            headers = {"Retry-After": str(self.retry_after)}
            return web.json_response(
                refusal.body(),
                status=refusal.status,
                headers=headers if refusal.status == 429 else None,
            )
        if trouble is Trouble.LOST_ANSWER:
            return _break(request)
        if body is None:
            return web.Response(text="404 page not found\n", status=404)
        return web.json_response(body, status=201 if request.method == "POST" else 200)

    async def _judged(
        self, request: web.Request, trouble: Trouble | None
    ) -> dict[str, Any] | None:
        if trouble is Trouble.THROTTLED:
            raise Refusal(429, "the server has received too many requests")
        person = self._person(request)
        if person is None or trouble is Trouble.EXPIRED_CREDENTIALS:
            raise Refusal(401, "Unauthorized")
        wish = _wish(request)
        if wish is None or (self.is_old and wish.plural == "selfsubjectreviews"):
            return None
        self.calls.append(f"{wish.verb} {wish.plural}/{wish.subresource}".rstrip("/"))
        if wish.plural not in _OPEN and not self.cluster.allows(person.name, wish):
            raise forbidden(person.name, wish.verb, wish.resource, wish.namespace)
        body = await _body(request)
        if self.before is not None:
            self.before(wish)
        return self._done(wish, body, person)

    def _done(self, wish: Wish, body: dict[str, Any], by: Person) -> dict[str, Any]:
        if wish.plural == "pods":
            return {"kind": "PodList", "apiVersion": "v1", "items": []}
        if wish.plural == "selfsubjectreviews":
            return {**body, "status": {"userInfo": {"username": by.name}}}
        if wish.plural == "selfsubjectaccessreviews":
            is_allowed = self.cluster.allows(by.name, _asked(body))
            return {**body, "status": {"allowed": is_allowed}}
        return self.cluster.act(wish, body, by)

    def _person(self, request: web.Request) -> Person | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return self.cluster.person(token) if scheme == "Bearer" else None


def _wish(request: web.Request) -> Wish | None:
    """Return what a call is for; None for a path that there is not."""
    root, *rest = request.path.strip("/").split("/")
    if root not in {"api", "apis"}:
        return None
    group = "" if root == "api" else rest.pop(0)
    version = rest.pop(0) if rest else ""
    namespace = None
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    plural, name, subresource = (*rest, "", "", "")[:3]
    is_known = version == "v1" and plural in _KINDS.get(group, ())
    if not is_known or (plural in _NAMESPACED) != (namespace is not None):
        return None
    if subresource and (plural, subresource) != ("serviceaccounts", "token"):
        return None
    verb = _VERBS.get(request.method, "")
    if verb == "get" and not name:
        verb = "list"
    return Wish(
        verb=verb,
        group=group,
        plural=plural,
        namespace=namespace,
        name=name,
        subresource=subresource,
    )


def _asked(body: dict[str, Any]) -> Wish:
    asked = body["spec"]["resourceAttributes"]
    return Wish(
        verb=asked["verb"],
        group=asked["group"],
        plural=asked["resource"],
        subresource=asked["subresource"],
        namespace=asked["namespace"] or None,
        name=asked["name"],
    )


async def _body(request: web.Request) -> dict[str, Any]:
    if request.method == "GET":
        return {}
    if request.content_type != "application/json":
        raise Refusal(415, "the body of the request was in an unknown format")
    try:
        body: dict[str, Any] = await request.json()
    except json.JSONDecodeError:
        raise Refusal(400, "the object provided is unrecognized") from None
    return body


def _break(request: web.Request) -> web.StreamResponse:
    """End the connection without a word."""
    assert request.transport is not None
    request.transport.abort()
    raise asyncio.CancelledError


@asynccontextmanager
async def running_api_server(
    clock: FrozenClock, shown: Certificates | None = None
) -> AsyncIterator[ApiServer]:
    """Serve a stand-in on a free port of the loopback."""
    server = ApiServer(clock)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        site = web.TCPSite(
            runner, "127.0.0.1", 0, ssl_context=_context(shown or certificates())
        )
        await site.start()
        host, port = runner.addresses[0][:2]
        server.url = f"https://{host}:{port}"
        yield server
    finally:
        await runner.cleanup()


def _context(shown: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as directory:
        chain, key = Path(directory) / "chain.pem", Path(directory) / "key.pem"
        chain.write_text(shown.server, encoding="utf-8")
        key.write_text(shown.server_key, encoding="utf-8")
        context.load_cert_chain(chain, key)
    return context
