"""What rules may answer: defaults for the absent, an error for the ill-typed."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from core.domain.policy import DEFAULT_REASON, MAX_REQUIRED_APPROVALS, PolicyAnswer
from core.domain.text import PROSE_LIMIT
from core.errors import PolicyUnavailable
from core.vocabulary import PolicyPackage, Tier

ELIGIBILITY_RULES: Final = ("allow", "deny", "reason", "allow_break_glass")
APPROVAL_RULES: Final = (
    "allow",
    "deny",
    "reason",
    "approver_tier",
    "required_approvals",
    "approver_groups",
    "approver_group",
    "notify_groups",
    "channel",
    "allow_self_approval",
    "require_comment",
    "approval_note",
)
"""The rules that are read, by package; a policy's helper rules are its own."""

NAME_LIMIT: Final = 256
"""Most characters in a group's or a channel's name."""

LABEL_LIMIT: Final = 200
"""Most characters that are kept of a revision or a decision's id."""

MOST_MEMBERS: Final = 100
"""Most members of a set of groups or of `deny`."""

_T = TypeVar("_T")
_D = TypeVar("_D")


def rules_of(package: PolicyPackage) -> tuple[str, ...]:
    """Return the rules that are read from a package."""
    if package is PolicyPackage.ELIGIBILITY:
        return ELIGIBILITY_RULES
    return APPROVAL_RULES


def no_policy(package: PolicyPackage) -> PolicyUnavailable:
    """Return the error for a package that nobody wrote: no policy is not a no."""
    return PolicyUnavailable(
        why=f"no policy is loaded: there is no package {package.value}; "
        "`jitsudo policy init DIR` writes one to start from"
    )


def parse_answer(
    package: PolicyPackage,
    rules: Mapping[str, object],
    *,
    revision: str = "",
    decision_id: str = "",
) -> PolicyAnswer:
    """Return the answer that a package's rules spell, defaults filled in.

    Args:
        rules: the defined rules as plain JSON values; others are ignored.

    Raises:
        PolicyUnavailable: naming the first rule of the wrong type. Only
            `approver_tier` falls back, to `human`.
    """
    known = {name: rules[name] for name in rules_of(package) if name in rules}
    read = _Reader(package, known)
    deny = read.rule("deny", _texts, ())
    required = read.rule("required_approvals", _quorum, 1)
    tier = _tier(known.get("approver_tier"))
    if tier is Tier.AUTO and (deny or required != 1):
        tier = Tier.HUMAN
    group = read.rule("approver_group", _name, None)
    groups = set(read.rule("approver_groups", _names, ()))
    return PolicyAnswer(
        allow=read.rule("allow", _boolean, default=False),
        deny=deny,
        reason=read.rule("reason", _text, DEFAULT_REASON) or DEFAULT_REASON,
        allow_break_glass=read.rule("allow_break_glass", _boolean, default=False),
        tier=tier,
        required_approvals=required,
        approver_groups=tuple(sorted(groups | ({group} if group else set()))),
        notify_groups=read.rule("notify_groups", _names, None),
        channel=read.rule("channel", _name, None),
        allow_self_approval=read.rule("allow_self_approval", _boolean, default=False),
        require_comment=read.rule("require_comment", _boolean, default=False),
        approval_note=read.rule("approval_note", _text, ""),
        revision=revision,
        decision_id=decision_id,
    )


def to_label(text: str) -> str:
    """Return a server's name for something as it can be stored: printable, clipped."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for character in text[:LABEL_LIMIT]
    )


class _WrongType(Exception):
    """A value is not what its rule has to be; its text says what that is."""


class _Reader:
    """Reads rules of one package, and names the one that cannot be read."""

    def __init__(self, package: PolicyPackage, rules: Mapping[str, object]) -> None:
        self._package = package
        self._rules = rules

    def rule(self, name: str, parse: Callable[[object], _T], default: _D) -> _T | _D:
        """Return a rule's value, or `default` if it is undefined."""
        if name not in self._rules:
            return default
        try:
            return parse(self._rules[name])
        except _WrongType as error:
            why = f"rule {name} of {self._package.value} has to be {error}"
            raise PolicyUnavailable(why=why) from error


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        message = "true or false"
        raise _WrongType(message)
    return value


def _quorum(value: object) -> int:
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if (
        isinstance(number, bool)
        or not isinstance(number, int)
        or not 1 <= number <= MAX_REQUIRED_APPROVALS
    ):
        message = f"a whole number from 1 to {MAX_REQUIRED_APPROVALS}"
        raise _WrongType(message)
    return number


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = "a string"
        raise _WrongType(message)
    return _presentable(value)


def _name(value: object) -> str:
    if not isinstance(value, str) or not _is_name(value):
        message = f"a name of 1 to {NAME_LIMIT} printable characters"
        raise _WrongType(message)
    return value


def _texts(value: object) -> tuple[str, ...]:
    return tuple(sorted({_presentable(text) or "denied" for text in _strings(value)}))


def _names(value: object) -> tuple[str, ...]:
    return tuple(sorted({_name(text) for text in _strings(value)}))


def _strings(value: object) -> list[str]:
    """Return the members of a set; OPA spells sets as lists."""
    members = value if isinstance(value, list) else [None]
    strings = [member for member in members if isinstance(member, str)]
    if len(members) > MOST_MEMBERS or len(strings) != len(members):
        message = f"a set of at most {MOST_MEMBERS} strings"
        raise _WrongType(message)
    return strings


def _tier(value: object) -> Tier:
    """Return the tier; only this rule falls back, because `human` is strictest."""
    return Tier(value) if isinstance(value, str) and value in set(Tier) else Tier.HUMAN


def _is_name(text: str) -> bool:
    return bool(text.strip()) and len(text) <= NAME_LIMIT and text.isprintable()


def _presentable(text: str) -> str:
    """Return a text that can be stored and shown: no control characters, clipped."""
    clean = "".join(
        character
        if character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cs"}
        else "\N{REPLACEMENT CHARACTER}"
        for character in text[:PROSE_LIMIT]
    )
    return clean.strip()
