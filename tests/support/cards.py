"""What a message in Slack offers to press."""

from collections.abc import Mapping
from typing import Any


def offered(message: Mapping[str, Any]) -> list[str]:
    """Return the action ids of a message's buttons, from top to bottom."""
    return [
        element["action_id"]
        for block in message["blocks"]
        for element in [*block.get("elements", ()), block.get("accessory", {})]
        if element.get("type") == "button"
    ]


def is_card_of(message: Mapping[str, Any], request_id: str) -> bool:
    """Tell whether a message is a request's card, and no other that names it."""
    if not message["blocks"]:  # Slack found fault with them
        return request_id in message["text"]
    first = message["blocks"][0]["block_id"]
    return str(first).startswith(f"{request_id}:")
