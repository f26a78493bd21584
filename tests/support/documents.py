"""Reads the project's own documents, for the tests that hold them to the code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]

_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_SPAN: Final = re.compile(r"`([^`\n]+)`")
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CALL: Final = re.compile(r"(?:^|[\s(=])(?:\.venv/bin/)?jitsudo +(.+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One Markdown file; what stands in HTML comments is left out."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        """Return the path from the project's root, for messages."""
        return self.path.relative_to(ROOT).as_posix()

    def links(self) -> list[str]:
        """Return the targets of links and pictures."""
        return _LINK.findall(_FENCE.sub("", self.text))

    def code(self) -> list[str]:
        """Return every span of code and every line of every block."""
        lines = [
            line
            for _, block in self.blocks()
            for line in block.replace("\\\n", " ").splitlines()
        ]
        return lines + _SPAN.findall(_FENCE.sub("", self.text))

    def blocks(self, language: str | None = None) -> list[tuple[str, str]]:
        """Return (language, text) of the fenced blocks, of one language or all."""
        return [
            (found, block)
            for found, block in _FENCE.findall(self.text)
            if language is None or found == language
        ]

    def calls(self) -> list[str]:
        """Return what follows `jitsudo` wherever a command line is shown."""
        return [found.group(1) for line in self.code() if (found := _CALL.search(line))]

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yield the cells of every row of every table."""
        for line in self.text.splitlines():
            if line.startswith("|") and not line.startswith("|---"):
                yield tuple(cell.strip() for cell in line.strip("|").split("|"))


def document(name: str) -> Document:
    """Return one document by its path from the root."""
    path = ROOT / name
    text = _COMMENT.sub("", path.read_text(encoding="utf-8"))
    return Document(path=path, text=text)


def documents() -> list[Document]:
    """Return every Markdown file of the project, in order of its path."""
    found = [
        *ROOT.glob("*.md"),
        *(
            path
            for part in ("docs", "manifests")
            for path in ROOT.rglob(f"{part}/**/*.md")
        ),
    ]
    own = {path for path in found if ".venv" not in path.parts}
    return [document(path.relative_to(ROOT).as_posix()) for path in sorted(own)]


def source_files(*packages: str) -> list[Path]:
    """Return the Python files of some packages, in order of their path."""
    return sorted(
        path for package in packages for path in (ROOT / package).rglob("*.py")
    )
