"""Somebody disabled who is still in Slack: refused, and told nothing about others."""

import pytest

from core.ports import PrincipalRow
from core.vocabulary import RequestState
from tests.support.builders import BEN, BOB
from tests.support.offices import Office


async def disable(office: Office, email: str) -> None:
    """Let nothing of a person's count any more."""
    async with office.jitsudo.store.transaction() as uow:
        await uow.principals.put(PrincipalRow(email=email, is_disabled=True))
        await uow.commit()


@pytest.mark.parametrize("button", ["approve", "deny"])
async def test_a_card_names_no_approvers_to_somebody_disabled(
    office: Office, button: str
) -> None:
    """They have the card before their eyes, and learn who else could decide it not."""
    request_id = await office.ask()
    await office.card(request_id)
    await disable(office, BOB)

    pressed = await office.click("bob", request_id, button)

    told = str(pressed)
    assert BEN not in told
    assert (await office.request(request_id)).state is RequestState.PENDING


async def test_a_line_about_a_request_tells_nothing_to_somebody_disabled(
    office: Office,
) -> None:
    """By id they could guess; what comes back says what they are, and no more."""
    request_id = await office.ask()
    await disable(office, BOB)

    for line in (
        f"approve {request_id}",
        f"deny {request_id} no",
        f"status {request_id}",
        "status",
        f"revoke {request_id}",
        f"extend {request_id} 1h",
        f"withdraw {request_id}",
        f"review {request_id} fine",
        "login BCDF-GHJK",
        "login",
    ):
        told = str(await office.hands.command("bob", line))
        assert "alice" not in told, line
        assert BEN not in told, line
