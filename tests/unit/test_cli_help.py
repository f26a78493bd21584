"""The command tree: help with examples, nothing accepted and ignored, quick to load."""

import json
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from cli.group import LazyGroup
from cli.main import COMMANDS, root
from tests.support.terminals import TestTerminal


def _walk(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            member = command.get_command(context, name)
            assert member is not None, f"{name} is listed but not there"
            yield from _walk(member, (*path, name))


_ALL = dict(_walk(root))


@pytest.mark.parametrize("path", _ALL, ids=" ".join)
def test_every_help_has_an_example(
    terminal: TestTerminal, path: tuple[str, ...]
) -> None:
    """Help shows the command as it would be typed, and the global flags."""
    result = terminal.run(*path, "--help")

    assert result.exit_code == 0
    heading, _, examples = result.stdout.partition("Examples:")
    assert "jitsudo" in examples, "no example"
    assert "--server URL" in heading + examples
    assert terminal.run(*path, "-h").stdout == result.stdout


def test_the_table_of_commands_says_what_the_commands_say() -> None:
    """The summaries that help shows without an import are the commands' own."""
    groups = {path: c for path, c in _ALL.items() if isinstance(c, LazyGroup)}

    for path, found in groups.items():
        for name, lazy in found.lazy.items():
            help_text = _ALL[*path, name].help or ""
            first = " ".join(help_text.split("\n\n")[0].split())
            assert lazy.summary == first, f"{name}: {first}"


@pytest.mark.parametrize(
    "line",
    [
        "bogus",
        "policy update",
        "audit bogus",
        "audit verify extra",
        "audit --user bob@example.com verify",
        "audit list extra",
        "whoami extra",
        "server status extra",
        "-o csv status",
        "status -o csv",
        "-o xml status",
        "status --limit 0",
        "status --limit 501",
        "audit --since yesterday",
        "audit verify --checkpoint 12",
        "request --provider local --role r --scope s --timeout 5m",
        "request --provider local --role r --scope s --duration 0",
        "request --provider local --role r --scope s --duration -1h",
        "request --provider local --role r --scope s --duration 9999999h",
        "request --provider local --role r",
        "request --provider local --role r --scope",
        "exec req_01J8KZ4F2EMNQZ3V7XKQYBD4WA",
        "exec req_01J8KZ4F2EMNQZ3V7XKQYBD4WA --wait soon -- true",
        "shell",
        "shell req_01J8KZ4F2EMNQZ3V7XKQYBD4WA extra",
        "request --provider local --role r --scope s extra",
        "request --provider local --role r --scope s --wait -- kubectl get pods",
        "request --provider local --role r --scope s --exec",
        "request --provider local --role r --scope s --exec -o json -- true",
        "completion tcsh",
    ],
)
def test_nothing_is_accepted_and_ignored(terminal: TestTerminal, line: str) -> None:
    """A stray word, an unknown value, a missing one: usage error, exit code 2."""
    result = terminal.run(*line.split())

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Error: " in result.stderr
    assert terminal.approvals.asked == []


@pytest.mark.parametrize(
    ("line", "is_offered"),
    [
        ("--help", False),
        ("server --help", False),
        ("status --help", False),
        ("audit --help", True),
        ("audit list --help", True),
    ],
)
def test_csv_is_offered_only_by_audit(
    terminal: TestTerminal, line: str, *, is_offered: bool
) -> None:
    """A group whose members cannot write it does not show it."""
    assert ("csv" in terminal.run(*line.split()).stdout.split("Examples")[0]) is (
        is_offered
    )


@pytest.mark.parametrize("line", ["serve", "demo", "server check"])
def test_the_servers_commands_have_the_help_of_the_others(
    terminal: TestTerminal, line: str
) -> None:
    """Global options apart, and examples as they are typed."""
    told = terminal.run(*line.split(), "--help").stdout

    assert "\nGlobal options:\n" in told
    assert f"\nExamples:\n  jitsudo {line}\n" in told
    assert "--debug" not in told.split("Global options:")[0]


def test_csv_may_be_named_before_audit(terminal: TestTerminal) -> None:
    """A flag before the command is checked against what the command can write."""
    result = terminal.run("-o", "csv", "audit")

    assert result.exit_code == 0
    assert result.stdout.startswith("timestamp,actor,action,request_id,")


def test_the_version_is_printed(terminal: TestTerminal) -> None:
    """`--version` names the product and its version."""
    assert terminal.run("--version").stdout == "jitsudo 0.1.0\n"


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_prints_a_script(terminal: TestTerminal, shell: str) -> None:
    """The script calls jitsudo for its words."""
    result = terminal.run("completion", shell)

    assert "_JITSUDO_COMPLETE" in result.stdout


def test_the_shell_is_told_our_words() -> None:
    """Completing a command's first letters gives its name, importing nothing."""
    result = subprocess.run(
        [sys.executable, "-m", "cli"],
        env={
            "_JITSUDO_COMPLETE": "zsh_complete",
            "COMP_WORDS": "jitsudo app",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.stdout.split("\n")[:2] == ["plain", "approve"]


_HEAVY = (
    *("sqlalchemy", "slack_bolt", "slack_sdk", "aiohttp", "alembic", "httpx"),
    *("segno", "core.remote.renewal", "core.remote.device_flow"),
)
_REPORT = (
    "import json, sys; from cli.main import run; from cli.terminal import Terminal\n"
    "code = run(sys.argv[1:], Terminal())\n"
    "print(json.dumps([code, sorted(sys.modules)]))"
)


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (("--help",), 0),
        (("approve", "--help"), 0),
        (("login", "--help"), 0),
        (("status", "--server", "http://127.0.0.1:9", "--token", "t"), 7),
        (("approve", "req_01J8KZ4F2EMNQZ3V7XKQYBD4WA"), 1),
        (
            (
                "exec",
                "req_01J8KZ4F2EMNQZ3V7XKQYBD4WA",
                "--server=http://127.0.0.1:9",
                "--token=t",
                "--",
                "/bin/sh",
            ),
            7,
        ),
    ],
)
def test_what_is_typed_often_loads_little(
    arguments: tuple[str, ...], exit_code: int
) -> None:
    """Neither the store nor Slack nor an HTTP framework is imported."""
    result = subprocess.run(
        [sys.executable, "-c", _REPORT, *arguments],
        env={"JITSUDO_HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )

    code, modules = json.loads(result.stdout.splitlines()[-1])
    assert code == exit_code, result.stderr
    assert [name for name in _HEAVY if name in modules] == []


def test_help_loads_neither_commands_nor_pydantic() -> None:
    """The table of commands is enough for `jitsudo --help`."""
    result = subprocess.run(
        [sys.executable, "-c", _REPORT, "--help"],
        env={},
        capture_output=True,
        text=True,
        check=True,
    )

    _, modules = json.loads(result.stdout.splitlines()[-1])
    places = {lazy.place.partition(":")[0] for lazy in COMMANDS.values()}
    assert places & set(modules) == set()
    assert {"pydantic", "yaml", "asyncio", "ssl", "segno"} & set(modules) == set()
