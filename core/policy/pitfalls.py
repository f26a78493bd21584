"""What rego-cpp reads otherwise than OPA, and would answer yes to; refused at load.

rego-cpp takes a name that nobody defined for an undefined value, whose negation is
true; it takes a file without a package for nothing; and inside `every` it loses the
variable under a `not`. OPA refuses the first two and gets the third right.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"""(?P<blank>[ \t\r]+|\#[^\n]*)
      |(?P<newline>\n)
      |(?P<template>\$"|\$`)
      |(?P<string>"(?:\\.|[^"\\\n])*"|`[^`]*`)
      |(?P<name>[A-Za-z_]\w*)
      |(?P<number>\d[\w.]*)
      |(?P<mark>:=|==|!=|<=|>=|.)""",
    re.VERBOSE,
)

_WORDS: Final = frozenset(
    {"as", "contains", "data", "default", "else", "every", "false", "if", "import"}
    | {"in", "input", "not", "null", "package", "set", "some", "true", "with"}
    | {"rego", "future", "keywords", "v1", "_"}
)
"""Words of the language, and the two documents that are always there."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


def find_pitfalls(modules: Mapping[str, str]) -> list[str]:
    """Return what would be read otherwise than by OPA, as `file:line: what`.

    Names are checked per file set, not per rule, so that a name which is bound
    anywhere counts as bound everywhere: this finds slips of the pen.
    """
    tokens = {name: list(_tokens(source)) for name, source in modules.items()}
    known = _WORDS.union(*(_bound(of_file) for of_file in tokens.values()))
    found = []
    for name, of_file in tokens.items():
        if not of_file or of_file[0].text != "package":
            found.append(f"{name}:1: does not begin with a package")
            continue
        found += [f"{name}:{line}: {what}" for line, what in _slips(of_file, known)]
    return found


def find_unasked(modules: Mapping[str, str], asked: Collection[str]) -> list[str]:
    """Return the files whose rules count for nothing, as `file: what`.

    A package with a slip of the pen compiles, and its denials deny nothing. One
    that another package names is used by it; this is for people to look at, and
    refuses nothing.

    Args:
        asked: the packages that are asked.
    """
    found = []
    for name, source in modules.items():
        package = _package(source)
        others = "\n".join(text for other, text in modules.items() if other != name)
        if package not in asked and not _is_named(package, others):
            wanted = " and ".join(sorted(asked))
            found.append(
                f"{name}: nothing asks or uses package {package}; "
                f"{wanted} are what is asked"
            )
    return found


def _package(source: str) -> str:
    """Return the name of a file's package."""
    tokens = list(_tokens(source))
    first = tokens[0].line if tokens else 0
    return "".join(token.text for token in tokens[1:] if token.line == first)


def _is_named(package: str, text: str) -> bool:
    """Tell whether a package, or what it is below, is used somewhere.

    What stands alone at the top says nothing: the packages that are asked have the
    same there.
    """
    parts = package.split(".")
    names = [".".join(parts[:end]) for end in range(min(2, len(parts)), len(parts) + 1)]
    return any(re.search(rf"\bdata\.{re.escape(name)}\b", text) for name in names)


def _tokens(source: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(source):
        kind, text = str(match.lastgroup), match.group()
        if kind not in {"blank", "newline"}:
            yield _Token(kind, text, line)
        line += text.count("\n")


def _bound(tokens: list[_Token]) -> set[str]:
    """Return the names that something in a file gives a value to."""
    bound: set[str] = set()
    depth = 0
    for place, token in enumerate(tokens):
        before = tokens[place - 1] if place else None
        is_first = before is None or before.line < token.line
        if depth == 0 and is_first:
            bound |= _in_head(tokens, place)
        if token.text in {"some", "every"}:
            bound |= _names_until(tokens, place + 1, {"in", ";", "}"})
        elif token.text in {":=", "="}:
            bound |= _on_the_left(tokens, place)
            if token.text == "=":
                bound |= {following.text for following in tokens[place + 1 : place + 2]}
        elif token.text == "[" and before and _is_indexed(before):
            bound |= _names_until(tokens, place + 1, {"]"})
        elif token.text == "walk":
            bound |= _names_until(tokens, place + 1, {")"})
        depth += (token.text in "{[(") - (token.text in "}])")
    return bound


def _in_head(tokens: list[_Token], place: int) -> set[str]:
    """Return what a statement at the left margin defines: a rule, an import."""
    if tokens[place].text == "import":
        line = [t for t in tokens[place:] if t.line == tokens[place].line]
        return {t.text for t in line if t.kind == "name"}
    if tokens[place].text == "default":
        place += 1
    head = tokens[place : place + 2]
    names = {token.text for token in head[:1] if token.kind == "name"}
    if len(head) > 1 and head[1].text == "(":
        names |= _names_until(tokens, place + 2, {")"})
    return names


def _names_until(tokens: list[_Token], place: int, ends: set[str]) -> set[str]:
    """Return the names from `place` to the end of the line or one of `ends`."""
    names = set()
    for index in range(place, len(tokens)):
        token = tokens[index]
        if token.text in ends or token.line > tokens[place].line:
            break
        if token.kind == "name" and tokens[index - 1].text != ".":
            names.add(token.text)
    return names


def _on_the_left(tokens: list[_Token], place: int) -> set[str]:
    """Return the names before an assignment, back to where its statement begins."""
    names = set()
    for index in range(place - 1, -1, -1):
        token = tokens[index]
        if token.line < tokens[place].line or token.text in {";", "|", "if"}:
            break
        if token.kind == "name":
            names.add(token.text)
    return names


def _slips(tokens: list[_Token], known: frozenset[str]) -> Iterator[tuple[int, str]]:
    for place, token in enumerate(tokens):
        if token.text == "every" and _has_not(tokens, place):
            yield (
                token.line,
                (
                    "`not` inside `every` is read wrongly by the embedded engine; "
                    "move it to a rule or function of its own, or use an OPA server"
                ),
            )
        if token.kind != "name" or token.text in known:
            continue
        if not _is_elsewhere(tokens, place) and not _is_called(tokens, place):
            yield token.line, f"nothing defines {token.text}"


def _has_not(tokens: list[_Token], place: int) -> bool:
    """Tell whether a `not` stands in the braces that follow an `every`."""
    depth = 0
    for token, following in zip(tokens[place:], tokens[place + 1 :], strict=False):
        depth += (token.text in "{[(") - (token.text in "}])")
        if depth < 0 or (depth == 0 and following.line > token.line):
            return False
        if depth > 0 and token.text == "not":
            return True
    return False


def _is_called(tokens: list[_Token], place: int) -> bool:
    """Tell whether a name begins a call; an unknown function is an error anyway."""
    index = place + 1
    while index + 1 < len(tokens) and tokens[index].text == ".":
        index += 2
    return index < len(tokens) and tokens[index].text == "("


def _is_elsewhere(tokens: list[_Token], place: int) -> bool:
    """Tell whether a name belongs to something else: a field, or the package."""
    if place > 0 and tokens[place - 1].text == ".":
        return True
    return tokens[0].text == "package" and tokens[place].line == tokens[0].line


def _is_indexed(before: _Token) -> bool:
    """Tell whether a bracket after this token looks something up."""
    is_name = before.kind == "name" and before.text not in _WORDS - {"input", "data"}
    return is_name or before.text in {"]", ")"}
