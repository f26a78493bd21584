"""`jitsudo server rotate-keys`: credentials under the first of the keys."""

import click

from cli.errors import FAILED
from cli.group import command
from cli.target import database_url, display_name
from cli.terminal import Terminal
from cli.waiting import Spinner


@command(
    "rotate-keys",
    examples=(
        "jitsudo server rotate-keys",
        "JITSUDO_CONFIG=/etc/jitsudo.yaml jitsudo server rotate-keys -o json",
    ),
)
async def rotate_keys(terminal: Terminal) -> None:
    """Encrypt stored credentials anew, with the first of the keys.

    Run it with the server's settings, once every server has the new key in front
    of the old ones in JITSUDO_ENCRYPTION_KEYS. It says which keys nothing needs
    any more. The exit code is 1 if some credentials open with none of them. It
    may be run again at any time.
    """
    # Help does without the whole core.
    from cli.direct import server_settings  # noqa: PLC0415 - see above
    from core.wiring import open_rotation  # noqa: PLC0415 - see above

    settings = server_settings(terminal, database_url(terminal))
    spinner = Spinner(terminal)
    async with open_rotation(settings) as rotate:
        try:
            done = await rotate.run(told=lambda seen: spinner.turn(f"{seen} resealed"))
        finally:
            spinner.clear()
    keys = len(settings.encryption_keys)
    removable = list(range(2, keys + 1))
    if terminal.is_table:
        address = display_name(settings.database_url.get_secret_value())
        terminal.say(f"{address}: {done.resealed} resealed with the first key")
        _tell_keys(terminal, keys)
    else:
        terminal.dump(
            {
                "resealed": done.resealed,
                "unreadable": list(done.unreadable),
                "keys": keys,
                "removable_keys": removable,
            }
        )
    for request_id in done.unreadable:
        terminal.warn(
            f"Error: {request_id}: no key in JITSUDO_ENCRYPTION_KEYS opens its "
            "credentials"
        )
    if done.unreadable:
        terminal.warn(
            "Add the key that was in use when they were issued, and run this again. "
            "Without it their requesters cannot read them; they end at their time."
        )
        raise click.exceptions.Exit(FAILED)


def _tell_keys(terminal: Terminal, keys: int) -> None:
    """Say which keys may go, by their places: a key itself is never printed."""
    if keys == 1:
        terminal.note(
            "There is one key. To change it, put a new one in front of it in "
            "JITSUDO_ENCRYPTION_KEYS, restart every server, and run this again."
        )
        return
    one = keys == 2  # noqa: PLR2004 - the first and one old one
    old, they = ("key 2", "it") if one else (f"keys 2 to {keys}", "they")
    terminal.note(
        f"Nothing stored needs {old} of JITSUDO_ENCRYPTION_KEYS any more: {they} may "
        "be removed, if every server had the first key in front before this ran."
    )
