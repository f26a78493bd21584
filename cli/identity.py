"""`jitsudo whoami`: who somebody is to the server."""

from cli.group import command
from cli.target import display_name, find_target, profile_of
from cli.terminal import Terminal
from cli.text import labelled, moment
from core.approvals import Identity
from core.vocabulary import TokenScope


@command("whoami", examples=("jitsudo whoami", "jitsudo --profile bob whoami"))
async def whoami(terminal: Terminal) -> None:
    """Show who you are to the server, and what your token may do."""
    target = find_target(terminal)
    async with terminal.connect(terminal) as connection:
        identity = await connection.approvals.whoami()
    if not terminal.is_table:
        terminal.dump(_to_object(identity, target.server, profile_of(terminal)))
        return
    if terminal.flags.quiet:
        terminal.say(identity.email)
        return
    for line in labelled(
        [
            ("E-mail", identity.email),
            ("Groups", ", ".join(identity.groups) or "-"),
            ("Trust tier", str(identity.trust_tier)),
            ("Scopes", ", ".join(_scopes(identity))),
            ("Expires", moment(identity.expires_at) if identity.expires_at else "-"),
            ("Server", display_name(target.server)),
        ]
    ):
        terminal.say(line)


def _scopes(identity: Identity) -> list[str]:
    return [scope.value for scope in TokenScope if scope in identity.scopes]


def _to_object(identity: Identity, server: str, profile: str) -> dict[str, object]:
    return {
        "email": identity.email,
        "groups": list(identity.groups),
        "trust_tier": identity.trust_tier,
        "scopes": _scopes(identity),
        "expires_at": moment(identity.expires_at) if identity.expires_at else None,
        "server": display_name(server),
        "profile": profile,
    }
