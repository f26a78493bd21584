"""Groups are what the file says now, and nobody's while it cannot be read."""

import os
from pathlib import Path

import pytest

from core.errors import DirectoryUnavailable
from core.identity.groups_file import GroupsFile
from tests.support.builders import ALICE, BEN, BOB, CAROL, DAVE, ERIN

GROUPS = """
groups:
  sre: {members: [Alice@Example.com, alice@example.com, zoe@example.com]}
  sre-lead: {members: [bob@example.com, zoe@example.com], slack: S0123ABC}
  empty:
    members:
"""


def a_file(directory: Path, content: str | bytes = GROUPS) -> Path:
    """Write a groups file."""
    path = directory / "groups.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


async def test_groups_and_members_are_told(tmp_path: Path) -> None:
    """Addresses in one spelling, once, in alphabetical order."""
    directory = GroupsFile(a_file(tmp_path))

    assert await directory.groups_of("zoe@example.com") == {"sre", "sre-lead"}
    assert await directory.groups_of(ALICE) == {"sre"}
    assert await directory.groups_of("nobody@example.com") == frozenset()
    assert await directory.members_of("sre") == (ALICE, "zoe@example.com")
    assert await directory.members_of("empty") == ()
    assert await directory.members_of("unknown") == ()
    assert await directory.slack_handle_of("sre-lead") == "S0123ABC"
    assert await directory.slack_handle_of("sre") is None
    assert await directory.knows(BOB)
    assert not await directory.knows(DAVE)
    health = await directory.health()
    assert (health.is_ready, health.detail) == (
        True,
        f"3 groups, 3 people in {tmp_path}/groups.yaml",
    )


async def test_a_change_is_seen_at_once(tmp_path: Path) -> None:
    """Whoever is taken out of a group is out at the next question."""
    directory = GroupsFile(a_file(tmp_path))
    before = await directory.groups_of(BOB)

    a_file(tmp_path, GROUPS.replace("bob@", "ben@"))

    assert before == {"sre-lead"}
    assert await directory.groups_of(BOB) == frozenset()
    assert await directory.groups_of(BEN) == {"sre-lead"}


BROKEN = {
    "emptied": ("", "is empty or no mapping"),
    "blank": ("\n# nobody\n", "is empty or no mapping"),
    "no groups": ("groups: {}", "groups: "),
    "nothing under groups": ("groups:", "groups: "),
    "list": ("- sre", "is empty or no mapping"),
    "not yaml": ("groups: {sre: {members: [", "line 1: "),
    "tab": ("groups:\n\tsre: {}", "line 2: "),
    "not utf-8": (b"groups: \xff", "is not UTF-8"),
    "unknown key": ("group: {}\ngroups: {sre: {}}", "group: "),
    "unknown key of a group": ("groups: {sre: {member: []}}", "groups.sre.member: "),
    "members no list": (
        "groups: {sre: {members: a@example.com}}",
        "groups.sre.members: ",
    ),
    "no address": ("groups: {sre: {members: [alice]}}", "'alice' is no e-mail"),
    "number": ("groups: {sre: {members: [7]}}", "groups.sre.members.0: "),
    "look-alike": (
        "groups: {sre: {members: [\u0430lice@example.com]}}",
        "is no e-mail",
    ),
    "slack name": ("groups: {sre: {slack: '@sre'}}", "groups.sre.slack: "),
    "odd group name": ("groups: {'sre ': {}}", "groups.sre "),
    "group twice": ("groups:\n  sre: {}\n  sre: {}", "line 3: sre is there twice"),
    "python object": ("groups: !!python/object:os.system {}", "line 1: "),
}


@pytest.mark.parametrize(("content", "why"), BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_file_lets_nobody_in(
    tmp_path: Path, content: str | bytes, why: str
) -> None:
    """Nothing is remembered of the good file before it; the file is named."""
    directory = GroupsFile(a_file(tmp_path))
    assert await directory.knows(BOB)

    path = a_file(tmp_path, content)
    for question in (
        directory.groups_of(BOB),
        directory.members_of("sre"),
        directory.slack_handle_of("sre"),
        directory.knows(BOB),
    ):
        with pytest.raises(DirectoryUnavailable) as caught:
            await question
        assert caught.value.why.startswith(f"{path}: ")
        assert why in caught.value.why
        assert "\n" not in caught.value.why
    assert not (await directory.health()).is_ready

    a_file(tmp_path)
    assert await directory.knows(BOB)


async def test_a_file_that_is_gone_lets_nobody_in(tmp_path: Path) -> None:
    """A directory in its place is no file either."""
    path = a_file(tmp_path)
    directory = GroupsFile(path)
    assert await directory.knows(BOB)

    path.unlink()
    with pytest.raises(DirectoryUnavailable, match="No such file"):
        await directory.groups_of(BOB)
    path.mkdir()
    with pytest.raises(DirectoryUnavailable, match="directory"):
        await directory.groups_of(BOB)


async def test_the_starter_has_the_people_of_the_demo() -> None:
    """Alice asks, bob and ben approve, carol guards, erin looks after it."""
    directory = GroupsFile(Path(__file__).parents[2] / "policies" / "groups.yaml")

    groups = {
        email: await directory.groups_of(email)
        for email in (ALICE, BOB, BEN, CAROL, DAVE, ERIN)
    }

    assert groups == {
        ALICE: {"sre"},
        BOB: {"sre-lead"},
        BEN: {"sre-lead"},
        CAROL: {"security"},
        DAVE: {"developer"},
        ERIN: {"jitsudo-admins"},
    }


class _Moving(type(Path())):  # type: ignore[misc] # the system's own kind of path
    """A file that somebody else replaces right after it was read."""

    replacements: list[bytes]

    def read_bytes(self) -> bytes:
        """Return the content, and put the next one in its place."""
        content = Path(self).read_bytes()
        if self.replacements:
            draft = self.with_name("draft")
            draft.write_bytes(self.replacements.pop())
            draft.replace(self)
        return content


async def test_a_file_that_changes_while_it_is_read_is_read_again(
    tmp_path: Path,
) -> None:
    """What was just replaced is nobody's group any more; a restless file is none."""
    path = _Moving(a_file(tmp_path))
    path.replacements = [GROUPS.replace("bob@", "ben@").encode()]
    directory = GroupsFile(path)

    assert await directory.groups_of(BOB) == frozenset()
    assert await directory.groups_of(BEN) == {"sre-lead"}

    path.replacements = [GROUPS.encode() + b"#" * count for count in range(9)]
    with pytest.raises(DirectoryUnavailable, match="changes while it is read"):
        await directory.groups_of(BOB)
    path.replacements = []
    assert await directory.groups_of(BOB) == {"sre-lead"}


async def test_another_file_of_the_same_size_and_times_is_another_file(
    tmp_path: Path,
) -> None:
    """A mounted volume changes all at once, by a link to files made together."""
    link = tmp_path / "current.yaml"
    files = two_files_of_the_same_times(tmp_path)
    link.symlink_to(files[0])
    directory = GroupsFile(link)
    before = await directory.groups_of(BOB)

    (tmp_path / "next").symlink_to(files[1])
    (tmp_path / "next").replace(link)

    assert before == {"sre-lead"}
    assert await directory.groups_of(BOB) == frozenset()


def two_files_of_the_same_times(directory: Path) -> tuple[Path, Path]:
    """Write two files within one tick of the clock, in the second of which is ben."""
    for attempt in range(200):
        files = (directory / f"{attempt}-a.yaml", directory / f"{attempt}-b.yaml")
        files[0].write_text(GROUPS)
        files[1].write_text(GROUPS.replace("bob@", "ben@"))
        for file in files:
            os.utime(file, (1_700_000_000, 1_700_000_000))
        first, second = (file.stat() for file in files)
        if first.st_ctime_ns == second.st_ctime_ns:
            return files
    pytest.skip("the clock of this file system ticks too fast for this to happen")
