"""Packages of somebody else, installed for one test: files and their entry points."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.clouds.door import DOOR


class Install(Protocol):
    """Installs a package with one module and one kind of provider."""

    def __call__(self, package: str, *, kind: str, module: str = DOOR) -> None:
        """Write the module `<package>_code`, and what makes it installed."""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return what installs a package for this test; forget its code afterwards."""
    installed: list[str] = []
    place = tmp_path / "site-packages"
    place.mkdir()
    monkeypatch.syspath_prepend(str(place))

    def write(package: str, *, kind: str, module: str = DOOR) -> None:
        name = package.replace("-", "_")
        installed.append(f"{name}_code")
        (place / f"{name}_code.py").write_text(module, encoding="utf-8")
        info = place / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8"
        )
        (info / "entry_points.txt").write_text(
            f"[jitsudo.providers]\n{kind} = {name}_code:from_settings\n",
            encoding="utf-8",
        )

    yield write
    for name in installed:
        sys.modules.pop(name, None)
