"""The documents say what is there: sizes, links, variables, settings, commands."""

import re
import shlex
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import click
import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

import bot.settings
import core.settings
from bot.api import identities, oversight, people, requests
from bot.settings import BotSettings, SlackSettings, load_bot
from cli.main import COMMANDS, root
from core.auth_settings import AUTH_VARIABLES, AuthSettings
from core.duration import to_text
from core.errors import ConfigurationError
from core.providers.sealing import FernetSealer
from core.settings import CoreSettings, load_core
from core.settings_parts import core_part
from tests.support.documents import ROOT, Document, document, documents, source_files

_VARIABLE: Final = re.compile(r"(?<![A-Z_])JITSUDO_[A-Z_]*[A-Z]")
_NAMED: Final = re.compile(r"`jitsudo ([^`\n]+)`")
HELP: Final = ["-h", "--help"]
_WEB: Final = ("http://", "https://", "mailto:", "#")


def test_readme_has_at_most_120_lines() -> None:
    """A README that nobody finishes explains nothing."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


@pytest.mark.parametrize("page", documents(), ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page: Document) -> None:
    """Every link and picture that is a path exists, seen from its document."""
    targets = [
        link.partition("#")[0] for link in page.links() if not link.startswith(_WEB)
    ]

    missing = [target for target in targets if not (page.path.parent / target).exists()]

    assert missing == []


def test_every_decision_is_in_the_index() -> None:
    """`docs/adr/README.md` links each decision once, by ascending numbers."""
    written = sorted(path.name for path in (ROOT / "docs/adr").glob("[0-9]*.md"))

    assert document("docs/adr/README.md").links() == written


def test_every_decision_has_its_four_parts() -> None:
    """A decision tells context, decision, consequences and what else there was."""
    for path in (ROOT / "docs/adr").glob("[0-9]*.md"):
        lines = path.read_text(encoding="utf-8").splitlines()
        number, parts = (
            path.name[:4],
            [line for line in lines if line.startswith("## ")],
        )

        assert lines[0].startswith(f"# {number}: "), path.name
        assert parts == [
            "## Context",
            "## Decision",
            "## Consequences",
            "## What else there was",
        ], path.name
        assert len(lines) <= 70, f"{path.name} is longer than a page"


def test_documents_name_no_variable_that_the_code_does_not_know() -> None:
    """A variable that is only in the documents does nothing."""
    known = _variables("core", "bot", "cli", "tests")

    unknown = {
        page.name: found for page in documents() if (found := _in(page.text) - known)
    }

    assert unknown == {}


def test_every_variable_is_documented() -> None:
    """A variable that is only in the code is known to nobody."""
    documented = {name for page in documents() for name in _in(page.text)}

    assert _variables("core", "bot", "cli") - documented == set()


@pytest.mark.parametrize(
    ("variables", "settings", "prefix"),
    [
        (core.settings._VARIABLES, CoreSettings, ""),
        (AUTH_VARIABLES, AuthSettings, "auth."),
        (bot.settings._VARIABLES, BotSettings, ""),
        (bot.settings._SLACK_VARIABLES, SlackSettings, "slack."),
    ],
    ids=["core", "auth", "bot", "slack"],
)
def test_settings_table_has_each_variable_with_its_key_and_default(
    variables: Mapping[str, str], settings: type[BaseModel], prefix: str
) -> None:
    """The table in `docs/operating.md` is the settings classes, word for word."""
    rows = {row[:3] for row in document("docs/operating.md").rows()}

    expected = {
        (f"`{name}`", f"`{prefix}{key}`", _default(settings.model_fields[key]))
        for name, key in variables.items()
    }

    assert expected - rows == set()


def test_settings_file_in_the_documents_is_a_valid_one() -> None:
    """Whoever copies the example needs to add secrets and nothing else."""
    ((_, text),) = document("docs/operating.md").blocks("yaml")
    file = yaml.safe_load(text)

    core_settings = load_core({}, core_part(file))
    bot_settings = load_bot({}, file)

    assert to_text(core_settings.request_ttl) == "8h"
    with pytest.raises(ConfigurationError, match="base 64"):
        FernetSealer([key.get_secret_value() for key in core_settings.encryption_keys])
    assert bot_settings.slack is not None
    assert bot_settings.slack.is_socket_mode


@pytest.mark.parametrize("page", documents(), ids=lambda page: page.name)
def test_commands_in_documents_exist_with_their_flags(page: Document) -> None:
    """Each `jitsudo …` in a document names commands and flags that there are."""
    problems = [
        f"jitsudo {call}: {why}" for call in page.calls() if (why := _fault(call))
    ]

    assert problems == []


def test_commands_that_messages_and_comments_name_exist() -> None:
    """An error that says what to do next names something that can be done."""
    problems = [
        f"{path.relative_to(ROOT)}: jitsudo {call}: {why}"
        for path in source_files("core", "bot", "cli")
        for call in _NAMED.findall(path.read_text("utf-8"))
        if (why := _fault(re.sub(r"\{[^}]*\}", "x", call)))
    ]

    assert problems == []


def test_readme_names_every_command() -> None:
    """Whoever reads README and operating has met each command of the terminal."""
    named = {
        word
        for name in ("README.md", "docs/operating.md")
        for call in document(name).calls()
        for word in call.split()
    }

    assert set(COMMANDS) - named == set()


def test_every_route_of_the_api_is_documented() -> None:
    """The table in `docs/operating.md` has each method and path, and no other."""
    routes = {
        (route.method, f"`{route.path.removeprefix('/v1alpha1')}`")
        for part in (requests, oversight, people, identities)
        for route in part.routes()
    }

    documented = {
        row[:2]
        for row in document("docs/operating.md").rows()
        if row[0] in {"GET", "POST", "PUT", "DELETE"}
    }

    assert documented == routes


def test_no_source_file_is_over_300_lines() -> None:
    """A file that is too long does two things; this names it."""
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in source_files("core", "bot", "cli")
    }

    assert {name: lines for name, lines in lengths.items() if lines > 300} == {}


def _in(text: str) -> set[str]:
    return set(_VARIABLE.findall(text))


def _variables(*packages: str) -> set[str]:
    own = (ROOT / "tests/unit/test_documents.py").resolve()
    texts = [
        p.read_text("utf-8") for p in source_files(*packages) if p.resolve() != own
    ]
    return {name for text in texts for name in _in(text)}


def _default(field: FieldInfo) -> str:
    """Return how the table spells a setting's default."""
    match field.default:
        case _ if field.is_required():
            return "required"
        case None | ():
            return "-"
        case bool(value):
            return f"`{str(value).lower()}`"
        case tuple(words):
            return f"`{','.join(words)}`"
        case timedelta() as value:
            return f"`{to_text(value)}`"
        case value:
            return f"`{value}`"


def _fault(call: str) -> str:
    """Return what is wrong with the arguments of a `jitsudo` line; empty if fine."""
    command: click.Command = root
    ctx = click.Context(root, info_name="jitsudo")
    options = _options(root)
    words = iter(_words(call))
    for word in words:
        if word.startswith("-") and word != "-":
            option = options.get(word.partition("=")[0])
            if option is None:
                return f"{command.name} has no {word}"
            if not option.is_flag and "=" not in word:
                next(words, "")
        elif isinstance(command, click.Group) and word != "…":
            member = command.get_command(ctx, word)
            if member is None:
                return f"{command.name} has no command {word}"
            command = member
            options |= _options(member)
    return ""


def _options(command: click.Command) -> dict[str, click.Option]:
    found = command.get_params(click.Context(command, help_option_names=HELP))
    return {
        name: param
        for param in found
        if isinstance(param, click.Option)
        for name in param.opts
    }


def _words(call: str) -> list[str]:
    """Return the words up to what belongs to the shell or to another program."""
    lexer = shlex.shlex(call, posix=True, punctuation_chars="|&;<>()")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if word == "--" or set(word) <= set("|&;<>()"):
            break
        words.append(word)
    return words
