"""Reads a policy directory, and compiles it in a child process of its own."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import ConfigurationError, PolicyUnavailable
from core.policy.answers import rules_of
from core.policy.child import EvaluatorProcess, Unreached
from core.policy.documents import sample, to_document
from core.policy.files import SETTING, PolicyFiles, read_files
from core.policy.pitfalls import find_pitfalls
from core.vocabulary import PolicyPackage

LOAD_SECONDS: Final = 10.0
"""The longest that a child may take to start, or to compile a policy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A policy in force: the process that answers by it, and what it was made of."""

    process: EvaluatorProcess
    files: PolicyFiles
    packages: frozenset[str]


def read_policy(directory: Path) -> PolicyFiles:
    """Return a directory's files, if none says what the evaluator reads wrongly.

    Raises:
        ConfigurationError: naming the file, in one line.
    """
    files = read_files(directory)
    pitfalls = find_pitfalls(files.modules)
    if pitfalls:
        raise ConfigurationError(setting=SETTING, why=f"{directory}/{pitfalls[0]}")
    return files


async def load_policy(directory: Path, files: PolicyFiles) -> Loaded:
    """Compile files in a child of their own, and ask each package once.

    Args:
        directory: where they are from, for errors.

    Raises:
        ConfigurationError: naming the file, in one line.
    """
    process = await EvaluatorProcess.start()
    is_loaded = False
    try:
        reply = await process.ask(_load_order(files), seconds=LOAD_SECONDS)
        if "refused" in reply:
            raise ConfigurationError(
                setting=SETTING, why=f"{directory}/{reply['refused']}"
            )
        is_loaded = True
    except (PolicyUnavailable, Unreached) as error:
        what = getattr(error, "why", "the evaluator ended")
        raise ConfigurationError(
            setting=SETTING, why=f"{directory}: {what}, on loading it"
        ) from error
    finally:
        if not is_loaded:
            await process.close()
    return Loaded(process=process, files=files, packages=frozenset(reply["packages"]))


async def check_regopy() -> None:
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
