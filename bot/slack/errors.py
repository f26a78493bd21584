"""What a person reads when they are refused: why, who can, and what to do."""

from dataclasses import dataclass
from typing import Final

from bot.slack.text import one_line, visible
from core.errors import (
    DependencyError,
    JitsudoError,
    NotAllowed,
    NotAuthenticated,
    NotEligible,
    OutcomeUnknown,
    SelfApproval,
    SlackFailed,
)

PEOPLE_NAMED: Final = 5
"""Most people named as those who could decide."""

UNEXPECTED: Final = (
    "Something went wrong on our side, and it is not known whether anything was "
    "decided. Look with `/jitsudo status`, then try again."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class WhoCan:
    """Who could do what somebody was refused."""

    groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()

    def to_text(self) -> str:
        """Return a sentence, or nothing where nobody is known."""
        names = ", ".join(self.people[:PEOPLE_NAMED])
        if len(self.people) > PEOPLE_NAMED:
            names += " …"
        groups = ", ".join(self.groups)
        if groups and names:
            return f"Who can: {groups} ({names})."
        if groups or names:
            return f"Who can: {groups or names}."
        return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """Why something did not happen, with what helps.

    Attributes:
        stranger: the e-mail of an actor who is in no group; None otherwise.
        terminal_line: does the same on the terminal; empty if nothing does.
    """

    error: JitsudoError
    who_can: WhoCan | None = None
    stranger: str | None = None
    terminal_line: str = ""

    def to_text(self) -> str:
        """Return what the person reads; raw text, callers escape it."""
        parts = [_said(self.error)]
        if isinstance(self.error, NotAllowed | NotEligible) and self.stranger:
            parts.append(
                f"Slack knows you as {self.stranger}, who is in no group here."
            )
        if isinstance(self.error, NotAllowed | SelfApproval) and self.who_can:
            parts.append(self.who_can.to_text())
        if isinstance(self.error, DependencyError | OutcomeUnknown):
            parts.append(_meanwhile(self.terminal_line))
        return " ".join(part for part in parts if part)


def _said(error: JitsudoError) -> str:
    """Return the error's sentence with what leads up to it."""
    sentence = visible(str(error)).strip()
    match error:
        case NotAllowed() | NotEligible():
            return _ended(f"Not allowed: {sentence}")
        case NotAuthenticated():
            return _ended(f"Refused: {sentence}")
        case SlackFailed():
            why = one_line(error.why)
            return f"Slack did not do its part ({why}); nothing was decided, try again."
        case _:
            return _ended(f"{sentence[:1].upper()}{sentence[1:]}")


def _meanwhile(terminal_line: str) -> str:
    if not terminal_line:
        return ""
    return f"The terminal does the same: {terminal_line}"


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
