"""`jitsudo policy`: try a question, check a directory, start with one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from cli.errors import FAILED
from cli.group import Lazy, command, group
from cli.parameters import read_input
from cli.terminal import Terminal
from cli.text import labelled
from core.domain.policy import PolicyAnswer
from core.vocabulary import PolicyPackage

_TYPES = {
    "eligibility": PolicyPackage.ELIGIBILITY,
    "approval": PolicyPackage.APPROVAL,
}


_ELSEWHERE: Final = {
    "doctor": Lazy(
        "cli.doctor:doctor",
        "Find requests that nobody could approve: pending, or asked for lately.",
    ),
}
"""A command in a file of its own."""


@group(
    "policy",
    lazy=_ELSEWHERE,
    examples=(
        "jitsudo policy init ./policies",
        "jitsudo policy check ./policies",
        "jitsudo policy eval --type approval --input @question.json",
        "jitsudo policy doctor",
    ),
)
def policy(_terminal: Terminal) -> None:
    """Try out, check and start a policy."""


def _document(
    ctx: click.Context, param: click.Parameter, value: str
) -> Mapping[str, object]:
    """Return the JSON object that was given, in a file, or on standard input."""
    if value == "-":
        value = read_input(ctx, param)
    elif value.startswith("@"):
        try:
            value = Path(value[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            message = f"{value[1:]} cannot be read: {error}"
            raise click.BadParameter(message, ctx, param) from error
    try:
        document = json.loads(value)
    except (ValueError, RecursionError) as error:
        message = f"is not JSON: {error}"
        raise click.BadParameter(message, ctx, param) from error
    if not isinstance(document, dict):
        message = "has to be a JSON object, such as the `input` of a policy"
        raise click.BadParameter(message, ctx, param)
    return document


@policy.add
@command(
    "eval",
    examples=(
        "jitsudo policy eval --type approval --input @question.json",
        "jitsudo policy eval --package jitsudo.eligibility --input - < question.json",
    ),
)
@click.option(
    "--input",
    "document",
    required=True,
    metavar="JSON|@FILE|-",
    callback=_document,
    help="The input document; - reads standard input.",
)
@click.option(
    "--type",
    "kind",
    type=click.Choice(list(_TYPES)),
    help="Which package to ask, by its short name.",
)
@click.option(
    "--package",
    type=click.Choice([package.value for package in PolicyPackage]),
    help="Which package to ask.",
)
async def evaluate(
    terminal: Terminal,
    *,
    document: Mapping[str, object],
    kind: str | None,
    package: str | None,
) -> None:
    """Ask the server's policy a made-up question; nothing is decided.

    The document is `input` as policy sees it. Without --type and --package
    its `action` says which package is asked: eligibility for `submit`,
    approval for everything else.
    """
    asked = _package(document, kind, package)
    async with terminal.connect(terminal) as connection:
        answer = await connection.approvals.evaluate(asked, document)
    if not terminal.is_table:
        terminal.dump(_to_object(asked, answer))
        return
    pairs = [("allowed", str(answer.is_allowed).lower())]
    if not terminal.flags.quiet and not answer.is_allowed:
        pairs.append(("reason", answer.refusal))
    for line in labelled(pairs):
        terminal.say(line)
    if not terminal.flags.quiet and asked is PolicyPackage.APPROVAL:
        terminal.note(
            f"tier {answer.tier}, {answer.required_approvals} approvals, "
            f"by {', '.join(answer.approver_groups) or 'nobody named'}"
        )


def _package(
    document: Mapping[str, object], kind: str | None, package: str | None
) -> PolicyPackage:
    named = {_TYPES[kind]} if kind else set()
    if package:
        named.add(PolicyPackage(package))
    if len(named) > 1:
        message = "--type and --package name different packages; give one of them"
        raise click.UsageError(message)
    if named:
        return named.pop()
    is_submission = document.get("action") == "submit"
    return PolicyPackage.ELIGIBILITY if is_submission else PolicyPackage.APPROVAL


def _to_object(package: PolicyPackage, answer: PolicyAnswer) -> dict[str, object]:
    groups = answer.notify_groups
    return {
        "package": package.value,
        "allowed": answer.is_allowed,
        "allow": answer.allow,
        "deny": list(answer.deny),
        "reason": answer.reason,
        "allow_break_glass": answer.allow_break_glass,
        "approver_tier": answer.tier.value,
        "required_approvals": answer.required_approvals,
        "approver_groups": list(answer.approver_groups),
        "notify_groups": list(answer.approver_groups if groups is None else groups),
        "channel": answer.channel,
        "allow_self_approval": answer.allow_self_approval,
        "require_comment": answer.require_comment,
        "approval_note": answer.approval_note,
        "policy_revision": answer.revision,
    }


@policy.add
@command("check", examples=("jitsudo policy check ./policies",))
@click.argument(
    "directory", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
def check(terminal: Terminal, *, directory: Path) -> None:
    """Compile a directory of policies, and tell what is wrong with it.

    The engine inside jitsudo tries it, and an `opa` binary where there is one: each
    refuses some things that the other takes. The exit code is 1 if anything is wrong.
    A package that nothing asks or uses is noted: its name may be mistyped.
    """
    from core.policy.bundle import (  # noqa: PLC0415 - loads slowly
        check_directory,
        unasked_files,
    )

    problems = check_directory(directory)
    notes = [] if problems else unasked_files(directory)
    if not terminal.is_table:
        terminal.dump({"ok": not problems, "problems": problems, "notes": notes})
    elif problems:
        for problem in problems:
            terminal.warn(problem)
    else:
        terminal.say(f"{directory}: no problems found")
        for note in notes:
            terminal.warn(f"note: {note}")
    if problems:
        raise click.exceptions.Exit(FAILED)


@policy.add
@command("init", examples=("jitsudo policy init ./policies",))
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
def init(terminal: Terminal, *, directory: Path) -> None:
    """Write the starter policy and a groups file into a directory.

    Nothing that is there already is overwritten.
    """
    from core.policy.bundle import write_starter  # noqa: PLC0415 - loads slowly

    written = [str(path) for path in write_starter(directory)]
    if not terminal.is_table:
        terminal.dump(written)
        return
    for path in written:
        terminal.say(path)
    terminal.note(f"Next: edit them, then `jitsudo policy check {directory}`.")
