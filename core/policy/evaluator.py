"""The child process that evaluates Rego: fed by a pipe, in an empty environment.

One JSON document per line each way; every answer carries the id of its question. Of
this project it imports only what it needs, so that it starts fast.

Free text never leaves as text: regopy prints strings as they are stored, so each
rule is asked separately and each string passes `base64.encode`, and nothing that
somebody typed is ever parsed. Strings are stored the way JSON escapes them, except
those of the input; so they are escaped on the way in and unescaped on the way out,
and equal ones are equal.
"""

import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any, TypeAlias

import regopy

from core.policy.rego_values import ELEMENT, Refused, give, message, place, value

Files: TypeAlias = dict[str, str]

MOST_MEMORY_BYTES = 512 * 1024 * 1024
"""The memory that a policy may need; one that wants more ends this process.

No resource limit can say this: rego-cpp reserves 256 GiB of address space at once.
"""

WATCH_SECONDS = 0.02
"""How often memory is looked at; waking for each question would slow it down."""

MOST_BYTES = 262_144
"""The longest answer that is given."""


class Policy:
    """A compiled set of policy files."""

    def __init__(
        self, files: Files, data: Iterable[str], rules: dict[str, list[str]]
    ) -> None:
        """Compile.

        Args:
            rules: which rules are read, by package.

        Raises:
            Refused: naming the file where that is known.
        """
        self._interpreter = regopy.Interpreter()
        self._interpreter.log_level = regopy.LogLevel.NONE
        # Otherwise what a built-in cannot do is undefined, and its negation true.
        self._interpreter.strict_built_in_errors = True
        for name, source in files.items():
            self._add(name, source)
        for document in data:
            self._interpreter.add_data_json(document)
        self._rules = rules
        self._queries = {
            package: self._build(
                "x = [" + ", ".join(ELEMENT % (package, name) for name in names) + "]"
            )
            for package, names in rules.items()
        }

    def has(self, package: str, question: Any) -> bool:
        """Tell whether a package exists, evaluating the whole of it once."""
        query = self._build(f"x = count([1 | v := data.{package}; is_object(v)])")
        return bool(self._run(query, question))

    def answer(self, package: str, question: Any) -> dict[str, Any]:
        """Return the defined rules of a package as plain values."""
        elements = self._run(self._queries[package], question)
        return {
            name: value(*element[0])
            for name, element in zip(self._rules[package], elements, strict=True)
            if element
        }

    def _add(self, name: str, source: str) -> None:
        try:
            self._interpreter.add_module(name, source)
        except regopy.RegoError as error:
            raise Refused(why=f"{name}{place(str(error), source)}") from error

    def _build(self, query: str) -> Any:
        bundle = self._interpreter.build(query)
        if not bundle.ok():
            raise Refused(why=message(bundle.node()))
        return bundle

    def _run(self, query: Any, question: Any) -> Any:
        give(self._interpreter, question)
        try:
            output = self._interpreter.query_bundle(query)
        except (ValueError, regopy.RegoError) as error:
            why = "no readable result; is a function called that does not exist?"
            raise Refused(why=why) from error
        if not output.ok():
            raise Refused(why=message(output.node()))
        if not output.results:
            raise Refused(why="no result")
        return output.results[0].bindings["x"]


def load(order: dict[str, Any]) -> tuple[Policy, list[str]]:
    """Return a policy, and the packages it has, after asking each of them once."""
    files: Files = order["files"]
    try:
        return _load(files, order)
    except Refused as error:
        why = str(error)
        if why.startswith(tuple(f"{name}:" for name in files)):
            raise
        name = _culprit(files, order) if len(files) > 1 else next(iter(files), "")
        raise Refused(why=f"{name}: {why}") from error


def _load(files: Files, order: dict[str, Any]) -> tuple[Policy, list[str]]:
    policy = Policy(files, order["data"], order["rules"])
    packages = []
    for package, question in order["samples"].items():
        if policy.has(package, question):
            packages.append(package)
            policy.answer(package, question)
    return policy, packages


def _culprit(files: Files, order: dict[str, Any]) -> str:
    """Return the files without any one of which the set would do."""
    guilty = []
    for name in files:
        try:
            _load({n: text for n, text in files.items() if n != name}, order)
        except Refused:
            continue
        guilty.append(name)
    return ", ".join(guilty[:3]) or "all files together"


def _handle(order: dict[str, Any], policy: Policy | None) -> tuple[Any, Policy | None]:
    """Return the answer to an order, and the policy that is loaded afterwards."""
    if "hello" in order:
        return {"hello": regopy.__version__}, policy
    try:
        if "files" in order:
            policy, packages = load(order)
            return {"packages": packages}, policy
        if policy is None:
            return {"refused": "no policy is loaded"}, None
        return {"rules": policy.answer(order["package"], order["question"])}, policy
    except Refused as error:
        return {"refused": str(error)}, policy


def main() -> None:
    """Answer until the pipe is closed."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a policy's print() must not look like an answer
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_watch_memory, daemon=True).start()
    policy: Policy | None = None
    for line in sys.stdin.buffer:
        order = json.loads(line)
        # Unhandled, this signal ends the process even inside a loop of Rego's, and
        # even when nobody is left who would end it.
        signal.setitimer(signal.ITIMER_REAL, order["seconds"])
        answer, policy = _handle(order, policy)
        signal.setitimer(signal.ITIMER_REAL, 0)
        reply = json.dumps({"id": order["id"], **answer})
        if len(reply) > MOST_BYTES:
            reply = json.dumps({"id": order["id"], "refused": "the answer is too long"})
        replies.write(reply.encode() + b"\n")
        replies.flush()


def _watch_memory() -> None:
    """End this process when it has grown too far; evaluation does not hold the GIL."""
    while True:
        if _memory() > MOST_MEMORY_BYTES:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(WATCH_SECONDS)


def _memory() -> int:
    """Return the bytes of memory that this process holds.

    Linux says so in pages. Its `ru_maxrss` begins with what the parent held, so that
    a large server would have no policy at all.

    Source: proc_pid_statm(5), getrusage(2).
    """
    try:
        with open("/proc/self/statm", encoding="ascii") as pages:  # noqa: PTH123 - starts fast
            return int(pages.read().split()[1]) * resource.getpagesize()
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
