"""The views of signing in a terminal: for its code, and for saying yes or no."""

from datetime import datetime, timedelta
from typing import Final

from bot.slack import ids
from bot.slack.blocks import (
    Block,
    actions,
    button,
    modal,
    mrkdwn,
    plain,
    section,
    text_input,
)
from bot.slack.text import clip, spoken
from core.domain.identity import SignIn
from core.domain.sign_in import HOST_LIMIT, TOKEN_TTL, words_to_type

TITLE: Final = "Sign in a terminal"

WARNING: Final = (
    "*Never confirm a code that somebody sent you*, whoever they say they are: they "
    "could then do everything you may do."
)

_CODE_LIMIT: Final = 24
"""Characters; a code has eight, and blanks or dashes between them."""

_ADDRESS_LIMIT: Final = 64


def code_modal() -> Block:
    """Return the form that asks for the code of a terminal."""
    return modal(
        title=TITLE,
        submit="Continue",
        callback_id=ids.CODE_VIEW,
        blocks=[
            text_input(
                ids.CODE,
                "The code that your terminal shows",
                limit=_CODE_LIMIT,
                placeholder="BCDF-GHJK",
                hint="jitsudo login --slack shows one. Nothing is signed in yet: you "
                "are asked on the next page.",
            ),
            section(mrkdwn(WARNING), "warning"),
        ],
    )


def sign_in_modal(sign_in: SignIn, now: datetime) -> Block:
    """Return the form that says what would be granted, and asks.

    Who confirms has to type something, so that nobody does by pressing Enter.
    """
    words = words_to_type(sign_in.host)
    is_name = words == sign_in.host
    label = "Type the machine's name to confirm" if is_name else "Type the word confirm"
    return modal(
        title=TITLE,
        submit="Confirm",
        callback_id=ids.SIGN_IN_VIEW,
        private_metadata=sign_in.user_code,
        blocks=[
            section(plain(_granted()), "granted"),
            section(plain(_asked(sign_in, now)), "machine_facts"),
            section(mrkdwn(WARNING), "warning"),
            actions(
                [
                    button(
                        "This is not mine",
                        action_id=ids.NOT_MINE,
                        value=ids.NOT_MINE,
                        style="danger",
                    )
                ],
                "refusal",
            ),
            text_input(ids.MACHINE, label, limit=HOST_LIMIT, hint=f"Type: {words}"),
        ],
    )


def signed_in(sign_in: SignIn) -> str:
    """Return what somebody reads who confirmed; raw text."""
    return (
        f"{_machine(sign_in)} is signed in as you for {spoken(TOKEN_TTL)}, as soon as "
        "it asks again.\n“jitsudo token list” shows what is signed in as you, “jitsudo "
        "token revoke” ends one of them at once. “jitsudo logout” on that terminal "
        "does it as well."
    )


def not_mine() -> str:
    """Return what somebody reads who refused; raw text."""
    return (
        "That terminal gets nothing, and the admins are told. If somebody sent you "
        "the code, tell them who it was."
    )


def _granted() -> str:
    return (
        f"A terminal wants to be signed in as you: for {spoken(TOKEN_TTL)} it may do "
        "everything that you may do in jitsudo, such as ask, approve and read."
    )


def _asked(sign_in: SignIn, now: datetime) -> str:
    """Return what is known of the machine; its name is only what it says."""
    minutes = max(0, (now - sign_in.created_at) // timedelta(minutes=1))
    ago = f"{spoken(timedelta(minutes=minutes))} ago" if minutes else "just now"
    address = clip(sign_in.address, _ADDRESS_LIMIT)
    # Nothing of ours follows the name, so that no name can go on in our words.
    named = f"says it is called {_quoted(sign_in.host)}"
    said = named if sign_in.host else "does not say what it is called"
    return f"It asked from the network address {address}, {ago}, and {said}"


def _machine(sign_in: SignIn) -> str:
    if not sign_in.host:
        return "The terminal"
    return f"The terminal on {_quoted(sign_in.host)}"


def _quoted(host: str) -> str:
    return "“" + host.replace("“", '"').replace("”", '"') + "”"
