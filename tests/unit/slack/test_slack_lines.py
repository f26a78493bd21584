"""`/jitsudo` understands the lines of the table that the terminal is held to."""

import pytest

from bot.slack.grammar import parse_line
from bot.slack.lines import (
    ApproveLine,
    DenyLine,
    ExtendLine,
    GrantLine,
    HelpLine,
    Line,
    LinkLine,
    LoginLine,
    RequestLine,
    RetryLine,
    ReviewLine,
    RevokeLine,
    StatusLine,
    WithdrawLine,
)
from core.approvals import RequestQuery
from core.errors import Invalid
from core.vocabulary import RequestState
from tests.support.lines import (
    GRANTS_HELPED,
    GRANTS_REFUSED,
    GRANTS_UNDERSTOOD,
    HELPED,
    REFUSED,
    UNDERSTOOD,
)

ALL_UNDERSTOOD = UNDERSTOOD | GRANTS_UNDERSTOOD


def asked(line: Line) -> tuple[object, ...]:
    """Return what a line asks of the approvals."""
    match line:
        case ApproveLine():
            return ("approve", line.request_id, line.comment)
        case DenyLine():
            return ("deny", line.request_id, line.reason)
        case WithdrawLine():
            return ("withdraw", line.request_id)
        case RevokeLine() | RetryLine() | ExtendLine() | ReviewLine():
            return asked_of_grant(line)
        case RequestLine():
            return ("submit", line.ask)
        case StatusLine():
            return ("get", line.request_id) if line.request_id else listed(line)
        case HelpLine() | LoginLine() | LinkLine():
            pytest.fail(f"this asks nothing of the approvals: {line}")


def asked_of_grant(line: GrantLine) -> tuple[object, ...]:
    """Return what a line about a grant asks of the approvals."""
    match line:
        case RevokeLine():
            return ("revoke", line.request_id, line.reason)
        case RetryLine():
            return ("retry", line.request_id)
        case ExtendLine():
            return ("extend", line.request_id, line.duration, line.reason)
        case ReviewLine():
            return ("review", line.request_id, line.note)


def listed(line: StatusLine) -> tuple[object, ...]:
    """Return which list a line asks for."""
    states = frozenset({RequestState.PENDING} if line.pending else ())
    return (
        "list",
        RequestQuery(
            mine=line.mine,
            states=states,
            needs_review=line.needs_review,
            limit=line.limit,
        ),
    )


@pytest.mark.parametrize("line", ALL_UNDERSTOOD)
def test_a_line_of_the_terminal_asks_the_same_in_slack(line: str) -> None:
    """What one learned in one place works in the other."""
    assert asked(parse_line(line)) == ALL_UNDERSTOOD[line]


@pytest.mark.parametrize("line", REFUSED + GRANTS_REFUSED)
def test_what_the_terminal_refuses_is_refused_in_slack_in_one_sentence(
    line: str,
) -> None:
    """The answer says once what is wrong, and does not name a field of ours."""
    with pytest.raises(Invalid) as refused:
        parse_line(line)

    why = refused.value.why
    assert why[0].isupper() or why[0] == "'"
    assert why.endswith((".", "?"))
    assert not {".:", "?:", "?;", ".;", ".."} & {
        why[at : at + 2] for at in range(len(why))
    }


@pytest.mark.parametrize("line", HELPED + GRANTS_HELPED)
def test_help_on_one_command_shows_its_usage(line: str) -> None:
    """Nobody reads six lines to find one."""
    name, _, _ = line.partition(" ")
    shown = parse_line(line)

    assert isinstance(shown, HelpLine)
    assert shown.text.startswith(f"`/jitsudo {name}")
    assert shown.text.count("/jitsudo") == 1
    assert shown == parse_line(f"help {name}")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "aprove",
            "There is no command `aprove`: did you mean `/jitsudo approve`?",
        ),
        ("help bogus", "There is no command `bogus`: `/jitsudo help` lists them."),
        (
            "withdraw --frce",
            "No such option `--frce`: write `/jitsudo withdraw <id>`.",
        ),
        ("withdraw", "Missing argument '<id>': write `/jitsudo withdraw <id>`."),
        (
            "extend --duration 1h",
            (
                "Missing argument '<id>': write "
                '`/jitsudo extend <id> --duration 1h [--reason "not done yet"]`.'
            ),
        ),
    ],
)
def test_a_wrong_line_is_answered_with_the_right_one(line: str, sentence: str) -> None:
    """One sentence: what is wrong, and what to type."""
    with pytest.raises(Invalid) as refused:
        parse_line(line)

    assert refused.value.why == sentence
