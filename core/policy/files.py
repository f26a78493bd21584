"""A policy directory as it stands: its Rego, its data, and whether it changed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Final, TypeAlias

from core.errors import ConfigurationError

SETTING: Final = "JITSUDO_POLICY_DIR"
MOST_FILES: Final = 500
MOST_BYTES: Final = 16 * 1024 * 1024
DATA_NAME: Final = "data.json"

Stamp: TypeAlias = tuple[tuple[str, int, int, int, int], ...]
"""Name, number, both times of change and size of every file; cheap to take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyFiles:
    """The files of a policy directory.

    Attributes:
        modules: Rego sources by path below the directory, in order.
        data: JSON objects to merge into `data`.
        revision: a digest of every name and byte.
    """

    modules: Mapping[str, str]
    data: tuple[str, ...]
    revision: str


def take_stamp(directory: Path) -> Stamp:
    """Return what tells whether any file changed, appeared or went.

    Raises:
        ConfigurationError: the directory cannot be read, or is no policy.
    """
    try:
        files = [(path, path.stat()) for path in _files(directory)]
    except OSError as error:
        raise _unreadable(directory, error) from error
    return tuple(
        (str(path), s.st_ino, s.st_mtime_ns, s.st_ctime_ns, s.st_size)
        for path, s in files
    )


def read_files(directory: Path) -> PolicyFiles:
    """Return the files of a directory.

    Raises:
        ConfigurationError: naming the file that cannot be read.
    """
    modules: dict[str, str] = {}
    data: list[str] = []
    digest = sha256()
    size = 0
    for path in _files(directory):
        name = path.relative_to(directory).as_posix()
        try:
            content = path.read_bytes()
            text = content.decode()
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable(path, error) from error
        size += len(content)
        if size > MOST_BYTES:
            raise ConfigurationError(
                setting=SETTING, why=f"{directory} holds more than {MOST_BYTES} bytes"
            )
        digest.update(f"{len(name.encode())} {len(content)} {name}\n".encode())
        digest.update(content)
        if path.name == DATA_NAME:
            data.append(_rooted(PurePosixPath(name), text))
        else:
            modules[name] = text
    return PolicyFiles(
        modules=modules, data=tuple(data), revision=f"sha256:{digest.hexdigest()}"
    )


def _files(directory: Path) -> Iterator[Path]:
    """Yield the files that count, in order; hidden ones and tests do not."""
    if not directory.is_dir():
        raise ConfigurationError(
            setting=SETTING,
            why=f"{directory} is no directory; "
            f"`jitsudo policy init {directory}` makes one to start from",
        )
    count = 0
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory)
        is_hidden = any(part.startswith(".") for part in name.parts)
        is_rego = path.suffix == ".rego" and not path.name.endswith("_test.rego")
        if is_hidden or not (is_rego or path.name == DATA_NAME) or not path.is_file():
            continue
        count += 1
        if count > MOST_FILES:
            raise ConfigurationError(
                setting=SETTING, why=f"{directory} holds more than {MOST_FILES} files"
            )
        yield path


def _rooted(name: PurePosixPath, text: str) -> str:
    """Return a data file as OPA places it: below its folders' names."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(Path(name), error) from error
    if not isinstance(document, dict):
        raise ConfigurationError(setting=SETTING, why=f"{name}: is no JSON object")
    for folder in reversed(name.parent.parts):
        document = {folder: document}
    return json.dumps(document, ensure_ascii=False)


def _unreadable(path: Path, error: Exception) -> ConfigurationError:
    first = (str(error).splitlines() or [type(error).__name__])[0]
    return ConfigurationError(setting=SETTING, why=f"{path}: cannot be read: {first}")
