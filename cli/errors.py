"""What an error says in the terminal, and the exit code it ends with."""

import os
import sys
import traceback
from typing import Final

import click

from cli.text import safe
from core import errors

FAILED: Final = 1
USAGE: Final = 2
NOT_GRANTED: Final = 8
"""`--wait` came to an end that is not a grant."""
GRANT_ENDED: Final = 9
"""The grant ended, and the command that used it was ended with it."""
TIMED_OUT: Final = 124
"""`--timeout` passed; the code of timeout(1)."""
INTERRUPTED: Final = 130
"""128 and SIGINT."""
BROKEN_PIPE: Final = 141
"""128 and SIGPIPE: what a program ends with that knows nothing of pipes."""

_CODES: Final[tuple[tuple[type[errors.JitsudoError], int], ...]] = (
    (errors.NotAuthenticated, 3),
    (errors.NotAllowed, 4),
    (errors.NotEligible, 4),
    (errors.SelfApproval, 4),
    (errors.NotFound, 5),
    (errors.WrongState, 6),
    (errors.Conflict, 6),
    (errors.TooMany, 7),
    (errors.DependencyError, 7),
    (errors.OutcomeUnknown, 7),
)


def discard_output() -> None:
    """Let the rest of standard output go nowhere; its reader has left.

    Python flushes once more at exit, and would complain.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def exit_code_of(error: errors.JitsudoError | OSError) -> int:
    """Return the exit code of an error; 1 for those without their own."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)


def tell(error: Exception, *, debug: bool) -> None:
    """Print the one line that says what went wrong; with `debug` also where."""
    if debug:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    click.echo(f"Error: {safe(str(error))}", err=True)
