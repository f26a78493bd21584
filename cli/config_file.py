"""The terminal's own settings file: which server, and how to trust it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import ConfigurationError
from core.logins import home_directory

_FILES: Final = ("ca_file", "cert_file", "key_file")
"""Below `tls:`; the names are the reference system's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Configured:
    """What `config.yaml` says; empty where it says nothing.

    Attributes:
        ca_file: with `cert_file` and `key_file`, absolute paths.
    """

    server: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""


def read_config(environment: Mapping[str, str]) -> Configured:
    """Return what the file in the terminal's home says; nothing without one.

    Raises:
        ConfigurationError: it cannot be read, or holds what is not known.
    """
    path = home_directory(environment) / "config.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Configured()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            setting=str(path), why=f"cannot be read ({error})"
        ) from error
    import yaml  # noqa: PLC0415 - loads slowly

    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError(setting=str(path), why="is not YAML") from error
    return _configured(path, document)


def _configured(path: Path, document: object) -> Configured:
    match document:
        case None:
            return Configured()
        case dict() if set(document) <= {"server", "tls"}:
            server = document.get("server", "")
            files = document.get("tls") or {}
            if isinstance(server, str) and _are_files(files):
                return Configured(
                    server=server,
                    **{name: _absolute(path, files[name]) for name in files},
                )
    raise ConfigurationError(
        setting=str(path),
        why="may hold `server: <URL>` and, below `tls:`, "
        f"{', '.join(_FILES)}; nothing else",
    )


def _are_files(files: object) -> bool:
    return (
        isinstance(files, dict)
        and set(files) <= set(_FILES)
        and all(isinstance(file, str) and file for file in files.values())
    )


def _absolute(path: Path, file: str) -> str:
    """Return a path as seen from the file that names it."""
    return str(path.parent.absolute() / Path(file).expanduser())
