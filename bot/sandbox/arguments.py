"""The arguments of a Web API call, from wherever they came.

slack_sdk sends JSON bodies to some methods and query strings, even on POST, to
others, so query, form and JSON are merged.
"""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from bot.sandbox.errors import MethodFailed
from bot.sandbox.people import Json

_JSON_IN_FORMS: Final = ("blocks", "view", "metadata", "attachments")


class Arguments:
    """The arguments of one call."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Hold merged arguments."""
        self.values = dict(values)

    @classmethod
    def from_request(
        cls, query: Mapping[str, str], *, content_type: str, body: bytes
    ) -> "Arguments":
        """Merge query and body.

        Raises:
            MethodFailed: the body is not what its content type says.
        """
        merged: Json = dict(query)
        if content_type == "application/json":
            merged |= _from_json(body)
        elif content_type == "application/x-www-form-urlencoded":
            try:
                merged |= dict(parse_qsl(body.decode(), keep_blank_values=True))
            except ValueError as error:
                failure = "invalid_form_data"
                raise MethodFailed(failure) from error
        elif body:
            failure = "invalid_post_type"
            raise MethodFailed(failure)
        for name in _JSON_IN_FORMS:
            if isinstance(merged.get(name), str):
                merged[name] = _nested(name, merged[name])
        return cls({name: v for name, v in merged.items() if v is not None})

    def told(self) -> Json:
        """Return the arguments without the token, for the journal."""
        return {name: v for name, v in self.values.items() if name != "token"}

    def required(self, name: str) -> str:
        """Return a string argument.

        Raises:
            MethodFailed: it is missing or not a string.
        """
        value = self.optional(name)
        if not value:
            error = "invalid_arguments"
            raise MethodFailed(error, messages=[f"missing required field: {name}"])
        return value

    def optional(self, name: str) -> str | None:
        """Return a string argument, None if it is not there.

        Raises:
            MethodFailed: it is not a string.
        """
        value = self.values.get(name)
        if value is not None and not isinstance(value, str):
            error = "invalid_arguments"
            why = f"must provide a string [json-pointer:/{name}]"
            raise MethodFailed(error, messages=[why])
        return value

    def anything(self, name: str) -> Any:
        """Return an argument of any type, None if it is not there."""
        return self.values.get(name)


def _from_json(body: bytes) -> Json:
    try:
        value = json.loads(body or b"{}")
    except ValueError as error:
        failure = "invalid_json"
        raise MethodFailed(failure) from error
    if not isinstance(value, dict):
        failure = "json_not_object"
        raise MethodFailed(failure)
    return value


def _nested(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        failure = {
            "blocks": "invalid_blocks_format",
            "metadata": "invalid_metadata_format",
        }.get(name, "invalid_arguments")
        raise MethodFailed(failure) from error
