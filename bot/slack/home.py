"""App Home: what jitsudo is for, and a way to sign in a terminal."""

from bot.slack import ids
from bot.slack.blocks import Block, actions, button, headline, mrkdwn, plain, section
from bot.slack.usage import HELP


def home_view() -> Block:
    """Return App Home; it holds nothing of anybody's."""
    sign_in = (
        "*Sign in a terminal.* Type `jitsudo login --slack` on it; it shows a code for "
        "this button."
    )
    return {
        "type": "home",
        "blocks": [
            headline("jitsudo", "title"),
            section(mrkdwn(sign_in), "about_sign_in"),
            actions(
                [
                    button(
                        "Sign in a terminal",
                        action_id=ids.SIGN_IN,
                        value=ids.SIGN_IN,
                    )
                ],
                "sign_in",
            ),
            section(mrkdwn(HELP), "help"),
        ],
    }


def closed_home(why: str) -> Block:
    """Return App Home of somebody who may not use jitsudo.

    Args:
        why: raw text; Slack reads no markup in it.
    """
    return {
        "type": "home",
        "blocks": [headline("jitsudo", "title"), section(plain(why), "why")],
    }
