"""The provider `azure`: whose an assignment is, and what Azure makes of names."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CredentialUnavailableError

from core.domain.grant import GrantOrder
from core.errors import ProviderFailed
from core.vocabulary import RequestId
from tests.support.builders import ALICE, BOB, a_request_id
from tests.support.clouds.azure import AzureCloud, azure_cloud
from tests.support.clouds.cloud import Trouble, an_order
from tests.support.clouds.microsoft_state import (
    PEOPLE,
    READER,
    SCOPE,
    SUBSCRIPTION,
    Refused,
)

GUEST = "alice@partner.example"
STANDING = "5ca1ab1e-0000-4000-8000-000000000009"


@pytest.fixture
async def azure() -> AsyncIterator[AzureCloud]:
    """Yield the provider and its stand-in, with nobody elevated."""
    async with azure_cloud() as opened:
        yield opened
        await opened.provider.close()


def an_order_for(
    *,
    role: str = "Reader",
    scope: str = SUBSCRIPTION,
    requester: str = ALICE,
    request_id: RequestId | None = None,
    attempt: int = 1,
) -> GrantOrder:
    """Return an order for an hour."""
    return GrantOrder(
        request_id=request_id or a_request_id(),
        requester=requester,
        role=role,
        resource_scope=scope,
        duration_seconds=3600,
        reason='INC-1: "quotes", <tags> & a\nnew line',
        attempt=attempt,
    )


def only(cloud: AzureCloud) -> dict[str, Any]:
    """Return the one assignment there is."""
    (found,) = cloud.microsoft.access.assignments.values()
    return found


def a_standing_assignment(cloud: AzureCloud) -> None:
    """Let alice be a reader for good."""
    cloud.microsoft.access.assignments[STANDING] = {
        "roleDefinitionId": f"{SCOPE}/providers/x/roleDefinitions/{READER}",
        "principalId": PEOPLE[ALICE],
        "principalType": "User",
        "description": "on the team",
        "scope": SCOPE,
    }


async def test_a_grant_is_an_assignment_that_says_whose_it_is(
    azure: AzureCloud,
) -> None:
    """Role and person by their ids; the description holds nothing of the reason."""
    order = an_order_for()

    issued = await azure.provider.grant(order)

    made = only(azure)
    description = made.pop("description")
    assert made == {
        "scope": SCOPE,
        "roleDefinitionId": f"{SCOPE}/providers/Microsoft.Authorization"
        f"/roleDefinitions/{READER}",
        "principalId": PEOPLE[ALICE],
        "principalType": "User",
    }
    assert description.startswith(
        f"jitsudo: temporary access, first for {order.request_id}"
    )
    assert "INC-1" not in description
    assert issued.secrets.variables == {"AZURE_SUBSCRIPTION_ID": SUBSCRIPTION}


@pytest.mark.parametrize(
    ("scope", "variables"),
    [
        (f"{SCOPE}/resourceGroups/shop", {"AZURE_SUBSCRIPTION_ID": SUBSCRIPTION}),
        ("/providers/Microsoft.Management/managementGroups/acme", {}),
    ],
)
async def test_what_the_person_gets_is_a_subscription_not_a_path(
    azure: AzureCloud, scope: str, variables: dict[str, str]
) -> None:
    """Tools want the id; a management group is in no subscription."""
    order = an_order_for(scope=scope)

    issued = await azure.provider.grant(order)

    assert issued.secrets.variables == variables
    assert only(azure)["scope"] == scope
    await azure.provider.revoke(order, issued.handle)
    assert azure.microsoft.access.assignments == {}


@pytest.mark.parametrize("attempt", [1, 2])
async def test_standing_access_is_no_grant_and_stays(
    azure: AzureCloud, attempt: int
) -> None:
    """At whichever try: its id is not ours, so it is named, kept, and never ended."""
    a_standing_assignment(azure)
    order = an_order_for(attempt=attempt)

    with pytest.raises(
        ProviderFailed,
        match="not this request's and stays; its description says: on the team",
    ):
        await azure.provider.grant(order)
    await azure.provider.revoke(order, "")

    assert list(azure.microsoft.access.assignments) == [STANDING]


async def test_a_role_by_its_id_does_not_share_with_one_by_its_name(
    azure: AzureCloud,
) -> None:
    """One assignment, two lanes: the second waits, so that neither ends the other."""
    first, second = an_order_for(), an_order_for(role=READER.upper())
    issued = await azure.provider.grant(first)

    with pytest.raises(ProviderFailed, match=f"first for {first.request_id}"):
        await azure.provider.grant(second)
    await azure.provider.revoke(second, "")
    assert await azure.provider.is_active(first, issued.handle)

    await azure.provider.revoke(first, issued.handle)
    await azure.provider.grant(second)
    assert await azure.grants_of(ALICE) == 1


async def test_a_description_changed_by_hand_stops_no_end(azure: AzureCloud) -> None:
    """It is no new grant then, but what the handle names is still jitsudo's."""
    order = an_order_for()
    issued = await azure.provider.grant(order)
    only(azure)["description"] = "please keep"

    with pytest.raises(ProviderFailed, match="please keep"):
        await azure.provider.grant(an_order_for())
    await azure.provider.revoke(order, issued.handle)

    assert await azure.grants_of(ALICE) == 0


async def test_a_shared_assignment_is_left_without_a_call(azure: AzureCloud) -> None:
    """The other request's end is the one that counts."""
    order = an_order(azure, is_shared=True)
    issued = await azure.provider.grant(order)
    azure.trouble(Trouble.DOWN, calls=50)

    await azure.provider.revoke(order, issued.handle)

    assert await azure.grants_of(ALICE) == 1


async def test_another_installations_assignment_is_not_ours(azure: AzureCloud) -> None:
    """Its mark says so; neither grants on it, nor ends it."""
    other = azure.a_provider(mark="sudo")
    order = an_order_for()
    await azure.provider.grant(order)

    with pytest.raises(ProviderFailed, match="not this request's and stays"):
        await other.grant(order)
    await other.revoke(order, "")

    await other.close()
    assert await azure.grants_of(ALICE) == 1


async def test_an_end_without_a_handle_reads_all_pages_and_asks_no_directory(
    azure: AzureCloud,
) -> None:
    """The person may be gone by then, and many others assigned."""
    for _ in range(3):
        other = an_order_for(requester=f"{_}@example.com")
        azure.microsoft.directory.add(
            f"{_}0000000-0000-4000-8000-00000000000f",
            name=f"{_}@example.com",
            mail=None,
        )
        await azure.provider.grant(other)
    order = an_order_for()
    await azure.provider.grant(order)
    azure.microsoft.directory.accounts.clear()

    await azure.provider.revoke(order, "")

    assert await azure.grants_of(ALICE) == 0
    assert len(azure.microsoft.access.assignments) == 3


async def test_an_end_without_a_handle_does_not_rely_on_a_list(
    azure: AzureCloud,
) -> None:
    """What was made a moment ago may not be in one yet."""
    order = an_order_for()
    await azure.provider.grant(order)
    azure.microsoft.access.lists_nothing = True

    await azure.provider.revoke(order, "")

    assert await azure.grants_of(ALICE) == 0


@pytest.mark.parametrize(
    "order", [an_order_for(role="Rider"), an_order_for(requester=GUEST)]
)
async def test_what_never_could_be_granted_is_over(
    azure: AzureCloud, order: GrantOrder
) -> None:
    """A role or a person that there is not: else its end would be tried for ever."""
    with pytest.raises(ProviderFailed):
        await azure.provider.grant(order)

    await azure.provider.revoke(order, "")

    assert not await azure.provider.is_active(order, "")


async def test_an_end_without_a_handle_fails_while_the_directory_is_down(
    azure: AzureCloud,
) -> None:
    """Nobody knows then what may have been made."""
    azure.credential.error = ClientAuthenticationError("AADSTS1: no")

    with pytest.raises(ProviderFailed):
        await azure.provider.revoke(an_order_for(), "")


async def test_an_end_is_told_when_it_can_be_read(azure: AzureCloud) -> None:
    """Azure may lag behind for a moment; for longer, the job tries again."""
    order = an_order_for()
    issued = await azure.provider.grant(order)
    azure.microsoft.access.lags = 2
    await azure.provider.revoke(order, issued.handle)

    await azure.provider.grant(order)
    azure.microsoft.access.lags = 3
    with pytest.raises(ProviderFailed, match="still has the assignment"):
        await azure.provider.revoke(order, issued.handle)


async def test_a_deleted_assignment_that_is_still_read_is_no_grant(
    azure: AzureCloud,
) -> None:
    """The next request in the lane makes one of its own."""
    first = an_order_for()
    issued = await azure.provider.grant(first)
    await azure.provider.revoke(first, issued.handle)
    azure.microsoft.access.lags = 50

    await azure.provider.grant(an_order_for())

    assert await azure.grants_of(ALICE) == 1


async def test_a_new_account_is_waited_for(azure: AzureCloud) -> None:
    """A few times in the call, then by the job."""
    azure.microsoft.access.unheard_of = 2
    await azure.provider.grant(an_order_for())

    azure.microsoft.access.unheard_of = 3
    with pytest.raises(ProviderFailed, match="too new"):
        await azure.provider.grant(an_order_for(requester=BOB))
    assert await azure.grants_of(BOB) == 0


@pytest.mark.parametrize(
    ("email", "name", "mail"),
    [
        (GUEST, "alice_partner.example#EXT#@acme.example", GUEST),
        ("o'neil+x@acme.example", "O'Neil+X@acme.example", None),
        ("a#b&c/d%20@acme.example", "a#b&c/d%20@acme.example", None),
        ("o'neil@acme.example", "on@acme.example", "O'Neil@acme.example"),
    ],
)
async def test_people_are_found_by_name_or_else_by_mail(
    azure: AzureCloud, email: str, name: str, mail: str | None
) -> None:
    """Whatever characters they have, guests among them."""
    azure.microsoft.directory.add(
        "90e57000-0000-4000-8000-000000000003", name=name, mail=mail
    )

    await azure.provider.grant(an_order_for(requester=email))

    assert only(azure)["principalId"].startswith("90e57000")


@pytest.mark.parametrize(
    ("accounts", "why"),
    [
        ([], "no account"),
        ([{"name": GUEST, "mail": None, "is_enabled": False}], "switched off"),
        ([{"name": GUEST, "mail": None, "is_enabled": None}], "User.Read.All"),
        (
            [
                {"name": "a@x.example", "mail": GUEST},
                {"name": "b@x.example", "mail": GUEST},
            ],
            "more than one",
        ),
    ],
)
async def test_who_is_not_one_enabled_account_gets_nothing(
    azure: AzureCloud, accounts: list[dict[str, Any]], why: str
) -> None:
    """Unknown means no."""
    for number, account in enumerate(accounts):
        oid = f"90e57000-0000-4000-8000-00000000000{number}"
        azure.microsoft.directory.add(oid, **account)

    with pytest.raises(ProviderFailed, match=why):
        await azure.provider.grant(an_order_for(requester=GUEST))

    assert azure.microsoft.access.assignments == {}


@pytest.mark.parametrize("role", ["x' or roleName eq 'Owner", "Read", "r*", "Reader'"])
async def test_a_role_is_found_by_its_whole_name(azure: AzureCloud, role: str) -> None:
    """Quotes in it are letters; a part of a name is another name."""
    with pytest.raises(ProviderFailed, match="there is no role"):
        await azure.provider.grant(an_order_for(role=role))


async def test_a_name_of_two_roles_is_no_role(azure: AzureCloud) -> None:
    """Nobody approved one of them."""
    azure.microsoft.access.roles.append(("0" * 8 + READER[8:], "reader"))

    with pytest.raises(ProviderFailed, match="more than one role"):
        await azure.provider.grant(an_order_for())


async def test_an_id_of_no_role_is_told(azure: AzureCloud) -> None:
    """Azure has no definition of it, and an end finds nothing to end."""
    with pytest.raises(ProviderFailed, match="there is no role"):
        await azure.provider.grant(an_order_for(role="0" * 8 + READER[8:]))


async def test_a_role_made_anew_is_found_again(azure: AzureCloud) -> None:
    """What is remembered of it is forgotten with the first failure, or in time."""
    await azure.provider.grant(an_order_for())
    azure.microsoft.access.roles[0] = ("0" * 8 + READER[8:], "Reader")

    with pytest.raises(ProviderFailed, match="no such role"):
        await azure.provider.grant(an_order_for(requester=BOB))
    await azure.provider.grant(an_order_for(requester=BOB))
    assert await azure.grants_of(BOB) == 1

    azure.microsoft.access.roles[0] = (READER, "Reader")
    azure.clock.move(timedelta(minutes=5))
    await azure.provider.grant(an_order_for(requester=BOB))
    assert await azure.grants_of(BOB) == 2


@pytest.mark.parametrize(
    ("refusal", "why"),
    [
        (Refused(403, "AuthorizationFailed"), "jitsudo may not do that"),
        (Refused(400, "RoleAssignmentLimitExceeded"), "as many role assignments"),
        (
            Refused(500, "InternalServerError", "Oops."),
            "500 InternalServerError: Oops.",
        ),
    ],
)
async def test_what_azure_refuses_says_what_to_do(
    azure: AzureCloud, refusal: Refused, why: str
) -> None:
    """In one line for the person on call."""
    azure.microsoft.access.refusal = refusal

    with pytest.raises(ProviderFailed) as failed:
        await azure.provider.grant(an_order_for())

    assert why in failed.value.why


async def test_a_lock_that_keeps_an_assignment_is_named(azure: AzureCloud) -> None:
    """Until somebody takes it away, the access is still there."""
    order = an_order_for()
    issued = await azure.provider.grant(order)
    azure.microsoft.access.refusal = Refused(409, "ScopeLocked")

    with pytest.raises(ProviderFailed, match="remove the lock"):
        await azure.provider.revoke(order, issued.handle)


async def test_what_was_in_a_deleted_group_is_over(azure: AzureCloud) -> None:
    """Its assignments went with it; a subscription that is not seen proves nothing."""
    group = f"{SCOPE}/resourceGroups/shop"
    in_group, in_all = an_order_for(scope=group), an_order_for()
    first = await azure.provider.grant(in_group)
    second = await azure.provider.grant(in_all)
    azure.microsoft.access.scopes.clear()

    await azure.provider.revoke(in_group, first.handle)
    with pytest.raises(ProviderFailed, match="no such subscription"):
        await azure.provider.revoke(in_all, second.handle)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (CredentialUnavailableError("no endpoint"), "no credentials for Azure"),
        (
            ClientAuthenticationError("AADSTS7000222: secret s3cret has expired"),
            "no token (AADSTS7000222)",
        ),
    ],
)
async def test_credentials_of_jitsudos_own_that_fail_are_named(
    azure: AzureCloud, error: Exception, why: str
) -> None:
    """With Entra's code, and nothing else that it says."""
    azure.credential.error = error

    with pytest.raises(ProviderFailed) as failed:
        await azure.provider.check()

    assert why in failed.value.why
    assert "s3cret" not in failed.value.why


async def test_checking_says_what_is_seen(azure: AzureCloud) -> None:
    """After Graph and Resource Manager both took the credentials."""
    assert await azure.provider.check() == "default, sees 1 subscriptions"
