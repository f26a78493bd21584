"""Signing in again, because the groups of the last sign-in are too old."""

from datetime import timedelta

from core.vocabulary import GroupSource
from tests.support.builders import BOB
from tests.support.sign_in_houses import open_house


async def test_who_signs_in_again_has_groups_that_were_too_old(
    sqlite_url: str,
) -> None:
    """However short groups count: the same ones in a new token are new."""
    core = {
        "groups_from": (GroupSource.FILE, GroupSource.OIDC),
        "oidc_groups_max_age": timedelta(minutes=10),
    }
    async with open_house(sqlite_url, None, core=core) as house:
        token = house.issuer.token(BOB, groups=["oncall"])
        at_first = (await house.whoami(token)).json()["groups"]
        house.clock.move(timedelta(minutes=11))
        too_old = (await house.whoami(token)).json()["groups"]
        again = await house.whoami(house.issuer.token(BOB, groups=["oncall"]))

    assert at_first == ["oncall", "sre-lead"]
    assert too_old == ["sre-lead"]
    assert again.json()["groups"] == ["oncall", "sre-lead"]
