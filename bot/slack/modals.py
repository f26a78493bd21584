"""The modals: a reason, a comment, a request, and how something ended."""

from typing import Final

from bot.slack import ids
from bot.slack.blocks import Block, checkbox, modal, plain, quote, section, text_input
from bot.slack.payloads import ViewMemory
from bot.slack.standing import asked_for
from bot.slack.text import PROSE_SHOWN, spoken, to_sentence
from core.domain.request import ElevationRequest
from core.domain.text import (
    PROSE_LIMIT,
    PROVIDER_LIMIT,
    ROLE_LIMIT,
    SCOPE_LIMIT,
)
from core.errors import Invalid

GLASS_WORDS: Final = "BREAK GLASS"
"""What has to be typed, in any case of letters, before the glass breaks.

Not the scope: it stands in the same form, where pasting it again proves nothing.
"""


def deny_modal(request: ElevationRequest, memory: ViewMemory) -> Block:
    """Return the form that asks why, below what is denied."""
    why = text_input(
        ids.REASON,
        "Why not?",
        limit=PROSE_LIMIT,
        multiline=True,
        hint=f"{request.requester} reads this, and it is kept in the audit log.",
    )
    return modal(
        title="Deny this request",
        submit="Deny",
        callback_id=ids.DENY_VIEW,
        private_metadata=memory.to_metadata(),
        blocks=[*_facts(request), why],
    )


def approve_modal(request: ElevationRequest, memory: ViewMemory) -> Block:
    """Return the form that asks for the comment policy wants of an approver."""
    comment = text_input(
        ids.COMMENT,
        "Comment",
        limit=PROSE_LIMIT,
        multiline=True,
        hint="Policy asks for one; it is kept in the audit log.",
    )
    return modal(
        title="Approve this request",
        submit="Approve",
        callback_id=ids.APPROVE_VIEW,
        private_metadata=memory.to_metadata(),
        blocks=[*_facts(request), comment],
    )


def request_modal() -> Block:
    """Return the form that asks for elevation."""
    return modal(
        title="Ask for a role",
        submit="Ask",
        callback_id=ids.REQUEST_VIEW,
        blocks=[
            text_input(
                ids.PROVIDER,
                "Provider",
                limit=PROVIDER_LIMIT,
                placeholder="such as local",
                hint="as your admins named it",
            ),
            text_input(ids.ROLE, "Role", limit=ROLE_LIMIT, placeholder="infra-admin"),
            text_input(
                ids.SCOPE,
                "Scope",
                limit=SCOPE_LIMIT,
                placeholder="staging, an account, a cluster …",
            ),
            text_input(
                ids.DURATION,
                "For how long",
                initial="1h",
                hint="30m, 2h or 1h30m, from approval",
            ),
            text_input(
                ids.REASON,
                "Reason",
                limit=PROSE_LIMIT,
                multiline=True,
                optional=True,
            ),
            checkbox(
                ids.BREAK_GLASS,
                "Break the glass",
                option="This is an emergency: I need it before anybody can say yes",
                description="Approvers are alerted, and one of them reviews it",
            ),
            text_input(
                ids.CONFIRMATION,
                f"In an emergency, type {GLASS_WORDS}",
                limit=40,
                optional=True,
                hint="Only together with the box above; policy has to allow it.",
            ),
        ],
    )


def revoke_modal(request: ElevationRequest, memory: ViewMemory) -> Block:
    """Return the form that ends a grant, below what ends."""
    is_early = request.issued_at is None
    why = text_input(
        ids.REASON,
        "Why?",
        limit=PROSE_LIMIT,
        multiline=True,
        optional=True,
        hint="Everybody who sees the card reads it; it is kept in the audit log.",
    )
    return modal(
        title="End this grant",
        submit="Revoke",
        callback_id=ids.REVOKE_VIEW,
        private_metadata=memory.to_metadata(),
        blocks=[*_facts(request, "is to get" if is_early else "has"), why],
    )


def extend_modal(request: ElevationRequest, memory: ViewMemory) -> Block:
    """Return the form that asks for more of what somebody has."""
    return modal(
        title="Ask for more time",
        submit="Ask",
        callback_id=ids.EXTEND_VIEW,
        private_metadata=memory.to_metadata(),
        blocks=[
            *_facts(request, "has"),
            text_input(
                ids.DURATION,
                "For how long",
                initial="1h",
                hint="30m, 2h or 1h30m, counted from when the new grant runs. Until "
                "then you keep the one you have, up to its end.",
            ),
            text_input(
                ids.REASON,
                "Reason",
                limit=PROSE_LIMIT,
                multiline=True,
                optional=True,
                hint="Without one it is the reason above.",
            ),
        ],
    )


def review_modal(request: ElevationRequest, memory: ViewMemory) -> Block:
    """Return the form that closes a review, below what is reviewed."""
    note = text_input(
        ids.NOTE,
        "What did you find?",
        limit=PROSE_LIMIT,
        multiline=True,
        hint=f"{request.requester} reads this, and it is kept in the audit log.",
    )
    return modal(
        title="Review break-glass",
        submit="Close the review",
        callback_id=ids.REVIEW_VIEW,
        private_metadata=memory.to_metadata(),
        blocks=[*_facts(request, "broke the glass for"), note],
    )


def result_modal(title: str, text: str) -> Block:
    """Return how something ended, in place of the form.

    Args:
        text: raw; Slack reads no markup in it.
    """
    return modal(
        title=title,
        close="Close",
        blocks=[section(plain(text), "result")],
    )


def marked_field(error: Invalid) -> Block:
    """Return the answer that marks one input of a form and keeps what was typed.

    Slack puts the text below the input and names the field nowhere.
    """
    errors = {error.field: to_sentence(error.why)}
    return {"response_action": "errors", "errors": errors}


def _facts(request: ElevationRequest, does: str = "asks for") -> list[Block]:
    """Return what a form is about: nothing is cut but a very long reason.

    Args:
        does: the verb between the requester and what they asked for.
    """
    ask = request.ask
    terms = f"Provider {ask.provider}, for {spoken(ask.duration)}"
    if not ask.break_glass:
        terms += " from approval"
    blocks = [
        section(plain(f"{request.requester} {does} {asked_for(request)}"), "what"),
        section(plain(terms), "terms"),
    ]
    if ask.reason:
        blocks.append(section(quote(ask.reason, PROSE_SHOWN), "why"))
    blocks.append(section(plain(str(request.id)), "id"))
    return blocks
