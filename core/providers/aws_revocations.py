"""Which sessions of a role have ended early, as one policy document says it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

POLICY_NAME: Final = "jitsudo-ended-sessions"
"""The one inline policy that jitsudo keeps on a role."""

SIZE_LIMIT: Final = 10_240
"""Characters in all inline policies of a role together, blanks not counted.

Source: IAM user guide, IAM and AWS STS quotas.
"""

_SID: Final = "Until%Y%m%d%HZ"
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class EndedSessions:
    """Sessions that are denied everything, until they would have ended anyway.

    Sessions that end within the same hour share a statement: 160 sessions that
    end together, or 130 that end over twelve hours, fit into a policy.

    Attributes:
        until: by `aws:userid`, `<role id>:<session name>`, the full hour from
            which on the session is nothing any more.

    Source: IAM user guide, global condition keys, `aws:userid`.
    """

    until: Mapping[str, datetime] = field(default_factory=dict)

    @classmethod
    def from_document(cls, document: object) -> Self:
        """Read a policy that jitsudo wrote.

        Raises:
            ValueError: somebody else wrote it, or changed it.
        """
        try:
            read = cls(until=dict(_sessions_in(document)))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            message = "it has other statements than jitsudo writes"
            raise ValueError(message) from error
        if _plain(read.to_document()) != _plain(document):
            message = "it differs from what jitsudo writes"
            raise ValueError(message)
        return read

    def to_document(self) -> dict[str, object]:
        """Return the policy: a denial of everything for each hour's sessions."""
        hours = sorted(set(self.until.values()))
        return {
            "Version": "2012-10-17",
            "Statement": [_denial(hour, self._ending_at(hour)) for hour in hours],
        }

    def to_text(self) -> str:
        """Return the policy without blanks."""
        return json.dumps(self.to_document(), separators=(",", ":"))

    def holds(self, userid: str, *, until: datetime) -> bool:
        """Tell whether a session is denied for as long as it could live."""
        known = self.until.get(userid)
        return known is not None and known >= until

    def and_with(self, other: "EndedSessions") -> "EndedSessions":
        """Return what either says, the later end where both name a session."""
        both = dict(self.until)
        for userid, until in other.until.items():
            both[userid] = max(until, both.get(userid, until))
        return EndedSessions(until=both)

    def and_session(self, userid: str, *, until: datetime) -> "EndedSessions":
        """Return the same with one session more, whose natural end is `until`."""
        return self.and_with(EndedSessions(until={userid: _next_hour(until)}))

    def without_past(self, now: datetime) -> "EndedSessions":
        """Return the same without sessions that have ended by themselves."""
        return EndedSessions(
            until={userid: end for userid, end in self.until.items() if end > now}
        )

    def _ending_at(self, hour: datetime) -> list[str]:
        return sorted(userid for userid, end in self.until.items() if end == hour)


def _denial(hour: datetime, userids: list[str]) -> dict[str, object]:
    return {
        "Sid": hour.strftime(_SID),
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:userid": userids}},
    }


def _sessions_in(document: object) -> Iterable[tuple[str, datetime]]:
    if not isinstance(document, Mapping):
        message = "a policy is a mapping"
        raise TypeError(message)
    for statement in _listed(document["Statement"]):
        hour = datetime.strptime(statement["Sid"], _SID).replace(tzinfo=UTC)
        for userid in _listed(statement["Condition"]["StringEquals"]["aws:userid"]):
            yield str(userid), hour


def _listed(value: Any) -> list[Any]:
    """Return the items of a list; IAM takes one alone for a list of it."""
    return value if isinstance(value, list) else [value]


def _plain(value: object) -> object:
    """Return a policy in the one form that equal policies share."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        items = [_plain(item) for item in value]
        return items[0] if len(items) == 1 else items
    return value


def _next_hour(time: datetime) -> datetime:
    """Return the full hour at or after a time."""
    full = time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return full if full == time else full + _HOUR
