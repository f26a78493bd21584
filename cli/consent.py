"""Asks a person on a terminal before something that cannot be taken back."""

import signal
import sys

import click

from cli.errors import FAILED
from cli.terminal import Terminal
from cli.text import safe
from core.domain.request import Ask
from core.duration import to_text


def agree(terminal: Terminal, question: str, *, is_sure: bool) -> None:
    """Ask for a yes, where there is somebody to ask.

    Args:
        is_sure: `--yes` was given.

    Raises:
        click.exceptions.Exit: the answer is no.
    """
    if is_sure or not _is_attended():
        return
    if _answer(f"{question} [y/N] ").lower() not in {"y", "yes"}:
        _stop(terminal)


def insist(terminal: Terminal, question: str, *, is_sure: bool) -> None:
    """Ask for a yes, and take silence for a no.

    Args:
        is_sure: `--yes` was given.

    Raises:
        click.UsageError: nobody can be asked.
        click.exceptions.Exit: the answer is no.
    """
    if not is_sure and not _is_attended():
        message = f"{question} Nobody can be asked here; say so with --yes"
        raise click.UsageError(message)
    agree(terminal, question, is_sure=is_sure)


def type_again(terminal: Terminal, what: str, word: str, *, is_sure: bool) -> None:
    """Ask a person to type a word, so that nobody does this by habit.

    Args:
        what: the word is, such as `scope`.
        is_sure: `--yes` was given.

    Raises:
        click.exceptions.Exit: something else was typed.
    """
    if is_sure or not _is_attended():
        return
    if _answer(f"Type the {what}, {word}, to go on: ") != word:
        _stop(terminal)


def sure_of_breaking_glass(terminal: Terminal, ask: Ask, *, is_sure: bool) -> None:
    """Say what breaking the glass brings, and have the scope typed.

    Args:
        is_sure: `--yes` was given.

    Raises:
        click.UsageError: `--yes` without anything to be sure of.
        click.exceptions.Exit: the person is not sure.
    """
    if not ask.break_glass:
        if is_sure:
            message = "--yes goes with --break-glass"
            raise click.UsageError(message)
        return
    terminal.warn(
        f"Breaking the glass for {ask.role} on {ask.resource_scope} ({ask.provider}), "
        f"{to_text(ask.duration)}: if policy lets you, you have it at once. Nobody "
        "approves it, everybody who could have is told now, and somebody else has to "
        "review it."
    )
    type_again(terminal, "scope", ask.resource_scope, is_sure=is_sure)


def _is_attended() -> bool:
    """Tell whether somebody reads the question and can answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _answer(question: str) -> str:
    """Return what was typed, without outer blanks.

    Raises:
        KeyboardInterrupt: Ctrl-C, at the first press.
    """
    # asyncio's own handler would wait for this very line to be typed.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sys.stderr.write(safe(question))
        sys.stderr.flush()
        return sys.stdin.readline().strip()
    finally:
        signal.signal(signal.SIGINT, before)


def _stop(terminal: Terminal) -> None:
    terminal.warn("Nothing was done.")
    raise click.exceptions.Exit(FAILED)
