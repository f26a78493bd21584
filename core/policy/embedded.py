"""Rego without a server: rego-cpp in a child process, reloaded when files change."""

import asyncio
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import structlog
from typing_extensions import override

from core.clock import Deadline
from core.domain.policy import PolicyAnswer, PolicyHealth, PolicyQuestion
from core.errors import ConfigurationError, PolicyUnavailable
from core.policy.answers import no_policy, parse_answer
from core.policy.child import EvaluatorProcess, Unreached
from core.policy.documents import to_document
from core.policy.files import SETTING, Stamp, take_stamp
from core.policy.loading import (
    LOAD_SECONDS,
    Loaded,
    check_regopy,
    load_policy,
    read_policy,
)
from core.ports import PolicyEngine
from core.vocabulary import PolicyPackage

BUDGET_SECONDS: Final = 1.0
"""The longest that one question may take; past it the child is killed."""

CHECK_SECONDS: Final = 1.0
"""How often, at most, the directory is looked at for changes."""

_CLOSED: Final = "the policy engine is closed"

_T = TypeVar("_T")

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class EmbeddedEngine(PolicyEngine):
    """Answers by the Rego of a directory.

    Changed files are loaded beside the questions, which the policy before them goes
    on answering; whoever asks neither waits for them nor ends their loading.
    """

    def __init__(
        self, *, directory: Path, loaded: Loaded, stamp: Stamp, check_seconds: float
    ) -> None:
        """Use `open`, which loads the policy."""
        self._directory = directory
        self._check_seconds = check_seconds
        self._loaded = loaded
        self._stamp = stamp
        self._checked_at = asyncio.get_running_loop().time()
        self._retired: list[EvaluatorProcess] = []
        self._reloading: asyncio.Task[None] | None = None
        self._restarting: asyncio.Task[str] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._unreadable = ""
        self._refused = ""
        self._is_closed = False

    @classmethod
    async def open(
        cls, directory: Path, *, check_seconds: float = CHECK_SECONDS
    ) -> Self:
        """Load a policy directory.

        Raises:
            ConfigurationError: regopy does not run here, or the directory's files
                cannot be used; names the file, in one line.
        """
        await check_regopy()
        stamp = take_stamp(directory)
        files = read_policy(directory)
        if not files.modules:
            raise ConfigurationError(
                setting=SETTING,
                why=f"{directory} holds no .rego files; "
                f"`jitsudo policy init {directory}` writes some to start from",
            )
        return cls(
            directory=directory,
            loaded=await load_policy(directory, files),
            stamp=stamp,
            check_seconds=check_seconds,
        )

    @override
    async def ask(
        self, question: PolicyQuestion, deadline: Deadline | None = None
    ) -> PolicyAnswer:
        """Answer one question by the newest policy, within a second.

        Raises:
            PolicyUnavailable: the policy took too long, ended its process, or its
                answer is not clear.
            DeadlineExceeded: there was no time left to ask.
        """
        package = question.package
        order = {"package": package.value, "question": to_document(question)}
        try:
            async with asyncio.timeout(_left(deadline, LOAD_SECONDS)):
                await self._current()
            async with asyncio.timeout(_left(deadline, BUDGET_SECONDS)):
                return await self._ask(package, order)
        except TimeoutError as error:
            raise PolicyUnavailable(why="the policy did not answer in time") from error

    async def _ask(
        self, package: PolicyPackage, order: Mapping[str, object]
    ) -> PolicyAnswer:
        """Ask until a child has turned to the order: a dead one's queue moves on."""
        while True:
            loaded = await self._current()
            if package.value not in loaded.packages:
                raise no_policy(package)
            try:
                reply = await loaded.process.ask(order, seconds=BUDGET_SECONDS)
            except Unreached:
                continue
            rules = _rules_in(reply)
            return parse_answer(package, rules, revision=loaded.files.revision)

    @override
    async def health(self) -> PolicyHealth:
        """Tell which policy is in force, and what is wrong with a newer one."""
        try:
            async with asyncio.timeout(LOAD_SECONDS):
                loaded = await self._current()
        except TimeoutError:
            why = f"{self._directory} took too long to load"
            return PolicyHealth(is_ready=False, revision="", detail=why)
        except PolicyUnavailable as error:
            return PolicyHealth(is_ready=False, revision="", detail=error.why)
        missing = [p.value for p in PolicyPackage if p.value not in loaded.packages]
        detail = f"{len(loaded.files.modules)} files in {self._directory}"
        if missing:
            detail = f"{detail}, but no package {' and no '.join(missing)}"
        problem = self._unreadable or self._refused
        if problem:
            detail = f"{problem}; the policy before it stays in force"
        if self._reloading is not None:
            detail = f"{detail}; changed files are being loaded"
        return PolicyHealth(
            is_ready=not missing,
            revision=loaded.files.revision,
            detail=detail,
            files=tuple(loaded.files.modules),
        )

    @override
    async def reload(self) -> PolicyHealth:
        """Look at the directory now, and wait until what changed is in force.

        Raises:
            PolicyUnavailable: it cannot be loaded; the policy before it stays.
        """
        self._checked_at = float("-inf")
        await self._current()
        if self._reloading is not None:
            await asyncio.wait({self._reloading}, timeout=LOAD_SECONDS)
        problem = self._unreadable or self._refused
        if problem:
            raise PolicyUnavailable(why=f"{problem}; the policy before it stays")
        return await self.health()

    @override
    async def close(self) -> None:
        """End the child process, those that were replaced, and what is being loaded."""
        self._is_closed = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        processes, self._retired = [*self._retired, self._loaded.process], []
        for process in processes:
            await process.close()

    async def _current(self) -> Loaded:
        """Return the policy in force, after restarting its child if that died.

        Raises:
            PolicyUnavailable: the child died and cannot be started again.
        """
        if self._is_closed:
            raise PolicyUnavailable(why=_CLOSED)
        self._look()
        if not self._loaded.process.is_alive:
            if self._restarting is None:
                self._restarting = self._begin(self._restart(self._loaded))
            restarting = self._restarting
            await asyncio.wait({restarting})
            if not self._loaded.process.is_alive:
                why = _CLOSED if restarting.cancelled() else restarting.result()
                raise PolicyUnavailable(why=why or "the policy ended its process")
        return self._loaded

    def _look(self) -> None:
        """Begin to load the directory if it changed; each change is tried once.

        Files that change while they are being loaded are begun again.
        """
        now = asyncio.get_running_loop().time()
        if now - self._checked_at < self._check_seconds:
            return
        self._checked_at = now
        try:
            stamp = take_stamp(self._directory)
        except ConfigurationError as error:
            if error.why != self._unreadable:
                _log.error("policy_reload_refused", why=error.why)
            self._unreadable = error.why
            return
        self._unreadable = ""
        if stamp == self._stamp:
            return
        self._stamp = stamp
        if self._reloading is not None:
            self._reloading.cancel()
        self._reloading = self._begin(self._reload())
        self._reloading.add_done_callback(self._reloaded)

    def _begin(self, work: Coroutine[Any, Any, _T]) -> "asyncio.Task[_T]":
        """Run `work` beside whoever asks, until it is done or the engine closes."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _reload(self) -> None:
        """Put the files as they are now in force, if they are in order."""
        try:
            files = await asyncio.to_thread(read_policy, self._directory)
            if files.revision != self._loaded.files.revision:
                self._replace(await load_policy(self._directory, files))
            self._refused = ""
        except ConfigurationError as error:
            _log.error("policy_reload_refused", why=error.why)
            self._refused = error.why

    def _reloaded(self, task: asyncio.Task[None]) -> None:
        """Let the next change be loaded; tell of an error that nobody foresaw."""
        if self._reloading is task:
            self._reloading = None
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("policy_reload_failed", exc_info=error)
            self._refused = f"{self._directory}: loading failed: {error!r:.200}"

    async def _restart(self, dead: Loaded) -> str:
        """Start the policy in force again; return why not, if it does not start."""
        try:
            loaded = await load_policy(self._directory, dead.files)
        except ConfigurationError as error:
            return error.why
        finally:
            self._restarting = None
        if self._loaded is dead:
            self._replace(loaded)
        else:  # a newer policy came into force meanwhile
            await loaded.process.close()
        return ""

    def _replace(self, loaded: Loaded) -> None:
        self._loaded.process.retire()
        retired = [*self._retired, self._loaded.process]
        self._retired = [process for process in retired if not process.is_gone]
        self._loaded = loaded
        _log.info("policy_loaded", revision=loaded.files.revision)


def _left(deadline: Deadline | None, budget: float) -> float:
    return budget if deadline is None else min(budget, deadline.remaining())


def _rules_in(reply: Mapping[str, Any]) -> Mapping[str, object]:
    """Return the rules in the evaluator's reply.

    Raises:
        PolicyUnavailable: there are none; with the evaluator's reason.
    """
    rules = reply.get("rules")
    if not isinstance(rules, dict):
        why = str(reply.get("refused", "the evaluator's answer has no rules"))
        raise PolicyUnavailable(why=why)
    return rules
