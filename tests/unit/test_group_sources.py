"""Several sources of groups at once: the union, or nothing."""

from pathlib import Path

import pytest

from core.domain.identity import GroupsFrom
from core.errors import ConfigurationError, DirectoryUnavailable
from core.identity.combined import CombinedDirectory
from core.identity.nobody import NO_SLACK, NobodyKnown
from core.settings import CoreSettings, load_core
from core.vocabulary import GroupSource
from tests.support.builders import ALICE, BOB, CAROL
from tests.support.directories import ScriptedDirectory

DATABASE = "sqlite+aiosqlite:///:memory:"


def sources() -> dict[GroupSource, ScriptedDirectory]:
    """Return a file and a Slack that both have `sre-lead`."""
    return {
        GroupSource.FILE: ScriptedDirectory(GroupSource.FILE, {"sre-lead": [BOB]}),
        GroupSource.SLACK: ScriptedDirectory(
            GroupSource.SLACK,
            {"sre-lead": [CAROL], "sre": [ALICE, BOB], "jitsudo-admins": [ALICE]},
        ),
    }


async def test_everybody_is_in_the_union_and_each_source_says_its_part() -> None:
    """A group of one name is one group, whoever names its members."""
    directory = CombinedDirectory(sources())

    assert await directory.groups_of(BOB) == {"sre-lead", "sre"}
    assert await directory.members_of("sre-lead") == (BOB, CAROL)
    assert await directory.explain(BOB) == (
        GroupsFrom(source=GroupSource.FILE, groups=frozenset({"sre-lead"})),
        GroupsFrom(source=GroupSource.SLACK, groups=frozenset({"sre"})),
    )
    assert not await directory.knows("nobody@example.com")


@pytest.mark.parametrize("broken", [GroupSource.FILE, GroupSource.SLACK])
async def test_a_source_that_cannot_be_read_refuses_for_all(
    broken: GroupSource,
) -> None:
    """Half of the groups are no groups; the error names the source."""
    parts = sources()
    parts[broken].failure = "is away"
    directory = CombinedDirectory(parts)

    for question in (
        directory.groups_of(BOB),
        directory.knows(BOB),
        directory.explain(BOB),
        directory.members_of("sre"),
    ):
        with pytest.raises(DirectoryUnavailable, match=f"{broken.value}: is away"):
            await question


async def test_slack_makes_nobody_an_admin_unless_it_is_said() -> None:
    """Whoever may edit user groups would otherwise be one; the note says so."""
    careful = CombinedDirectory(sources())
    trusting = CombinedDirectory(sources(), slack_makes_admins=True)

    assert await careful.groups_of(ALICE) == {"sre"}
    assert await careful.members_of("jitsudo-admins") == ()
    (_, slack) = await careful.explain(ALICE)
    assert "JITSUDO_ADMIN_GROUPS_FROM_SLACK" in slack.note
    assert await trusting.groups_of(ALICE) == {"sre", "jitsudo-admins"}
    assert await trusting.members_of("jitsudo-admins") == (ALICE,)


async def test_a_reserved_group_is_not_mentioned_through_slack() -> None:
    """What does not count is not called either; the file's own handle is."""
    parts = sources()
    parts[GroupSource.SLACK].handles = {"jitsudo-admins": "S1", "sre": "S2"}
    directory = CombinedDirectory(parts)

    assert await directory.slack_handle_of("sre") == "S2"
    assert await directory.slack_handle_of("jitsudo-admins") is None
    parts[GroupSource.FILE].handles = {"sre": "S9"}
    assert await directory.slack_handle_of("sre") == "S9"


async def test_a_process_without_slack_says_where_groups_can_be_had() -> None:
    """Direct mode on the database, say: it fails closed and names the server."""
    parts = {GroupSource.SLACK: NobodyKnown(why=NO_SLACK)}
    directory = CombinedDirectory(parts)

    with pytest.raises(DirectoryUnavailable, match=r"slack: .*use such a server"):
        await directory.groups_of(BOB)


def load(groups_file: Path | None = None, **environment: str) -> CoreSettings:
    """Return core's settings from the environment."""
    file = {} if groups_file is None else {"JITSUDO_GROUPS_FILE": str(groups_file)}
    return load_core({"JITSUDO_DATABASE_URL": DATABASE, **file, **environment}, {})


def test_the_file_is_the_source_unless_others_are_named() -> None:
    """A setting that is not there changes nothing for who has none."""
    path = Path("groups.yaml")

    assert load().group_sources == ()
    assert load(path).group_sources == (GroupSource.FILE,)
    assert load(path, JITSUDO_GROUPS_FROM="file, slack,oidc").group_sources == (
        GroupSource.FILE,
        GroupSource.SLACK,
        GroupSource.OIDC,
    )
    assert load(JITSUDO_GROUPS_FROM="slack").group_sources == (GroupSource.SLACK,)


@pytest.mark.parametrize(
    ("named", "groups_file", "why"),
    [
        ("file", "", "JITSUDO_GROUPS_FILE"),
        ("slack", "groups.yaml", "would not be read"),
        ("oidc,oidc", "", "twice"),
        ("ldap", "", "file"),
    ],
)
def test_sources_that_do_not_fit_stop_the_start(
    named: str, groups_file: str, why: str
) -> None:
    """A file that nobody reads, or a source that is not there, is no detail."""
    path = Path(groups_file) if groups_file else None

    with pytest.raises(ConfigurationError, match=why):
        load(path, JITSUDO_GROUPS_FROM=named)
