"""Groups from Slack: user groups by handle, and nobody when Slack does not say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from bot.sandbox.app import Sandbox
from bot.sandbox.methods import DEFAULT_SCOPES
from bot.sandbox.server import serving
from bot.settings import SlackSettings
from bot.slack.accounts import Accounts, OutsideClient
from bot.slack.outside import open_outside
from bot.slack.pacing import Pacer
from bot.slack.usergroups import GROUPS_SECONDS, SlackUserGroups
from core.errors import DirectoryUnavailable, NotAllowed, SlackFailed
from core.ports import Directory, Outside, Workplace
from core.vocabulary import GroupSource, RequestState
from tests.support.builders import ALICE, BEN, BOB, CAROL, ERIN
from tests.support.products import a_product
from tests.support.rosters import Groups
from tests.support.workspaces import Hands

SCOPES = (*DEFAULT_SCOPES, "usergroups:read")


def settings_of(sandbox: Sandbox) -> SlackSettings:
    """Return the settings of the app in a sandbox."""
    return SlackSettings(
        channel="access",
        bot_token=SecretStr(sandbox.bot_token),
        app_token=SecretStr(sandbox.app_token),
        api_url=sandbox.api_url,
        allow_shared_channels=True,
        pacing=False,
    )


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox whose app was granted `usergroups:read`."""
    async with serving(Sandbox(pacing=False, scopes=SCOPES)) as running:
        yield running


@pytest.fixture
async def outside(sandbox: Sandbox) -> AsyncIterator[Outside]:
    """What Slack lends to core."""
    async with open_outside(settings_of(sandbox)) as lent:
        yield lent


@pytest.fixture
def directory(outside: Outside) -> Directory:
    """Slack's user groups."""
    assert outside.slack_groups is not None
    return outside.slack_groups


@pytest.fixture
def workplace(outside: Outside) -> Workplace:
    """Who can act in Slack."""
    assert outside.workplace is not None
    return outside.workplace


async def group(hands: Hands, handle: str, *users: str, **more: Any) -> None:
    """Set a user group."""
    await hands.post("usergroups", {"handle": handle, "users": list(users), **more})


async def test_a_handle_is_the_name_of_a_group(
    hands: Hands, directory: Directory
) -> None:
    """Full members are in it; its own id is what is mentioned."""
    await group(hands, "sre-lead", "bob", "ben", "gus", "xena")
    await group(hands, "sre", "alice")

    assert await directory.groups_of(BOB) == {"sre-lead"}
    assert await directory.members_of("sre-lead") == (BEN, BOB)
    assert await directory.slack_handle_of("sre-lead") == "S0SRELEAD"
    assert await directory.members_of("nobody") == ()
    assert await directory.slack_handle_of("nobody") is None
    for guest in ("gus@example.com", "xena@other.example"):
        assert await directory.groups_of(guest) == frozenset()
    people = (BOB, ALICE, "gus@example.com", "nobody@example.com")
    told = [(await directory.explain(email))[0].has_person for email in people]
    assert told == [True, True, True, False]


async def test_what_is_disabled_or_anothers_is_no_group(
    hands: Hands, directory: Directory
) -> None:
    """Nor does somebody whose account was deactivated keep theirs."""
    await group(hands, "sre-lead", "bob", is_disabled=True)
    await group(hands, "security", "carol", is_external=True)
    await group(hands, "sre", "alice")
    await hands.post("people", {"user": "alice", "patch": {"deleted": True}})

    assert await directory.groups_of(BOB) == frozenset()
    assert await directory.groups_of(CAROL) == frozenset()
    (alice,) = await directory.explain(ALICE)
    assert alice.groups == frozenset()
    assert alice.note


async def test_two_groups_of_one_handle_are_none(
    sandbox: Sandbox, hands: Hands, directory: Directory
) -> None:
    """Which one policy means cannot be told."""
    await group(hands, "sre", "alice")
    await group(hands, "sre-lead", "bob")
    sandbox.workspace.user_groups["sre-lead"].handle = "sre"

    assert await directory.groups_of(ALICE) == frozenset()
    assert await directory.groups_of(BOB) == frozenset()


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("usergroups.list", "http_500"),
        ("usergroups.list", "ratelimited"),
        ("usergroups.list", "drop_before"),
        ("usergroups.list", "html_503"),
        ("users.lookupByEmail", "http_500"),
        ("users.info", "drop_after"),
        ("auth.test", "http_500"),
    ],
)
async def test_slack_not_saying_is_nobody_in_any_group(
    hands: Hands, directory: Directory, method: str, kind: str
) -> None:
    """It refuses rather than answer with no groups."""
    await group(hands, "sre-lead", "bob")
    await hands.fault(method, kind, count=3)  # a GET may be sent again once

    with pytest.raises(DirectoryUnavailable):
        await directory.explain(BOB)


async def test_slack_taking_long_refuses_in_time(
    hands: Hands, directory: Directory
) -> None:
    """A click has 2.2 s for everything."""
    await hands.fault("usergroups.list", "slow", seconds=10)

    with pytest.raises(DirectoryUnavailable, match="in time"):
        await directory.groups_of(BOB)


async def test_a_missing_scope_says_what_to_add() -> None:
    """The app of the manifests has no `usergroups:read`."""
    async with (
        serving(Sandbox(pacing=False)) as sandbox,
        open_outside(settings_of(sandbox)) as lent,
    ):
        assert lent.slack_groups is not None
        with pytest.raises(DirectoryUnavailable, match="add usergroups:read"):
            await lent.slack_groups.groups_of(BOB)


async def test_user_groups_are_asked_for_once_a_minute(
    sandbox: Sandbox, hands: Hands
) -> None:
    """A change shows after a minute at the latest; an outage then refuses."""
    now = 1_000.0
    async with _opened(sandbox) as client:
        directory = SlackUserGroups(
            client=client, accounts=Accounts(client=client), monotonic=lambda: now
        )
        await group(hands, "sre", "bob")
        assert await directory.groups_of(BOB) == {"sre"}
        await group(hands, "sre", "alice")
        now += GROUPS_SECONDS - 1
        assert await directory.groups_of(BOB) == {"sre"}
        now += 1
        assert await directory.groups_of(BOB) == frozenset()
        now += GROUPS_SECONDS
        await hands.fault("usergroups.list", "http_500")
        with pytest.raises(DirectoryUnavailable):
            await directory.groups_of(ALICE)


@asynccontextmanager
async def _opened(sandbox: Sandbox) -> AsyncIterator[OutsideClient]:
    client = OutsideClient(
        api_url=sandbox.api_url,
        bot_token=sandbox.bot_token,
        response_base=sandbox.url,
        pacer=Pacer(is_on=False),
    )
    await client.open()
    try:
        yield client
    finally:
        await client.close()


async def test_an_account_that_changed_its_address_is_nobody_elses(
    hands: Hands, sandbox: Sandbox
) -> None:
    """The id of an e-mail is remembered, but its address is looked at again."""
    now = 1_000.0
    async with _opened(sandbox) as client:
        accounts = Accounts(client=client, monotonic=lambda: now)
        assert await accounts.id_of(BOB) == "U0BOB"
        patch = {"email": "robert@example.com"}
        await hands.post("people", {"user": "bob", "patch": patch})
        now += 30

        assert await accounts.id_of(BOB) is None


async def test_the_same_person_decides_in_slack_and_terminal_by_slacks_groups(
    hands: Hands, outside: Outside, database_url: str, groups: Groups
) -> None:
    """With the file and Slack together; while Slack is away nothing is decided."""
    groups.members = {"sre": [ALICE], "jitsudo-admins": [ERIN]}
    groups.write()
    await group(hands, "sre-lead", "bob", "ben")
    await group(hands, "jitsudo-admins", "bob")
    both = (GroupSource.FILE, GroupSource.SLACK)

    async with a_product(
        database_url, groups, outside=outside, groups_from=both
    ) as product:
        record = await product.submit()
        approved = await product.acting(BOB).approve(record.request.id, comment="")
        with pytest.raises(NotAllowed):  # Slack's jitsudo-admins makes no admin
            await product.acting(BOB).reload_policies()
        facts = await product.acting(ERIN).principal(BOB)
        await hands.fault("users.info", "http_500", count=50)
        await hands.fault("users.lookupByEmail", "http_500", count=50)
        with pytest.raises(DirectoryUnavailable, match="slack: "):
            await product.submit(by="dave@example.com")

    assert approved.request.state is RequestState.APPROVED
    assert facts.groups == ("sre-lead",)
    assert "not counted: jitsudo-admins" in facts.sources[1].note


async def test_the_workplace_says_who_cannot_act(
    hands: Hands, workplace: Workplace
) -> None:
    """By the rules of a press: guests, strangers to Slack, deactivated accounts."""
    await hands.post("people", {"user": "ben", "patch": {"deleted": True}})

    assert await workplace.why_unreachable(BOB) is None
    assert "guest" in (await workplace.why_unreachable("gus@example.com") or "")
    for nobody in (BEN, "nobody@example.com"):
        assert "no member" in (await workplace.why_unreachable(nobody) or "")
    await hands.fault("users.lookupByEmail", "http_500")
    with pytest.raises(SlackFailed):
        await workplace.why_unreachable(ALICE)


async def test_the_workplace_says_where_no_card_can_go(workplace: Workplace) -> None:
    """A channel that is not there, by name or id."""
    assert await workplace.why_unpostable(None) is None
    assert "no channel" in (await workplace.why_unpostable("nowhere") or "")
    assert await workplace.why_unpostable("C0NOWHERE") is not None


async def test_a_channel_without_the_bot_takes_no_card(
    hands: Hands, workplace: Workplace
) -> None:
    """What to do is to invite it; whoever asks again learns of it at once."""
    assert await workplace.why_unpostable(None) is None

    await hands.post("channels", {"channel": "access", "do": "kick"})
    why = await workplace.why_unpostable(None)
    await hands.post("channels", {"channel": "access", "do": "invite"})

    assert why == "not_in_channel: invite the bot: type /invite @jitsudo in access"
    assert await workplace.why_unpostable(None) is None


async def test_listing_members_leaves_room_for_decisions(
    hands: Hands, sandbox: Sandbox
) -> None:
    """The second list of the same people calls nobody."""
    async with _opened(sandbox) as client:
        directory = SlackUserGroups(client=client, accounts=Accounts(client=client))
        await group(hands, "sre-lead", "bob", "ben", "gus")
        await group(hands, "security", "ben", "bob")

        lists = [await directory.members_of(n) for n in ("sre-lead", "security")]
        told = await hands.deliveries()

    calls = [one["method"] for one in told["calls"] if one["method"] == "users.info"]
    assert lists == [(BEN, BOB), (BEN, BOB)]
    assert len(calls) == 3
