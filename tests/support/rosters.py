"""The groups file of a test: the people of the demo, to be rewritten or broken."""

from pathlib import Path
from typing import Final

import yaml

from tests.support.builders import ALICE, BEN, BOB, CAROL, DAVE, ERIN

EVERYBODY: Final[dict[str, list[str]]] = {
    "sre": [ALICE],
    "sre-lead": [BOB, BEN],
    "security": [CAROL],
    "developer": [DAVE],
    "jitsudo-admins": [ERIN],
}


class Groups:
    """A groups file that a test can rewrite or break."""

    def __init__(self, path: Path) -> None:
        """Write everybody into it."""
        self.path = path
        self.members = {name: list(people) for name, people in EVERYBODY.items()}
        self._writes = 0
        self.write()

    def write(self, content: str | None = None) -> None:
        """Replace the file's content; None writes `members`."""
        self._writes += 1
        if content is None:
            groups = {name: {"members": m} for name, m in self.members.items()}
            content = yaml.safe_dump({"groups": groups})
        # Longer each time, so that no clock is too coarse to see the change.
        draft = self.path.with_suffix(".draft")
        draft.write_text(content + "\n#" * self._writes, encoding="utf-8")
        draft.replace(self.path)

    def leave(self, person: str, group: str) -> None:
        """Take a person out of a group."""
        self.members[group].remove(person)
        self.write()

    def join(self, person: str, group: str) -> None:
        """Put a person into a group."""
        self.members.setdefault(group, []).append(person)
        self.write()
