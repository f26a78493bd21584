"""The provider `gcp` in a policy that others have bindings in, and write as well."""

import asyncio
from collections.abc import AsyncIterator
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from core.errors import ProviderFailed
from core.providers.gcp import from_settings
from tests.support.builders import ALICE, NOON, a_request_id
from tests.support.clouds.cloud import Trouble, an_order
from tests.support.clouds.gcp import GcpCloud, gcp_cloud
from tests.support.clouds.google import SERVICE
from tests.support.clouds.google_policies import PROJECT, ROLE, Refused

HOUR = timedelta(hours=1)


@pytest.fixture
async def gcp() -> AsyncIterator[GcpCloud]:
    """Yield the provider and its stand-in, with nobody elevated."""
    async with gcp_cloud() as opened:
        yield opened
        await opened.provider.close()


def ours(cloud: GcpCloud, request_id: str) -> dict[str, Any]:
    """Return the one binding of a request."""
    title = f"jitsudo-{request_id}"
    (found,) = [
        binding
        for binding in cloud.google.policies.bindings()
        if binding.get("condition", {}).get("title") == title
    ]
    return found


async def test_a_grant_is_one_binding_that_ends_by_itself(gcp: GcpCloud) -> None:
    """Role, member and end as asked; what it is, for whoever reads the policy."""
    order = an_order(gcp)

    issued = await gcp.provider.grant(order)

    assert ours(gcp, order.request_id) == {
        "role": ROLE,
        "members": [f"user:{ALICE}"],
        "condition": {
            "title": f"jitsudo-{order.request_id}",
            "description": "Temporary access by jitsudo, which removes it too",
            "expression": 'request.time < timestamp("2026-03-20T13:00:00Z")',
        },
    }
    assert issued.secrets.variables == {
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "CLOUDSDK_CORE_PROJECT": PROJECT,
    }


async def test_everything_else_in_the_policy_stays(gcp: GcpCloud) -> None:
    """Bindings, conditions, audit configuration and fields that nobody here knows."""
    before = deepcopy(gcp.google.policies.projects[PROJECT])
    order = an_order(gcp)

    issued = await gcp.provider.grant(order)
    during = gcp.google.policies.bindings()[:-1]
    await gcp.provider.revoke(order, issued.handle)

    assert during == before["bindings"]
    assert gcp.google.policies.projects[PROJECT] == before


@pytest.mark.parametrize("status", [409, 412])
async def test_a_policy_that_moved_is_read_again(gcp: GcpCloud, status: int) -> None:
    """Both changes are there in the end, theirs and ours."""
    gcp.google.policies.others_write, gcp.google.policies.moved_status = 2, status
    order = an_order(gcp)

    await gcp.provider.grant(order)

    titles = [binding["members"][0] for binding in gcp.google.policies.bindings()]
    assert titles[2:] == [
        "group:team1@x.example",
        "group:team0@x.example",
        f"user:{ALICE}",
    ]


async def test_a_policy_that_keeps_moving_is_left_for_later(gcp: GcpCloud) -> None:
    """After a few times, and with nothing of ours in it."""
    provider = from_settings("gcp", gcp.settings, gcp.clock)
    provider._changes._pauses = (0.0, 0.0, 0.0)
    gcp.google.policies.others_write = 9

    with pytest.raises(ProviderFailed, match="others changed the policy"):
        await provider.grant(an_order(gcp))

    await provider.close()
    assert gcp.google.policies.others_write == 6
    assert await gcp.grants_of(ALICE) == 0


async def test_grants_at_once_in_one_project_are_all_there(gcp: GcpCloud) -> None:
    """They need no lane: a write that another came before is done again."""
    orders = [an_order(gcp) for _ in range(3)]

    async with asyncio.TaskGroup() as group:
        for order in orders:
            group.create_task(gcp.provider.grant(order))

    for order in orders:
        assert ours(gcp, order.request_id)


async def test_granting_again_keeps_the_end(gcp: GcpCloud) -> None:
    """An answer that was lost does not make it longer."""
    order = an_order(gcp)
    first = await gcp.provider.grant(order)
    gcp.clock.move(timedelta(minutes=10))

    again = await gcp.provider.grant(
        an_order(gcp, request_id=order.request_id, attempt=2)
    )

    assert again == first
    assert (again.issued_at, again.expires_at) == (NOON, NOON + HOUR)


async def test_a_grant_that_ended_unheard_of_is_made_anew(gcp: GcpCloud) -> None:
    """Nobody could use it; in its place, not beside it."""
    order = an_order(gcp)
    await gcp.provider.grant(order)
    gcp.clock.move(2 * HOUR)

    again = await gcp.provider.grant(order)

    assert again.expires_at == NOON + 3 * HOUR
    assert "15:00:00Z" in ours(gcp, order.request_id)["condition"]["expression"]


@pytest.mark.parametrize(
    "change",
    [
        {"role": "roles/owner.of.all"},
        {"members": ["user:bob@example.com"]},
        {"condition": {"expression": "true"}},
        {
            "condition": {
                "expression": 'request.time < timestamp("2027-01-01T00:00:00Z")'
            }
        },
        {
            "condition": {
                "expression": 'request.time < timestamp("2026-99-01T00:00:00Z")'
            }
        },
    ],
)
async def test_a_binding_that_says_something_else_is_no_grant(
    gcp: GcpCloud, change: dict[str, Any]
) -> None:
    """Somebody changed it by hand; it is named and left, and the end takes it out."""
    order = an_order(gcp)
    await gcp.provider.grant(order)
    binding = ours(gcp, order.request_id)
    binding["condition"].update(change.pop("condition", {}))
    binding.update(change)
    changed = deepcopy(binding)

    with pytest.raises(ProviderFailed, match=order.request_id):
        await gcp.provider.grant(order)

    assert ours(gcp, order.request_id) == changed
    await gcp.provider.revoke(order, "")
    assert len(gcp.google.policies.bindings()) == 2


async def test_a_natural_end_leaves_no_binding(gcp: GcpCloud) -> None:
    """The condition ended it; what says so is taken out, or it is no end."""
    order = an_order(gcp)
    issued = await gcp.provider.grant(order)
    gcp.clock.move(HOUR)
    assert not await gcp.provider.is_active(order, issued.handle)

    gcp.google.trouble(Trouble.THROTTLED, calls=1)
    with pytest.raises(ProviderFailed):
        await gcp.provider.revoke(order, issued.handle)
    await gcp.provider.revoke(order, issued.handle)

    assert len(gcp.google.policies.bindings()) == 2


async def test_a_write_that_did_not_last_is_no_success(gcp: GcpCloud) -> None:
    """Neither a grant nor an end is told before it can be read."""
    order = an_order(gcp)
    gcp.google.policies.forgets_writes = True
    with pytest.raises(ProviderFailed):
        await gcp.provider.grant(order)

    gcp.google.policies.forgets_writes = False
    await gcp.provider.grant(order)
    gcp.google.policies.forgets_writes = True
    with pytest.raises(ProviderFailed, match="still has the binding"):
        await gcp.provider.revoke(order, "")


async def test_a_new_prefix_still_ends_what_the_old_one_began(gcp: GcpCloud) -> None:
    """The handle has the title; another request's handle ends nothing."""
    order, other = an_order(gcp), an_order(gcp)
    issued = await gcp.provider.grant(order)
    settings = {**gcp.settings, "condition_title_prefix": "sudo"}
    provider = from_settings("gcp", settings, gcp.clock)

    await provider.revoke(other, issued.handle)
    assert ours(gcp, order.request_id)
    await provider.revoke(order, issued.handle)

    await provider.close()
    assert await gcp.grants_of(ALICE) == 0


async def test_a_robot_is_granted_as_a_service_account(gcp: GcpCloud) -> None:
    """Google has another word for it than for a person."""
    robot = "robot@ops-123456.iam.gserviceaccount.com"
    order = an_order(gcp, requester=robot)

    await gcp.provider.grant(order)

    assert ours(gcp, order.request_id)["members"] == [f"serviceAccount:{robot}"]


async def test_a_person_unknown_to_google_is_named(gcp: GcpCloud) -> None:
    """Also one whose address would be more than an address elsewhere."""
    with pytest.raises(ProviderFailed, match=r"o'neil@example\.com does not exist"):
        await gcp.provider.grant(an_order(gcp, requester="o'neil@example.com"))


async def test_a_role_that_disappeared_is_named(gcp: GcpCloud) -> None:
    """Between the ask and the approval somebody deleted it."""
    gcp.google.policies.roles.remove(ROLE)

    with pytest.raises(ProviderFailed, match=f"Role {ROLE} is not supported"):
        await gcp.provider.grant(an_order(gcp))


async def test_twenty_conditional_bindings_are_the_most(gcp: GcpCloud) -> None:
    """Of one role for one member; the person on call reads what is full."""
    for _ in range(19):
        await gcp.provider.grant(an_order(gcp))

    with pytest.raises(ProviderFailed, match="20 conditional bindings"):
        await gcp.provider.grant(an_order(gcp))


async def test_a_full_policy_is_named(gcp: GcpCloud) -> None:
    """With how many members it has, and how many it may have."""
    crowd = [f"user:p{number}@example.com" for number in range(1497)]
    gcp.google.policies.bindings().append({"role": ROLE, "members": crowd})

    with pytest.raises(ProviderFailed, match="1501 members and Google takes 1500"):
        await gcp.provider.grant(an_order(gcp))


@pytest.mark.parametrize(
    ("refusal", "why"),
    [
        (Refused(403, "PERMISSION_DENIED", "no"), "getIamPolicy and setIamPolicy"),
        (
            Refused(403, "PERMISSION_DENIED", "no", ({"reason": "SERVICE_DISABLED"},)),
            "cloudresourcemanager.googleapis.com",
        ),
        (Refused(404, "NOT_FOUND", "no"), f"no project {PROJECT}"),
        (Refused(503, "UNAVAILABLE", "Try later."), "503: Try later."),
    ],
)
async def test_what_google_refuses_says_what_to_do(
    gcp: GcpCloud, refusal: Refused, why: str
) -> None:
    """In one line for the person on call."""
    gcp.google.policies.refusal = refusal

    with pytest.raises(ProviderFailed) as failed:
        await gcp.provider.grant(an_order(gcp))

    assert why in failed.value.why


async def test_a_key_that_was_switched_off_says_so(gcp: GcpCloud) -> None:
    """Google gives no token for it; its own words and no more."""
    gcp.google.tokens_refused = True

    with pytest.raises(ProviderFailed) as failed:
        await gcp.provider.check()

    assert "invalid_grant: Invalid JWT Signature." in failed.value.why
    assert "PRIVATE KEY" not in failed.value.why


async def test_checking_names_the_account_and_a_project(gcp: GcpCloud) -> None:
    """An account that sees nothing yet is in order; it cannot grant, and says so."""
    assert await gcp.provider.check() == f"{SERVICE}, sees {PROJECT}"

    gcp.google.policies.projects.clear()

    assert await gcp.provider.check() == f"{SERVICE}, sees no project yet"


async def test_a_call_that_is_given_up_leaves_the_provider_usable(
    gcp: GcpCloud,
) -> None:
    """The connection is dropped with it, and nothing of it goes on behind."""
    request_id = a_request_id()
    order = an_order(gcp, request_id=request_id)
    gcp.google.hold()

    async with asyncio.TaskGroup() as group:
        given_up = group.create_task(gcp.provider.grant(order))
        await gcp.google.held.wait()
        given_up.cancel()
    assert given_up.cancelled()
    gcp.google.let_go()

    await gcp.provider.grant(an_order(gcp, request_id=request_id, attempt=2))
    assert await gcp.grants_of(ALICE) == 1
