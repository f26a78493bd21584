"""Text as Slack shows it: escaped, clipped, and free of tricks of direction."""

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Final

HEADER_LIMIT: Final = 150
"""Characters of a header block. Source: Slack's node SDK types, blocks.ts."""

TEXT_LIMIT: Final = 3_000
"""Characters of any text object. Source: docs.slack.dev, text object."""

CONFIRM_TITLE_LIMIT: Final = 100
CONFIRM_TEXT_LIMIT: Final = 300
CONFIRM_BUTTON_LIMIT: Final = 30
"""Source: docs.slack.dev, confirmation dialog object."""

MODAL_TITLE_LIMIT: Final = 24
"""Also of submit and close. Source: docs.slack.dev, modals."""

INPUT_LIMIT: Final = 3_000
"""Source: docs.slack.dev, plain-text input element, `max_length`."""

OPTION_LIMIT: Final = 75
"""Of an option's text, and of its description.

Source: docs.slack.dev, option object.
"""

BLOCK_ID_LIMIT: Final = 255
BUTTON_VALUE_LIMIT: Final = 2_000
"""Source: docs.slack.dev, button element."""

MESSAGE_BLOCKS_LIMIT: Final = 50
VIEW_BLOCKS_LIMIT: Final = 100
"""Source: docs.slack.dev, Block Kit."""

FALLBACK_LIMIT: Final = 3_900
"""Top-level `text` below the 4,000 at which chat.update refuses.

Source: docs.slack.dev, chat.update, `msg_too_long`.
"""

MESSAGE_TEXT_BUDGET: Final = 12_000
"""Characters of all blocks of a message; posts fail near 13,200.

Source: slackapi/bolt-js issue 2509.
"""

REASON_SHOWN: Final = 300
"""Characters of a reason on the card; the rest is in the thread."""

PROSE_SHOWN: Final = 2_500
"""Characters of a reason or comment in a thread line or a DM."""

ELLIPSIS: Final = "…"


def visible(text: str) -> str:
    """Return `text` without what a reader cannot see but a screen obeys.

    Marks of direction, zero-width characters and controls go; newlines stay;
    half a surrogate pair becomes the replacement character.
    """
    shown = []
    for character in text.replace("\r\n", "\n"):
        category = unicodedata.category(character)
        if category == "Cs":
            shown.append("\ufffd")
        elif character == "\n" or category in {"Zl", "Zp"}:
            shown.append("\n")
        elif category == "Cc":
            shown.append(" ")
        elif category != "Cf":
            shown.append(character)
    return "".join(shown)


def one_line(text: str) -> str:
    """Return `text` made visible, on one line, with single blanks."""
    return " ".join(visible(text).split())


def length(text: str) -> int:
    """Return how long `text` is to Slack at worst: in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def clip(text: str, limit: int) -> str:
    """Return `text` with at most `limit` characters, an ellipsis if it was cut.

    An entity such as `&amp;` is kept whole or left out, so clip after escaping.
    """
    if length(text) <= limit:
        return text
    kept: list[str] = []
    room = limit - length(ELLIPSIS)
    for character in text:
        room -= length(character)
        if room < 0:
            break
        kept.append(character)
    cut = "".join(kept)
    start = cut.rfind("&")
    if start >= 0 and ";" not in cut[start:] and len(cut) - start < len("&amp;"):
        cut = cut[:start]
    return cut.rstrip() + ELLIPSIS


def escape(text: str) -> str:
    """Return `text` so that mrkdwn cannot ping, link or mention with it.

    Source: docs.slack.dev, formatting message text, "escaping text".
    """
    return visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def inline(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return `text` for the middle of a mrkdwn line: one line, escaped, clipped."""
    return clip(escape(one_line(text)), limit)


def to_sentence(why: str, subject: str = "This") -> str:
    """Return what core says of a field, where nothing around it names the field.

    `is blank; say why` becomes `This is blank; say why.`; what has a subject of
    its own only gets its capital and its full stop.
    """
    shown = one_line(why)
    if shown.partition(" ")[0] in {"is", "has", "must", "holds"}:
        shown = f"{subject} {shown}"
    shown = shown[:1].upper() + shown[1:]
    return shown if shown.endswith((".", "!", "?")) else f"{shown}."


def date_token(moment: datetime) -> str:
    """Return a time that every reader sees in their own time zone.

    Source: docs.slack.dev, formatting message text, "date formatting".
    """
    fallback = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    seconds = int(moment.timestamp())
    return f"<!date^{seconds}^{{date_short_pretty}} {{time}}|{fallback}>"


def spoken(duration: timedelta) -> str:
    """Return a duration as one says it: `1 h 30 min`, `45 s`.

    No number is parted from its unit at the end of a line.
    """
    seconds = int(duration.total_seconds())
    hours, seconds = divmod(seconds, 3_600)
    minutes, seconds = divmod(seconds, 60)
    units = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    parts = [f"{count}\u00a0{unit}" for count, unit in units if count]
    return " ".join(parts) or "0\u00a0s"


def short_name(email: str) -> str:
    """Return the part of an e-mail before the at sign."""
    return email.rpartition("@")[0] or email


def ordinal(number: int) -> str:
    """Return a number as a place in a row: `1st`, `2nd`, `11th`."""
    teens = {11, 12, 13}
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in teens else ending}"
