"""`/jitsudo link` in Slack, and who may act where a sign-in is needed."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox.app import Sandbox
from bot.sandbox.server import serving
from core.domain.principal import Actor
from core.vocabulary import Origin, RequestState, SignInMethod
from tests.support.builders import BOB
from tests.support.offices import Office, open_office
from tests.support.products import ISSUER


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[Office]:
    """An office in which Slack accounts are linked by a sign-in only."""
    async with (
        serving(Sandbox(pacing=False)) as sandbox,
        open_office(tmp_path, sandbox, auth=ISSUER, slack_link="oidc") as running,
    ):
        yield running


async def said(office: Office, who: str, line: str) -> str:
    """Type a line; return what the person reads."""
    told: list[str] = (await office.hands.command(who, line))["ephemeral"]
    return "\n".join(told)


async def test_an_account_acts_once_it_is_linked(strict: Office) -> None:
    """Before that it can ask for a code and for help, and nothing else."""
    request_id = await strict.ask()
    pressed = await strict.click("bob", request_id, "approve")
    assert "/jitsudo link" in pressed["ephemeral"][0]
    assert "/jitsudo link" in await said(strict, "bob", "status")
    assert "/jitsudo link" in await said(strict, "bob", "request")
    assert "jitsudo approve" in await said(strict, "bob", "help")

    told = await said(strict, "bob", "link")
    found = re.search(r"jitsudo link ([A-Z]{4}-[A-Z]{4})", told)
    assert found is not None, told
    assert f"this Slack account, T0SANDBOX/U0BOB, to {BOB}" in told
    bob = strict.jitsudo.acting(
        Actor(email=BOB, origin=Origin.API), method=SignInMethod.OIDC
    )
    await bob.claim_identity(found[1], is_confirmed=True)

    assert (await strict.click("bob", request_id, "approve"))["ephemeral"] == []
    assert (await strict.request(request_id)).state is not RequestState.PENDING
    assert "linked to your sign-in already" in await said(strict, "bob", "link")


async def test_a_code_is_read_by_nobody_else(strict: Office) -> None:
    """It is in no message of the channel and in no log of the audit."""
    told = await said(strict, "bob", "link")
    found = re.search(r"[A-Z]{4}-[A-Z]{4}", told)
    assert found is not None

    state = await strict.hands.state()

    assert found[0] not in str(state["channels"]) + str(state["dms"])
    async with strict.jitsudo.store.snapshot() as uow:
        assert await uow.audit.head() == (0, "0" * 64)


@pytest.mark.parametrize(("who", "why"), [("gus", "guest"), ("xena", "company")])
async def test_for_whom_slack_does_not_vouch_there_is_no_code(
    strict: Office, who: str, why: str
) -> None:
    """A link begins with who Slack says they are."""
    assert why in await said(strict, who, "link")


async def test_without_an_identity_provider_link_says_so(office: Office) -> None:
    """The first use is the link."""
    assert "no identity provider" in await said(office, "bob", "link")


async def test_link_takes_nothing_behind_it(office: Office) -> None:
    """A code is for the terminal."""
    assert "write `/jitsudo link`" in await said(office, "bob", "link BCDF-GHJK")
