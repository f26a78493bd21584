"""`jitsudo whoami`: who you are, your groups, and where they come from."""

from typing import Final

from cli.group import command
from cli.target import display_name, find_target, profile_of
from cli.terminal import Terminal
from cli.text import labelled, moment
from core.approvals import Identity
from core.domain.identity import GroupsFrom
from core.vocabulary import SignInMethod, TokenScope

_METHODS: Final = {
    SignInMethod.OIDC: "at the identity provider, whose token is renewed",
    SignInMethod.TOKEN: "with a token of jitsudo's",
    None: "-",
}


@command("whoami", examples=("jitsudo whoami", "jitsudo --profile bob whoami"))
async def whoami(terminal: Terminal) -> None:
    """Show who you are to the server, and what your token may do.

    Each source of groups says what it knows; if one has forgotten you, what to do
    about it is on standard error.
    """
    target = find_target(terminal)
    async with terminal.connect(terminal) as connection:
        identity = await connection.approvals.whoami()
    if not terminal.is_table:
        terminal.dump(to_object(identity, target.server, profile_of(terminal)))
        return
    if terminal.flags.quiet:
        terminal.say(identity.email)
        return
    for line in labelled(
        [
            ("E-mail", identity.email),
            ("Groups", ", ".join(identity.groups) or "-"),
            *source_pairs(identity.sources),
            ("Trust tier", str(identity.trust_tier)),
            ("Scopes", ", ".join(_scopes(identity))),
            ("Signed in", _METHODS[identity.method]),
            ("Expires", moment(identity.expires_at) if identity.expires_at else "-"),
            ("Server", display_name(target.server)),
        ]
    ):
        terminal.say(line)
    warn_of_sources(terminal, identity.sources)


def warn_of_sources(terminal: Terminal, sources: tuple[GroupsFrom, ...]) -> None:
    """Say what to do about each source that has forgotten somebody."""
    for answer in sources:
        if answer.advice:
            terminal.warn(f"{answer.source.value}: {answer.advice}")


def source_pairs(sources: tuple[GroupsFrom, ...]) -> list[tuple[str, str]]:
    """Return a labelled line for each source of groups."""
    return [(f"  from {answer.source.value}", _about(answer)) for answer in sources]


def _about(answer: GroupsFrom) -> str:
    groups = ", ".join(sorted(answer.groups)) or "-"
    return f"{groups} ({answer.note})" if answer.note else groups


def source_objects(sources: tuple[GroupsFrom, ...]) -> list[dict[str, object]]:
    """Return what each source says, for programs."""
    return [
        {
            "source": answer.source.value,
            "groups": sorted(answer.groups),
            "note": answer.note,
            "until": moment(answer.until) if answer.until else None,
            "advice": answer.advice,
        }
        for answer in sources
    ]


def to_object(identity: Identity, server: str, profile: str) -> dict[str, object]:
    """Return an identity for programs."""
    return {
        "email": identity.email,
        "groups": list(identity.groups),
        "group_sources": source_objects(identity.sources),
        "trust_tier": identity.trust_tier,
        "scopes": _scopes(identity),
        "method": identity.method,
        "expires_at": moment(identity.expires_at) if identity.expires_at else None,
        "server": display_name(server),
        "profile": profile,
    }


def _scopes(identity: Identity) -> list[str]:
    return [scope.value for scope in TokenScope if scope in identity.scopes]
