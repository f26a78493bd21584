"""Lifecycle, audit table and glossary hold exactly the words that the code has."""

import re
from typing import Final

import pytest

from core import vocabulary
from core.domain.lifecycle import TRANSITIONS
from core.vocabulary import (
    AuditAction,
    GrantStatus,
    GroupSource,
    JobKind,
    LinkMethod,
    Origin,
    Outcome,
    PolicyAction,
    PolicyPackage,
    RequestEvent,
    RequestState,
    SignInMethod,
    SignInState,
    SurfacePurpose,
    SurfaceState,
    Tier,
    TokenScope,
    Verdict,
)
from tests.support.documents import document

_ARROW: Final = re.compile(r"^\s*(\w+) --> (\w+): (\w) (.+)$", re.MULTILINE)
_EDGE: Final = re.compile(
    r"^- \*\*(\w)\*\* `(\w+)` → `(\w+)`(?: on `(\w+)`)?: ", re.MULTILINE
)

_ELSEWHERE: Final = (RequestState, RequestEvent, GrantStatus, AuditAction)
_IN_GLOSSARY: Final = (
    Verdict,
    Tier,
    Origin,
    Outcome,
    JobKind,
    PolicyPackage,
    PolicyAction,
    TokenScope,
    SurfacePurpose,
    SurfaceState,
    LinkMethod,
    SignInState,
    SignInMethod,
    GroupSource,
)

HOUSE_WORDS: Final = (
    "principal",
    "requester",
    "approver",
    "request",
    "decision",
    "grant",
    "audit event",
    "job",
    "surface",
    "card",
    "provider",
    "listener",
    "service",
    "store",
    "port",
)


def test_diagram_has_each_transition_and_no_other() -> None:
    """The drawing and the table are the same machine."""
    drawn = {
        (start, event): end
        for start, end, _, event in _arrows(0)
        if start in set(RequestState)
    }

    assert drawn == {
        (state.value, event.value): target.value
        for (state, event), target in TRANSITIONS.items()
    }


def test_each_transition_has_one_lettered_line() -> None:
    """The letters in the drawing are those of the lines below it."""
    drawn = [(letter, start, end, event) for start, end, letter, event in _arrows(0)]
    lines = [edge for edge in _edges() if edge[0].isupper()]

    assert lines == drawn
    assert [letter for letter, *_ in lines] == list("ABCDEFGHI")


def test_each_move_of_the_grant_has_one_lettered_line() -> None:
    """The same for the grant status, whose letters are small."""
    drawn = [(letter, start, end) for start, end, letter, _ in _arrows(1)]
    lines = [edge[:3] for edge in _edges() if edge[0].islower()]

    assert lines == drawn
    assert {word for _, *ends in lines for word in ends} == set(GrantStatus)


def test_lifecycle_names_every_state_event_and_grant_status() -> None:
    """Nothing that a request can be or go through is missing from the page."""
    text = document("docs/lifecycle.md").text
    words = [*RequestState, *RequestEvent, *GrantStatus]

    assert [word for word in words if f"`{word.value}`" not in text] == []


def test_lifecycle_pairs_every_state_with_grant_statuses() -> None:
    """The table of pairs has one row for each state."""
    rows = [row[0] for row in document("docs/lifecycle.md").rows()]

    assert [row.strip("`") for row in rows if row.strip("`") in set(RequestState)] == [
        state.value
        for state in (
            RequestState.PENDING,
            RequestState.REJECTED,
            RequestState.APPROVED,
            RequestState.ACTIVE,
            RequestState.EXPIRED,
            RequestState.REVOKED,
        )
    ]


def test_lifecycle_tells_what_each_job_does() -> None:
    """The table of jobs has one row for each kind."""
    rows = [row[0].strip("`") for row in document("docs/lifecycle.md").rows()]

    assert sorted(row for row in rows if row in set(JobKind)) == sorted(JobKind)


def test_audit_table_has_each_action_once() -> None:
    """An auditor finds every action in `docs/operating.md`, and no invented one."""
    rows = [row[0].strip("`") for row in document("docs/operating.md").rows()]
    pattern = re.compile(
        r"(request|grant|credentials|token|admin|principal|identity|sign_in|policy)"
        r"\.[a-z_]+"
    )

    assert [row for row in rows if pattern.fullmatch(row)] == [
        a.value for a in AuditAction
    ]


@pytest.mark.parametrize("kind", _IN_GLOSSARY, ids=lambda kind: kind.__name__)
def test_glossary_has_each_word_of_the_vocabulary(
    kind: type[Verdict | Tier | Origin],
) -> None:
    """The row of a type holds its words, in the code's order."""
    rows = {
        row[0]: row[1] for row in document("docs/glossary.md").rows() if len(row) > 1
    }

    assert rows[f"`{kind.__name__}`"] == " ".join(f"`{word.value}`" for word in kind)


def test_every_type_of_the_vocabulary_is_written_down_somewhere() -> None:
    """A new type of words needs a row in the glossary or a page of its own."""
    types = {
        found
        for found in vars(vocabulary).values()
        if isinstance(found, type) and found.__module__ == vocabulary.__name__
    }

    assert types == {*_ELSEWHERE, *_IN_GLOSSARY}


@pytest.mark.parametrize("word", HOUSE_WORDS)
def test_glossary_explains_the_house_words(word: str) -> None:
    """Each word that the house agreed on has a row."""
    assert word in [row[0] for row in document("docs/glossary.md").rows()]


def test_glossary_explains_each_word_once() -> None:
    """Two meanings of one word would be none."""
    words = [row[0] for row in document("docs/glossary.md").rows() if row[0] != "word"]

    assert sorted({word for word in words if words.count(word) > 1}) == []


def _arrows(which: int) -> list[tuple[str, str, str, str]]:
    """Return (start, end, letter, event) of the drawing, without its begin and end."""
    _, text = document("docs/lifecycle.md").blocks("mermaid")[which]
    found: list[tuple[str, str, str, str]] = _ARROW.findall(text)
    return found


def _edges() -> list[tuple[str, str, str, str]]:
    """Return (letter, start, end, event) of the lettered lines."""
    found: list[tuple[str, str, str, str]] = _EDGE.findall(
        document("docs/lifecycle.md").text
    )
    return found
