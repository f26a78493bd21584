"""Principals, and where their groups come from, as JSON."""

from core.approvals import PolicyReload, PrincipalFacts
from core.domain.identity import GroupsFrom
from core.vocabulary import GroupSource
from core.wire.fields import Fields
from core.wire.identities import from_link, to_link
from core.wire.requests import JsonObject, to_moment


def to_groups_from(answer: GroupsFrom) -> JsonObject:
    """Return what one source says of somebody's groups."""
    return {
        "source": answer.source.value,
        "groups": sorted(answer.groups),
        "note": answer.note,
        "until": to_moment(answer.until),
        "advice": answer.advice,
    }


def from_groups_from(fields: Fields) -> GroupsFrom:
    """Return what `to_groups_from` wrote.

    Raises:
        Invalid: it did not write this.
    """
    return GroupsFrom(
        source=fields.one_of("source", GroupSource),
        groups=frozenset(fields.texts("groups")),
        note=fields.text("note", default=""),
        until=fields.moment_or_none("until"),
        advice=fields.text("advice", default=""),
    )


def to_principal(facts: PrincipalFacts) -> JsonObject:
    """Return a principal: the reference's keys, then ours."""
    return {
        "identity": facts.email,
        "trustTier": facts.trust_tier,
        "enrolledBy": facts.enrolled_by,
        "enrolledAt": to_moment(facts.enrolled_at),
        "lastSeenAt": to_moment(facts.last_seen_at),
        "notes": facts.notes,
        "disabled": facts.is_disabled,
        "groups": list(facts.groups),
        "groupSources": [to_groups_from(answer) for answer in facts.sources],
        "slack": None if facts.link is None else to_link(facts.link),
    }


def from_principal(fields: Fields) -> PrincipalFacts:
    """Return what `to_principal` wrote.

    Raises:
        Invalid: it did not write this.
    """
    return PrincipalFacts(
        email=fields.text("identity"),
        trust_tier=fields.integer("trustTier"),
        is_disabled=fields.boolean("disabled"),
        notes=fields.text("notes", default=""),
        enrolled_by=fields.text_or_none("enrolledBy"),
        enrolled_at=fields.moment_or_none("enrolledAt"),
        last_seen_at=fields.moment_or_none("lastSeenAt"),
        sources=fields.objects("groupSources", from_groups_from),
        link=from_link(fields.inner("slack")) if fields.has("slack") else None,
    )


def to_reload(reload: PolicyReload) -> JsonObject:
    """Return what is in force after a look for a newer policy."""
    return {
        "policiesLoaded": reload.loaded,
        "revision": reload.revision,
        "detail": reload.detail,
    }


def from_reload(fields: Fields) -> PolicyReload:
    """Return what `to_reload` wrote.

    Raises:
        Invalid: it did not write this.
    """
    return PolicyReload(
        loaded=fields.integer("policiesLoaded"),
        revision=fields.text("revision", default=""),
        detail=fields.text("detail", default=""),
    )
