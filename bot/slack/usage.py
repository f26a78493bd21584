"""What `/jitsudo help` says: what each command takes, and what it does."""

from typing import Final

from bot.slack.text import escape

USAGE: Final = {
    "request": (
        (
            "/jitsudo request --provider NAME --role ROLE --scope SCOPE "
            '[--duration 1h] [--reason "INC-4421"] [--break-glass]'
        ),
        (
            "asks for a role; with nothing behind it, it opens a form. With "
            "--break-glass you have it at once if policy lets you; approvers are "
            "alerted, and one of them has to review it"
        ),
    ),
    "status": (
        "/jitsudo status [<id>] [--pending] [--mine] [--needs-review] [--limit N]",
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
    "extend": (
        '/jitsudo extend <id> --duration 1h [--reason "not done yet"]',
        "asks for more time; what you have goes on until the new grant runs",
    ),
    "revoke": (
        '/jitsudo revoke <id> [--reason "done"]',
        "ends a grant early, your own or one that you may approve",
    ),
    "retry": (
        "/jitsudo retry <id>",
        "has what failed tried again now, issuing or ending",
    ),
    "review": (
        '/jitsudo review <id> --note "what you found"',
        "closes the review of a break-glass request of somebody else",
    ),
    "login": (
        "/jitsudo login [CODE]",
        (
            "signs in the terminal that shows this code, after asking you; never type "
            "a code that somebody sent you"
        ),
    ),
    "link": (
        "/jitsudo link",
        (
            "gives you a code that links your Slack account to your sign-in on the "
            "terminal"
        ),
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
