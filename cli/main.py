"""The terminal's composition root: every command by name, loaded when it is run."""

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Final

import click

from cli.errors import BROKEN_PIPE, INTERRUPTED, discard_output, tell
from cli.group import Lazy, RootGroup, group
from cli.terminal import Terminal

_DECIDE: Final = "Deciding"
_ASK: Final = "Asking"
_LOOK: Final = "Looking"
_SIGN_IN: Final = "Signing in"
_RUN: Final = "Running"

COMMANDS: Final = {
    "approve": Lazy("cli.decide:approve", "Approve a pending request.", _DECIDE),
    "deny": Lazy("cli.decide:deny", "Deny a pending request, for good.", _DECIDE),
    "revoke": Lazy("cli.revoke:revoke", "End a grant before its time.", _DECIDE),
    "retry": Lazy(
        "cli.revoke:retry",
        "Try at once what the provider refused: a grant, or its end.",
        _DECIDE,
    ),
    "review": Lazy(
        "cli.review:review",
        "Close the review of a break-glass request of somebody else.",
        _DECIDE,
    ),
    "status": Lazy(
        "cli.status:status",
        "Show requests: those you asked for, decided on or could decide.",
        _DECIDE,
    ),
    "request": Lazy("cli.ask:request", "Ask for elevation.", _ASK),
    "withdraw": Lazy(
        "cli.ask:withdraw", "Take back your own request before it is decided.", _ASK
    ),
    "extend": Lazy(
        "cli.extend:extend", "Ask for more of your own grant, before it ends.", _ASK
    ),
    "exec": Lazy(
        "cli.elevated:execute",
        "Run a command with the credentials of your own active request.",
        _ASK,
    ),
    "shell": Lazy(
        "cli.elevated:shell",
        "Open a shell with the credentials of your own active request.",
        _ASK,
    ),
    "audit": Lazy(
        "cli.audit:audit",
        "Read the audit log, newest first; `verify` checks its chain.",
        _LOOK,
    ),
    "policy": Lazy("cli.policy:policy", "Try out, check and start a policy.", _LOOK),
    "login": Lazy(
        "cli.sign_in:login",
        "Sign in to a server: at the identity provider, in Slack, or by a token.",
        _SIGN_IN,
    ),
    "logout": Lazy(
        "cli.sign_out:logout",
        "Forget a stored login, and end what it was signed in with.",
        _SIGN_IN,
    ),
    "whoami": Lazy(
        "cli.whoami:whoami",
        "Show who you are to the server, and what your token may do.",
        _SIGN_IN,
    ),
    "link": Lazy(
        "cli.identities:link",
        "Link your Slack account to your sign-in, with the code of `/jitsudo link`.",
        _SIGN_IN,
    ),
    "token": Lazy("cli.tokens:token", "Issue, list and revoke tokens.", _SIGN_IN),
    "principal": Lazy(
        "cli.principals:principal",
        "Look people up, trust them, shut them out.",
        _SIGN_IN,
    ),
    "identity": Lazy(
        "cli.identities:identity",
        "Look after which Slack account is linked to whom; for admins.",
        _SIGN_IN,
    ),
    "server": Lazy("cli.server:server", "Look after a server.", _RUN),
    "serve": Lazy(
        "bot.commands:serve", "Serve Slack, the REST API and the jobs.", _RUN
    ),
    "demo": Lazy(
        "bot.commands:demo",
        "Run jitsudo with a stand-in for Slack, on this machine only.",
        _RUN,
    ),
    "completion": Lazy(
        "cli.completion:completion", "Print a shell's completion script.", _RUN
    ),
}
"""Every command of `jitsudo`; what belongs to the server is named, not imported."""


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - Click passes it so
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version  # noqa: PLC0415 - loads slowly

        click.echo(f"jitsudo {version('jitsudo')}")
        ctx.exit()


@group(
    "jitsudo",
    cls=RootGroup,
    lazy=COMMANDS,
    examples=(
        "jitsudo status --pending",
        "jitsudo approve req_01J8KZ4F2EMNQZ3V7XKQYBD4WA",
        "jitsudo --profile bob status -o json",
    ),
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version and leave.",
)
def root(_terminal: Terminal) -> None:
    """Sudo for the cloud, decided where the team already talks."""


def main() -> None:
    """Run `jitsudo` and end the process with its exit code."""
    terminal = Terminal()
    sys.excepthook = _unforeseen(terminal)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a real stream has it
    sys.exit(run(sys.argv[1:], terminal))


def run(arguments: list[str], terminal: Terminal) -> int:
    """Run one command line; return the exit code."""
    try:
        code = root.main(
            arguments, prog_name="jitsudo", standalone_mode=False, obj=terminal
        )
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        discard_output()
        return BROKEN_PIPE
    return code if isinstance(code, int) else 0


_Hook = Callable[[type[BaseException], BaseException, TracebackType | None], None]


def _unforeseen(terminal: Terminal) -> _Hook:
    def hook(
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        if terminal.flags.debug or not isinstance(error, Exception):
            sys.__excepthook__(kind, error, trace)
        else:
            tell(error, debug=False)
            click.echo("This is a fault in jitsudo; --debug shows where.", err=True)

    return hook
