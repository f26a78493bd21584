"""Links between accounts in Slack and people, as JSON."""

from core.domain.audit import to_timestamp
from core.domain.identity import SlackAccount, SlackLink
from core.vocabulary import LinkMethod
from core.wire.fields import Fields
from core.wire.requests import JsonObject


def to_link(link: SlackLink) -> JsonObject:
    """Return a link."""
    return {
        "teamId": link.account.team_id,
        "userId": link.account.user_id,
        "identity": link.email,
        "method": link.method.value,
        "linkedBy": link.linked_by,
        "linkedAt": to_timestamp(link.linked_at),
    }


def from_link(fields: Fields) -> SlackLink:
    """Return the link that `to_link` wrote.

    Raises:
        Invalid: it did not write this.
    """
    return SlackLink(
        account=SlackAccount(
            team_id=fields.text("teamId"), user_id=fields.text("userId")
        ),
        email=fields.text("identity"),
        method=fields.one_of("method", LinkMethod),
        linked_by=fields.text("linkedBy"),
        linked_at=fields.moment("linkedAt"),
    )


def to_claim(code: str, *, is_confirmed: bool) -> JsonObject:
    """Return the body that names a link code."""
    return {"code": code, "confirm": is_confirmed}


def from_claim(fields: Fields) -> tuple[str, bool]:
    """Return the code, and whether it is confirmed; not so unless it says so.

    Raises:
        Invalid: naming the field.
    """
    return fields.text("code"), fields.boolean("confirm", default=False)
