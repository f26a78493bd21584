"""Calls that hold what is really answered to the OpenAPI document."""

from typing import Any
from urllib.parse import urlencode

from jsonschema import Draft202012Validator, FormatChecker

from bot.api.forms import FORM
from bot.api.openapi import document_of
from bot.api.operations import OPERATIONS
from tests.support.servers import ApiServer


def _validator(method: str, path: str, status: int) -> Draft202012Validator:
    """Return what holds an answer to its schema; unknown fields are none."""
    document: dict[str, Any] = document_of(OPERATIONS)
    responses = document["paths"][path][method.lower()]["responses"]
    (content,) = responses[str(status)]["content"].values()
    schema = _closed({**content["schema"], "components": document["components"]})
    return Draft202012Validator(schema, format_checker=FormatChecker())


def _closed(schema: Any) -> Any:
    """Return the schema with no field left open that it does not name."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(part) for key, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        closed["additionalProperties"] = False
    return closed


async def held(
    api: ApiServer,
    who: str | None,
    method: str,
    path: str,
    body: object = None,
    *,
    status: int = 200,
    form: dict[str, str] | None = None,
    **named: str,
) -> Any:
    """Return an answer that is exactly as the document has it.

    Args:
        who: with a token of whom; None for none.
        path: as in the document; `named` fills it in.
        form: is sent instead of `body`, as OAuth's clients do.
    """
    token = None if who is None else await api.token(who)
    headers = {} if form is None else {"Content-Type": FORM}
    reply = await api.send(
        method,
        path.format(**named),
        token=token,
        body=body if form is None else urlencode(form).encode(),
        headers=headers,
    )
    assert reply.status == status, (path, reply.body)
    answer = reply.json()
    errors = [
        (list(error.absolute_path), error.message)
        for error in _validator(method, path, status).iter_errors(answer)
    ]
    assert errors == [], path
    return answer
