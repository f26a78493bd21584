"""What tells a person that a shell or a command is elevated."""

import re
from typing import Final

from cli.text import moment
from core.domain.grant import Credentials
from core.domain.request import ElevationRequest

_ODD: Final = re.compile(r"[^A-Za-z0-9._@:/+-]")
"""What a shell might expand in its prompt."""


def prompt_of(request: ElevationRequest) -> str:
    """Return role and scope as one word that no shell expands."""
    return _ODD.sub("_", f"{request.ask.role}@{request.ask.resource_scope}")


def banner(
    request: ElevationRequest, credentials: Credentials, *, is_shell: bool
) -> list[str]:
    """Return the lines that come before the command's own."""
    if not is_shell:
        ask, until = request.ask, moment(credentials.expires_at)
        return [f"Elevated until {until}: {ask.role} on {ask.resource_scope}"]
    until = credentials.expires_at.astimezone().isoformat(timespec="seconds")
    until = until.removesuffix("+00:00") + "Z" * until.endswith("+00:00")
    return [
        "",
        f"*** jitsudo elevated shell — request {request.id} ***",
        f"*** Credentials expire at {until} ***",
        "*** Type 'exit' to leave the elevated context ***",
        "",
    ]
