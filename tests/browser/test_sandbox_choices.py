"""Boxes to tick and buttons in direct messages, on the page, by keyboard alone."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from bot.sandbox.app import Sandbox
from bot.slack.blocks import actions, button, mrkdwn, section
from bot.slack.modals import request_modal
from tests.support.workspaces import Received, Receiver, WebApiCaller

pytestmark = pytest.mark.browser

Json = dict[str, Any]


class App:
    """An app with our form and a message; refuses a form without its words."""

    def __init__(self, web_api: WebApiCaller) -> None:
        """Have heard nothing yet."""
        self._web_api = web_api
        self.pressed: list[Json] = []
        self.sent: list[Json] = []

    async def answer(self, got: Received) -> web.Response:
        """Answer one delivery."""
        fields = got.fields
        if "command" in fields:
            trigger, view = fields["trigger_id"], request_modal()
            await self._web_api("views.open", trigger_id=trigger, view=view)
        elif fields["type"] == "block_actions":
            self.pressed.append(fields)
        elif fields["type"] == "view_submission":
            values = fields["view"]["state"]["values"]
            self.sent.append(values)
            is_ticked = values["break_glass"]["break_glass"]["selected_options"]
            if not is_ticked:
                errors = {"break_glass": "This must be ticked."}
                told = {"response_action": "errors", "errors": errors}
                return web.json_response(told)
        return web.Response()


@pytest.fixture
async def app(web_api: WebApiCaller, receiver: Receiver) -> App:
    """An app that has written to alice."""
    revoke = button("Revoke", action_id="revoke", value="req_1", style="danger")
    blocks = [section(mrkdwn("Use it"), "use"), actions([revoke], "buttons")]
    await web_api("chat.postMessage", channel="U0ALICE", text="Use it", blocks=blocks)
    made = App(web_api)
    receiver.answer = made.answer
    return made


@pytest.fixture
async def page(app: App, sandbox: Sandbox, chromium: Browser) -> AsyncIterator[Page]:
    """Alice's direct messages; anything on the browser's console fails the test."""
    assert app.sent == []
    opened = await chromium.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    await opened.goto(f"{sandbox.page_url}?as=alice#D0ALICE")
    await expect(opened.locator(".message")).to_have_count(1)
    yield opened
    assert complaints == []


async def test_a_button_in_a_direct_message_is_pressed(page: Page, app: App) -> None:
    """The app hears who pressed, and where."""
    await page.get_by_role("button", name="Revoke").focus()
    await page.keyboard.press("Enter")

    await expect(page.locator(".failure")).to_be_hidden()
    await expect(page.locator("[aria-busy]")).to_have_count(0)
    (pressed,) = app.pressed
    assert pressed["channel"]["id"] == "D0ALICE"
    assert pressed["actions"][0]["value"] == "req_1"


async def test_a_box_is_ticked_by_keyboard_and_a_mark_leads_back_to_it(
    page: Page, app: App
) -> None:
    """Typed, refused, ticked, sent: nothing that was typed is lost."""
    await page.get_by_label("Slash command").fill("/jitsudo request")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Provider")).to_be_focused()
    for text in ("local", "infra-admin", "staging"):
        await page.keyboard.type(text)
        await page.keyboard.press("Tab")
    await page.get_by_label("In an emergency").fill("BREAK GLASS")
    submit = page.get_by_role("button", name="Ask", exact=True)
    await submit.press("Enter")
    error = page.locator(".error")
    await expect(error).to_have_text("This must be ticked.")
    box = page.get_by_role("checkbox", name="This is an emergency")
    await expect(box).to_be_focused()
    await page.keyboard.press("Space")
    await expect(box).to_be_checked()
    await submit.press("Enter")

    await expect(page.get_by_role("dialog")).to_have_count(0)
    first, second = app.sent
    assert first["break_glass"]["break_glass"]["selected_options"] == []
    ticked = second["break_glass"]["break_glass"]["selected_options"]
    assert [option["value"] for option in ticked] == ["break_glass"]
    assert second["confirmation"]["confirmation"]["value"] == "BREAK GLASS"
    assert second["scope"]["scope"]["value"] == "staging"


async def test_the_form_fits_a_phone(page: Page) -> None:
    """Nothing overflows sideways, and the last input can be reached."""
    await page.set_viewport_size({"width": 360, "height": 640})
    await page.get_by_label("Slash command").fill("/jitsudo request")
    await page.keyboard.press("Enter")
    await page.get_by_label("In an emergency").focus()

    await expect(page.get_by_label("In an emergency")).to_be_in_viewport()
    dialog = page.get_by_role("dialog")
    width = await dialog.evaluate("node => node.scrollWidth - node.clientWidth")
    assert width == 0
