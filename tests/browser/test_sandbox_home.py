"""App Home in the sandbox's page, in a real browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from bot.sandbox.app import Sandbox
from bot.sandbox.server import serving
from core.domain.codes import shown_code
from core.vocabulary import SignInState
from tests.support.offices import Office, open_office
from tests.support.sign_ins import HOST, begin

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1200, "height": 800}


@pytest.fixture
async def at_work(tmp_path: Path) -> AsyncIterator[Office]:
    """An office whose sandbox has a page."""
    async with (
        serving(Sandbox(pacing=False)) as sandbox,
        open_office(tmp_path, sandbox) as office,
    ):
        yield office


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
async def page(
    request: pytest.FixtureRequest, at_work: Office, chromium: Browser
) -> AsyncIterator[Page]:
    """App Home as alice sees it; anything on the console fails the test."""
    opened = await chromium.new_page(viewport=request.param)
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    await opened.goto(f"{at_work.sandbox.page_url}?as=alice#home")
    yield opened
    assert complaints == []


async def test_a_terminal_is_signed_in_from_app_home(
    page: Page, at_work: Office
) -> None:
    """The button, the code, a wrong name and its mark, the name, the end."""
    begun = await begin(at_work.jitsudo)

    await page.get_by_role("button", name="Sign in a terminal").click()
    modal = page.get_by_role("dialog")
    await modal.get_by_role("textbox").fill(shown_code(begun.sign_in.user_code))
    await modal.get_by_role("button", name="Continue").click()
    await expect(modal).to_contain_text(HOST)
    await expect(modal).to_contain_text("Never confirm a code that somebody sent you")
    await modal.get_by_role("textbox").fill("another")
    await modal.get_by_role("button", name="Confirm").click()
    await expect(modal).to_contain_text(f"must be {HOST}")
    await modal.get_by_role("textbox").fill(HOST)
    await modal.get_by_role("button", name="Confirm").click()

    await expect(modal).to_contain_text("is signed in as you")
    async with at_work.jitsudo.store.transaction() as uow:
        found = await uow.sign_ins.by_digest(begun.sign_in.digest)
    assert found is not None
    assert found.state is SignInState.CONFIRMED


async def test_app_home_fits_and_leads_back(page: Page) -> None:
    """Nothing stands out at the side; the channel is one step away."""
    await expect(page.get_by_role("button", name="Sign in a terminal")).to_be_visible()
    await expect(page.locator("#composer")).to_be_hidden()
    wide = "document.documentElement.scrollWidth - innerWidth"
    assert await page.evaluate(wide) <= 0

    await page.goto(page.url.replace("#home", "#C0ACCESS"))

    await expect(page.locator("#composer")).to_be_visible()
    await expect(page.locator("#home")).to_be_hidden()
