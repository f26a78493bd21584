"""Credentials as files, which nobody else can read and which do not stay."""

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from core.errors import Invalid

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
"""A name that is a file's as well: it leads nowhere else."""

_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the directory made in it is private


@contextmanager
def private_files(
    contents: Mapping[str, str], environment: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """Write each file for its owner alone; all are gone when the block is left.

    They are named like their variables, 0600 in a new directory of 0700.

    Args:
        contents: by the variable that is to name the file.
        environment: says where temporary files go.

    Yields:
        The path of each file, by its variable.

    Raises:
        Invalid: a variable's name would lead out of the directory.
        OSError: it cannot be written.
    """
    for name in contents:
        if not _VARIABLE.fullmatch(name):
            raise Invalid(field="credentials", why=f"{name[:40]!r} names no variable")
    if not contents:
        yield {}
        return
    directory = _new_directory(environment)
    try:
        yield {
            name: _write(directory / name, content)
            for name, content in contents.items()
        }
    finally:
        for name in contents:
            (directory / name).unlink(missing_ok=True)
        # What the command has put beside them goes too, as far as it lets us.
        shutil.rmtree(directory, ignore_errors=True)


def _new_directory(environment: Mapping[str, str]) -> Path:
    """Return a new directory, in memory if this system has a place for that."""
    for place in _places(environment):
        try:
            return Path(tempfile.mkdtemp(prefix="jitsudo-", dir=place))
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="jitsudo-"))


def _places(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield where files are kept in memory, or at least for this login only.

    Source: XDG Base Directory Specification, `XDG_RUNTIME_DIR`, which has to
    be one's own and closed to others.
    """
    runtime = Path(environment.get("XDG_RUNTIME_DIR") or "")
    if runtime.is_absolute() and _is_private(runtime):
        yield runtime
    if _SHARED_MEMORY.is_dir():
        yield _SHARED_MEMORY
    temporary = Path(environment.get("TMPDIR") or "")
    if temporary.is_absolute():
        yield temporary


def _is_private(directory: Path) -> bool:
    try:
        found = directory.stat()
    except OSError:
        return False
    is_closed = not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and is_closed


def _write(path: Path, content: str) -> str:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w", encoding="utf-8", newline="") as file:
        file.write(content)
    return str(path)
