"""What people type after /jitsudo, and what their keyboards make of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.grammar import parse_line
from bot.slack.lines import (
    ApproveLine,
    DenyLine,
    ExtendLine,
    HelpLine,
    Line,
    LoginLine,
    RequestLine,
    ReviewLine,
    RevokeLine,
    StatusLine,
    WithdrawLine,
)
from bot.slack.usage import HELP, usage
from core.domain.request import Ask
from core.errors import Invalid
from tests.unit.slack.situations import ID

ASK = Ask(
    provider="local",
    role="infra-admin",
    resource_scope="staging",
    duration=timedelta(hours=2),
    reason="INC-1 & <more>",
)

LINES: dict[str, Line] = {
    "": HelpLine(text=HELP),
    "help": HelpLine(text=HELP),
    "help help": HelpLine(text=HELP),
    "  --help ": HelpLine(text=HELP),
    "\u2014help": HelpLine(text=HELP),
    "approve \u2014help": HelpLine(text=usage("approve")),
    f"approve {ID}": ApproveLine(request_id=ID),
    f"approve {ID.lower()}": ApproveLine(request_id=ID),
    f'approve {ID} --comment "looks fine"': ApproveLine(
        request_id=ID, comment="looks fine"
    ),
    f"approve {ID} —comment “looks \u2013 fine”": ApproveLine(
        request_id=ID, comment="looks \u2013 fine"
    ),
    f"approve {ID}\u00a0\u2013comment \u2018fine\u2019": ApproveLine(
        request_id=ID, comment="fine"
    ),
    f"approve {ID} --comment it's late": ApproveLine(
        request_id=ID, comment="it's late"
    ),
    f"approve {ID} —comment it\u2019s late": ApproveLine(
        request_id=ID, comment="it's late"
    ),
    f'approve --comment "payload" {ID}': ApproveLine(request_id=ID, comment="payload"),
    f"approve {ID} --comment=ok": ApproveLine(request_id=ID, comment="ok"),
    f"approve {ID} --comment a—b": ApproveLine(request_id=ID, comment="a—b"),
    f"deny {ID}": DenyLine(request_id=ID),
    f"deny {ID} --reason ''": DenyLine(request_id=ID, reason=""),
    f'deny {ID} --reason "a &amp;lt; b"': DenyLine(request_id=ID, reason="a &lt; b"),
    f"withdraw {ID}": WithdrawLine(request_id=ID),
    f"revoke {ID} \u2014reason \u201cdone \u2013 fine\u201d": RevokeLine(
        request_id=ID, reason="done \u2013 fine"
    ),
    f"extend {ID} \u2013duration 30m": ExtendLine(
        request_id=ID, duration=timedelta(minutes=30)
    ),
    f"review {ID} \u2014note it\u2019s the payload we know": ReviewLine(
        request_id=ID, note="it's the payload we know"
    ),
    f'review {ID} --note "&lt;ok&gt;"': ReviewLine(request_id=ID, note="<ok>"),
    "status \u2014needs-review": StatusLine(needs_review=True),
    "request \u2014provider local \u2014role infra-admin \u2014scope staging "
    "\u2014duration 2h \u2014break-glass "
    "\u2014reason \u201cINC-1 &amp; &lt;more&gt;\u201d": RequestLine(
        ask=replace(ASK, break_glass=True)
    ),
    "status": StatusLine(),
    "status —pending": StatusLine(pending=True),
    "status --mine --limit 3": StatusLine(mine=True, limit=3),
    f"status {ID}": StatusLine(request_id=ID),
    "request": RequestLine(),
    "login": LoginLine(),
    "login BCDF-GHJK": LoginLine(code="BCDFGHJK"),
    "login bcdf ghjk": LoginLine(code="BCDFGHJK"),
    "login BCDF \u2014GHJK": LoginLine(code="BCDFGHJK"),
    "login BCDF -GHJK": LoginLine(code="BCDFGHJK"),
    "login \u2014help": HelpLine(text=usage("login")),
    "request --provider local --role infra-admin --scope staging --duration 2h "
    '--reason "INC-1 &amp; &lt;more&gt;"': RequestLine(ask=ASK),
}


@pytest.mark.parametrize("text", LINES)
def test_a_line_is_understood(text: str) -> None:
    """The grammar is the terminal's, after undoing what keyboards do."""
    assert parse_line(text) == LINES[text]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("frobnicate", "help"),
        ("approve", "<id>"),
        ("approve 12", "req_"),
        (f"approve {ID} {ID}", "extra argument"),
        (f"approve {ID} --comment looks fine", "put quotes"),
        (f"approve {ID} --force", "--force"),
        (f"deny {ID} --reason", "--reason"),
        ("status --limit 0", "--limit"),
        ("request --role x", "--provider"),
        ("request --provider a --role b --scope c --duration 0", "duration"),
        ("request --provider a --role b --scope c --duration -1h", "duration"),
        (f"review {ID}", "--note"),
        (f"review {ID} --note looks fine", "put quotes"),
        (f"extend {ID}", "--duration"),
        ("request --break-glass", "--provider"),
        ("login BCDF", "8 letters"),
        ("login --code BCDF-GHJK", "8 letters"),
        ("login \u0412CDF-GHJK", "8 letters"),
    ],
)
def test_what_is_not_understood_says_what_to_type(text: str, hint: str) -> None:
    """Nobody has to guess what was wrong."""
    with pytest.raises(Invalid, match=hint):
        parse_line(text)


@given(st.text())
def test_nothing_typed_makes_anything_but_a_line_or_a_hint(text: str) -> None:
    """Whatever is typed, the answer is ours and not a traceback."""
    try:
        line = parse_line(f"approve {text}")
    except Invalid:
        return
    assert isinstance(line, ApproveLine | HelpLine)
