"""The shapes of people, and of signing in, as JSON Schema; beside `bot.api.schemas`.

Source: RFC 6749 section 5 and RFC 8628 section 3.2 for those of OAuth.
"""

from collections.abc import Mapping
from typing import Final

from bot.api.schemas import (
    FLAG,
    MOMENT,
    MOMENT_OR_NULL,
    NUMBER,
    TEXT,
    TEXT_OR_NULL,
    Schema,
    list_of,
    one_of,
    ref,
    shape,
)
from core.vocabulary import GroupSource, LinkMethod, Tier

TRUST_TIER: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": 4}

_LINK: Final[Mapping[str, Schema]] = {
    "teamId": TEXT,
    "userId": TEXT,
    "identity": TEXT,
    "method": one_of(LinkMethod),
    "linkedBy": TEXT,
    "linkedAt": MOMENT,
}

PEOPLE_SHAPES: Final[Mapping[str, Schema]] = {
    "GroupsFrom": shape(
        {
            "source": one_of(GroupSource),
            "groups": list_of(TEXT),
            "note": TEXT,
            "until": MOMENT_OR_NULL,
            "advice": TEXT,
        }
    ),
    "SlackLink": shape(_LINK),
    "Principal": shape(
        {
            "identity": TEXT,
            "trustTier": TRUST_TIER,
            "enrolledBy": TEXT_OR_NULL,
            "enrolledAt": MOMENT_OR_NULL,
            "lastSeenAt": MOMENT_OR_NULL,
            "notes": TEXT,
            "disabled": FLAG,
            "groups": list_of(TEXT),
            "groupSources": list_of(ref("GroupsFrom")),
            "slack": {"oneOf": [ref("SlackLink"), {"type": "null"}]},
        }
    ),
    "Finding": shape(
        {"code": TEXT, "problem": TEXT, "todo": TEXT, "asks": list_of(TEXT)}
    ),
    "ApproverReport": shape(
        {
            "checked": NUMBER,
            "findings": list_of(ref("Finding")),
            "notes": list_of(TEXT),
            "whole": FLAG,
        }
    ),
    "Preview": shape(
        {
            "requesterIdentity": TEXT,
            "refusal": TEXT_OR_NULL,
            "approverTier": one_of(Tier),
            "requiredApprovals": NUMBER,
            "approverGroups": list_of(TEXT),
            "notifyGroups": list_of(TEXT),
            "channel": TEXT_OR_NULL,
            "approvalNote": TEXT,
            "notified": list_of(TEXT),
            "candidates": list_of(
                shape(
                    {"identity": TEXT, "groups": list_of(TEXT), "whyNot": TEXT_OR_NULL}
                )
            ),
            "findings": list_of(ref("Finding")),
            "notes": list_of(TEXT),
        }
    ),
    "SignInOffer": shape(
        {
            "issuer": TEXT_OR_NULL,
            "clientId": TEXT_OR_NULL,
            "discoveryUrl": TEXT_OR_NULL,
            "scopes": list_of(TEXT),
            "slack": FLAG,
        }
    ),
    "OAuthError": shape({"error": TEXT, "error_description": TEXT}),
}
"""Every named shape of an answer about people or about signing in."""
