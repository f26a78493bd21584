"""The starter policy, and checking a directory of one's own."""

import asyncio
import shutil
import subprocess
from pathlib import Path
from typing import Final

import core
from core.errors import ConfigurationError, Invalid
from core.policy.embedded import EmbeddedEngine
from core.policy.files import read_files
from core.policy.loading import check_regopy
from core.policy.pitfalls import find_unasked
from core.vocabulary import PolicyPackage

CHECK_SECONDS: Final = 60.0
"""The longest that one run of the `opa` binary may take."""

_WHEEL_COPY: Final = Path(__file__).with_name("starter")
_CHECKOUT: Final = Path(core.__file__).parents[1] / "policies"


def starter_directory() -> Path:
    """Return where the starter policy is: in the wheel, else in the checkout.

    Raises:
        ConfigurationError: this installation has none.
    """
    for directory in (_WHEEL_COPY, _CHECKOUT):
        if (directory / "approval.rego").is_file():
            return directory
    raise ConfigurationError(
        setting="policy", why="this installation lacks the starter policy; reinstall"
    )


def write_starter(target: Path) -> list[Path]:
    """Copy the starter policy, its tests and an example of groups to a directory.

    Args:
        target: made if it is not there.

    Returns:
        The files that were written, in order.

    Raises:
        Invalid: a file is there already; then nothing was written.
    """
    source = starter_directory()
    files = sorted(path for path in source.iterdir() if path.is_file())
    taken = [path.name for path in files if (target / path.name).exists()]
    if taken:
        raise Invalid(
            field="directory",
            why=f"{target} already has {', '.join(taken)}; choose an empty one",
        )
    written = []
    try:
        target.mkdir(parents=True, exist_ok=True)
        for path in files:
            with (target / path.name).open("xb") as copy:
                copy.write(path.read_bytes())
            written.append(target / path.name)
    except OSError as error:
        raise Invalid(
            field="directory", why=f"{target} cannot be written: {error.strerror}"
        ) from error
    return written


def check_directory(directory: Path, *, opa: str | None = "opa") -> list[str]:
    """Return what is wrong with a policy directory, one line each; empty if nothing.

    An `opa` binary checks strictly and runs the Rego tests; the embedded engine
    compiles the policy and asks each package once. Whichever is there is used, and
    each line says whose it is, as each refuses what the other takes. This must not
    be called from inside a running event loop.

    Args:
        opa: the binary to look for; None does without.
    """
    if not directory.is_dir():
        return [f"{directory} is no directory"]
    binary = None if opa is None else shutil.which(opa)
    if binary is None:
        return asyncio.run(_check_embedded(directory, is_needed=True))
    strict = _run(binary, "check", "--strict", directory)
    found = strict or _run(binary, "test", directory)
    problems = [f"opa refuses: {problem}" for problem in found]
    return problems + asyncio.run(_check_embedded(directory, is_needed=False))


def unasked_files(directory: Path) -> list[str]:
    """Return files whose rules count for nothing, each with why; not a problem.

    Raises:
        ConfigurationError: the directory cannot be read.
    """
    asked = {package.value for package in PolicyPackage}
    return find_unasked(read_files(directory).modules, asked)


async def _check_embedded(directory: Path, *, is_needed: bool) -> list[str]:
    """Return why the embedded engine would not start, or not be ready.

    Args:
        is_needed: whether it is a problem that there is no such engine here.
    """
    try:
        await check_regopy()
    except ConfigurationError as error:
        return [error.why] if is_needed else []
    try:
        engine = await EmbeddedEngine.open(directory)
        health = await engine.health()
        await engine.close()
    except ConfigurationError as error:
        return [f"the embedded engine refuses: {error.why}"]
    return [] if health.is_ready else [f"the embedded engine has {health.detail}"]


def _run(binary: str, *arguments: str | Path) -> list[str]:
    """Run `opa`; return its complaints if it has any."""
    try:
        done = subprocess.run(  # noqa: S603 - the binary on the path, no shell
            [binary, *arguments],
            capture_output=True,
            check=False,
            env={},  # a policy may read the environment of what runs it
            text=True,
            timeout=CHECK_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return [f"opa {arguments[0]} took longer than {CHECK_SECONDS:g} s"]
    if done.returncode == 0:
        return []
    lines = [line.strip() for line in (done.stderr + done.stdout).splitlines()]
    telling = [line for line in lines if ".rego:" in line or ": FAIL" in line]
    return telling or [line for line in lines if line] or ["opa gave no reason"]
