"""The OpenAPI document, made from the table of operations, and its route."""

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from bot.api.addresses import base_url
from bot.api.answers import HEADERS, to_answer
from bot.api.health import version_here
from bot.api.operations import JSON_TYPE, OPERATIONS, Operation, Operations
from bot.api.people_schemas import PEOPLE_SHAPES
from bot.api.schemas import SHAPES, TEXT, Schema, ref

OPENAPI: Final = "3.1.0"

_IN_PATH: Final = re.compile(r"\{([a-z]+)\}")

_RETRY_AFTER: Final[Schema] = {
    "description": "Whole seconds after which it may be tried again.",
    "schema": {"type": "integer", "minimum": 1},
}


class OpenApiRoute:
    """Serves the document to anybody: it holds no secret, and tools need it first."""

    def __init__(self) -> None:
        """Make the document once."""
        self._document: Final = document_of(OPERATIONS)

    def routes(self) -> list[web.RouteDef]:
        """Return the route."""
        return [web.get("/api/openapi.json", self.openapi, allow_head=False)]

    async def openapi(self, request: web.Request) -> web.Response:
        """Show the document, for the address that it was asked at."""
        servers = [{"url": base_url(request)}]
        answer = to_answer({**self._document, "servers": servers})
        answer.headers.update(HEADERS)
        return answer


def document_of(operations: Operations) -> dict[str, Any]:
    """Return an OpenAPI document.

    Source: OpenAPI Specification 3.1.0.
    """
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), operation in operations.items():
        paths.setdefault(path, {})[method.lower()] = _operation(path, operation)
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "jitsudo",
            "version": version_here(),
            "description": "Elevation for a while, decided by the people policy names.",
        },
        "paths": paths,
        "components": {
            "schemas": {**SHAPES, **PEOPLE_SHAPES},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"bearer": []}],
    }


def _operation(path: str, operation: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": [*_parameters(path, operation)],
        "responses": _responses(operation),
    }
    if operation.body is not None:
        made["requestBody"] = {
            "required": operation.needs_body,
            "content": {operation.body_type: {"schema": operation.body}},
        }
    if operation.is_open:
        made["security"] = []
    return made


def _parameters(path: str, operation: Operation) -> Iterator[dict[str, Any]]:
    for name in _IN_PATH.findall(path):
        yield {"name": name, "in": "path", "required": True, "schema": TEXT}
    for name, schema in (operation.query or {}).items():
        yield {"name": name, "in": "query", "schema": schema}
    for name, schema in (operation.headers or {}).items():
        yield {"name": name, "in": "header", "schema": schema}


def _responses(operation: Operation) -> dict[str, Any]:
    answers: dict[str, Any] = {
        "200": {
            "description": "Done.",
            "content": {operation.content_type: {"schema": operation.answer}},
        }
    }
    for status in operation.statuses:
        answers[str(status)] = _refusal(status, operation)
    return answers


def _refusal(status: int, operation: Operation) -> Mapping[str, Any]:
    otherwise = operation.answer if operation.is_open else ref("Error")
    schema = operation.refusal or otherwise
    answer: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {JSON_TYPE: {"schema": schema}},
    }
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        answer["headers"] = {"Retry-After": _RETRY_AFTER}
    return answer
