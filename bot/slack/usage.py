"""What `/jitsudo help` says: what each command takes, and what it does."""

from typing import Final

from bot.slack.text import escape

USAGE: Final = {
    "request": (
        (
            "/jitsudo request --provider NAME --role ROLE --scope SCOPE "
            '[--duration 1h] [--reason "INC-4421"]'
        ),
        "asks for a role; with nothing behind it, it opens a form",
    ),
    "status": (
        "/jitsudo status [<id>] [--pending] [--mine] [--limit N]",
        "lists what waits and you may see; with an id it shows one request",
    ),
    "approve": (
        '/jitsudo approve <id> [--comment "looks fine"]',
        "approves a request, if policy lets you",
    ),
    "deny": (
        '/jitsudo deny <id> [--reason "not today"]',
        "denies a request for good; it asks for the reason if you leave it out",
    ),
    "withdraw": (
        "/jitsudo withdraw <id>",
        "takes back a request of your own before it is decided",
    ),
}
"""What to type for each command, and what that does."""


def usage(name: str) -> str:
    """Return what one command takes and does, as a line of markup."""
    typed, does = USAGE[name]
    return f"`{escape(typed)}` {does}"


HELP: Final = "\n".join(
    [
        "*/jitsudo* asks for a role for a while, and decides about it.",
        *[usage(name) for name in USAGE],
        "The same commands work on the terminal: `jitsudo --help`",
    ]
)
