"""Rego without a server: rego-cpp in a child process, reloaded when files change."""

import asyncio
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import structlog
from typing_extensions import override

from core.clock import Deadline
from core.domain.policy import PolicyAnswer, PolicyHealth, PolicyQuestion
from core.errors import ConfigurationError, PolicyUnavailable
from core.policy.answers import no_policy, parse_answer, rules_of
from core.policy.child import EvaluatorProcess, Unreached
from core.policy.documents import sample, to_document
from core.policy.files import SETTING, PolicyFiles, read_files, take_stamp
from core.policy.pitfalls import find_pitfalls
from core.ports import PolicyEngine
from core.vocabulary import PolicyPackage

BUDGET_SECONDS: Final = 1.0
"""The longest that one question may take; past it the child is killed."""

LOAD_SECONDS: Final = 10.0
"""The longest that a child may take to start, or to compile a policy."""

CHECK_SECONDS: Final = 1.0
"""How often, at most, the directory is looked at for changes."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Loaded:
    """A policy in force: the process that answers by it, and what it was made of."""

    process: EvaluatorProcess
    files: PolicyFiles
    packages: frozenset[str]


class EmbeddedEngine(PolicyEngine):
    """Answers by the Rego of a directory."""

    def __init__(self, *, directory: Path, check_seconds: float) -> None:
        """Use `open`, which loads the policy."""
        self._directory = directory
        self._check_seconds = check_seconds
        self._lock = asyncio.Lock()
        self._loaded: _Loaded | None = None
        self._retired: list[EvaluatorProcess] = []
        self._stamp: object = None
        self._checked_at = 0.0
        self._problem = ""
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
        await _check_regopy()
        engine = cls(directory=directory, check_seconds=check_seconds)
        stamp = take_stamp(directory)
        files = read_files(directory)
        if not files.modules:
            raise ConfigurationError(
                setting=SETTING,
                why=f"{directory} holds no .rego files; "
                f"`jitsudo policy init {directory}` writes some to start from",
            )
        try:
            engine._loaded = await engine._load(files)
        except ConfigurationError:
            await engine.close()
            raise
        engine._stamp = stamp
        engine._checked_at = asyncio.get_running_loop().time()
        return engine

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
        if self._problem:
            detail = f"{self._problem}; the policy before it stays in force"
        return PolicyHealth(
            is_ready=not missing,
            revision=loaded.files.revision,
            detail=detail,
            files=tuple(loaded.files.modules),
        )

    @override
    async def close(self) -> None:
        """End the child process, and those that were replaced."""
        self._is_closed = True
        processes, self._retired = self._retired, []
        if self._loaded is not None:
            processes.append(self._loaded.process)
        for process in processes:
            await process.close()

    async def _current(self) -> _Loaded:
        """Return the policy in force, after reloading or restarting as needed.

        Raises:
            PolicyUnavailable: the child died and cannot be started again.
        """
        if self._loaded is None or self._is_closed:
            raise PolicyUnavailable(why="the policy engine is closed")
        if self._is_due() or not self._loaded.process.is_alive:
            async with self._lock:
                if self._is_due():
                    await self._reload()
                if not self._loaded.process.is_alive:
                    await self._restart(self._loaded.files)
        return self._loaded

    def _is_due(self) -> bool:
        now = asyncio.get_running_loop().time()
        return now - self._checked_at >= self._check_seconds

    async def _reload(self) -> None:
        """Take the files as they are now, if they changed and are in order."""
        try:
            stamp = take_stamp(self._directory)
            if stamp != self._stamp:
                self._replace(await self._load(read_files(self._directory)))
                self._stamp = stamp
            self._problem = ""
        except ConfigurationError as error:
            if error.why != self._problem:
                _log.error("policy_reload_refused", why=error.why)
            self._problem = error.why
        self._checked_at = asyncio.get_running_loop().time()

    async def _restart(self, files: PolicyFiles) -> None:
        try:
            self._replace(await self._load(files))
        except ConfigurationError as error:
            raise PolicyUnavailable(why=error.why) from error

    def _replace(self, loaded: _Loaded) -> None:
        if self._loaded is not None:
            self._loaded.process.retire()
            retired = [*self._retired, self._loaded.process]
            self._retired = [process for process in retired if not process.is_gone]
        self._loaded = loaded
        _log.info("policy_loaded", revision=loaded.files.revision)

    async def _load(self, files: PolicyFiles) -> _Loaded:
        """Compile files in a child of their own, and ask each package once.

        Raises:
            ConfigurationError: naming the file, in one line.
        """
        pitfalls = find_pitfalls(files.modules)
        if pitfalls:
            raise ConfigurationError(
                setting=SETTING, why=f"{self._directory}/{pitfalls[0]}"
            )
        process = await EvaluatorProcess.start()
        is_loaded = False
        try:
            reply = await process.ask(_load_order(files), seconds=LOAD_SECONDS)
            if "refused" in reply:
                raise ConfigurationError(
                    setting=SETTING, why=f"{self._directory}/{reply['refused']}"
                )
            is_loaded = True
        except (PolicyUnavailable, Unreached) as error:
            what = getattr(error, "why", "the evaluator ended")
            raise ConfigurationError(
                setting=SETTING, why=f"{self._directory}: {what}, on loading it"
            ) from error
        finally:
            if not is_loaded:
                process.kill("it was not loaded")
                self._retired.append(process)
        return _Loaded(
            process=process, files=files, packages=frozenset(reply["packages"])
        )


async def _check_regopy() -> None:
    """Make sure that the evaluator runs at all.

    Raises:
        ConfigurationError: saying what to use instead.
    """
    why = "there is no regopy for this platform; set JITSUDO_OPA_URL to an OPA server"
    if importlib.util.find_spec("regopy") is None:
        raise ConfigurationError(setting=SETTING, why=why)
    process = await EvaluatorProcess.start()
    try:
        await process.ask({"hello": True}, seconds=LOAD_SECONDS)
    except (PolicyUnavailable, Unreached) as error:
        why = "regopy does not run here; set JITSUDO_OPA_URL to an OPA server instead"
        raise ConfigurationError(setting=SETTING, why=why) from error
    finally:
        await process.close()


def _load_order(files: PolicyFiles) -> dict[str, object]:
    return {
        "files": dict(files.modules),
        "data": list(files.data),
        "rules": {package.value: rules_of(package) for package in PolicyPackage},
        "samples": {
            package.value: to_document(sample(package)) for package in PolicyPackage
        },
    }


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
