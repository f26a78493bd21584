"""The other side of `gated_provider`: the cloud as a test sees and stops it."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml

from tests.support.demos import eventually

NAME: Final = "gated"


class Cloud:
    """A directory with a file for each grant in force, and gates before calls."""

    def __init__(self, directory: Path) -> None:
        """Make an empty cloud."""
        self.directory = directory
        for part in ("grants", "gates"):
            (directory / part).mkdir(parents=True)
        (directory / "history").touch()

    def settings(self) -> dict[str, Any]:
        """Return the environment of a server that has this provider installed."""
        plugins = self.directory / "plugins"
        about = plugins / "gated-1.0.dist-info"
        about.mkdir(parents=True, exist_ok=True)
        (about / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: gated\nVersion: 1.0\n"
        )
        (about / "entry_points.txt").write_text(
            f"[jitsudo.providers]\n{NAME} = tests.support.gated_provider:build\n"
        )
        config = self.directory / "settings.yaml"
        part = {NAME: {"directory": str(self.directory)}}
        config.write_text(yaml.safe_dump({"providers": part}))
        root = Path(__file__).parents[2]
        return {"PYTHONPATH": f"{plugins}:{root}", "JITSUDO_CONFIG": str(config)}

    def stop_at(self, point: str, request_id: str) -> None:
        """Have the call about a request wait at a point of `gated_provider`."""
        self._gate(point, request_id).touch()

    def await_stop(self, point: str, request_id: str) -> None:
        """Wait until the call has come to its gate."""
        reached = self._gate(point, request_id).with_suffix(".reached")
        eventually(reached.exists, f"a call of {request_id} at {point}")

    def open_all(self) -> None:
        """Take every gate away."""
        for gate in (self.directory / "gates").iterdir():
            gate.unlink()

    @contextmanager
    def trouble(self, why: str) -> Iterator[None]:
        """Refuse every call with a reason while the block runs."""
        trouble = self.directory / "trouble"
        trouble.write_text(why)
        try:
            yield
        finally:
            trouble.unlink()

    def in_force(self) -> set[str]:
        """Return the requests whose grants are in force."""
        return {path.name for path in (self.directory / "grants").iterdir()}

    def history(self, request_id: str) -> Counter[str]:
        """Return how often what was done about a request."""
        lines = (self.directory / "history").read_text().splitlines()
        return Counter(what for what, of in map(json.loads, lines) if of == request_id)

    def _gate(self, point: str, request_id: str) -> Path:
        return self.directory / "gates" / f"{point}-{request_id}"
