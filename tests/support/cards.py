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
