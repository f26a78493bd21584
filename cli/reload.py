"""`jitsudo server reload-policies`: has the server look for a newer policy now."""

import click

from cli.errors import exit_code_of
from cli.group import command
from cli.terminal import Terminal
from cli.text import safe
from core.errors import PolicyUnavailable


@command("reload-policies", examples=("jitsudo server reload-policies",))
async def reload_policies(terminal: Terminal) -> None:
    """Have the server look for a newer policy now, and say what is in force.

    A server with the embedded engine looks once a second by itself, and OPA
    fetches its bundles by itself: this tells at once whether what was changed can
    be loaded. Only admins may.
    """
    async with terminal.connect(terminal) as connection:
        try:
            reload = await connection.approvals.reload_policies()
        except PolicyUnavailable as error:
            # It is not about a decision, as the error's own sentence is.
            terminal.warn(f"Error: no newer policy was loaded: {safe(error.why)}")
            raise click.exceptions.Exit(exit_code_of(error)) from error
    if not terminal.is_table:
        terminal.dump(
            {
                "policies_loaded": reload.loaded,
                "revision": reload.revision,
                "detail": reload.detail,
            }
        )
    elif terminal.flags.quiet:
        terminal.say(reload.revision)
    else:
        terminal.say(f"Policy {reload.revision or '-'} is in force: {reload.detail}")
