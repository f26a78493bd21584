"""The page of the sandbox in a real browser."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from bot.sandbox.app import Sandbox
from tests.support.workspaces import Hands, Received, Receiver, WebApiCaller

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=document.title='hit'> & *not bold*"

Json = dict[str, Any]


def _plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def _card() -> list[Json]:
    mrkdwn = "<@U0ALICE> asks for *infra-admin*, answer by <!date^0^{date_num}|soon>"
    approve = {
        "type": "button",
        "action_id": "approve",
        "style": "primary",
        "text": _plain("Approve"),
        "value": "req_1",
        "confirm": {
            "title": _plain("Approve?"),
            "text": _plain("alice gets infra-admin"),
            "confirm": _plain("Approve"),
            "deny": _plain("Not yet"),
        },
    }
    deny = {"type": "button", "action_id": "deny", "text": _plain("Deny")}
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn}},
        {"type": "section", "text": _plain(HOSTILE)},
        {"type": "actions", "elements": [approve, deny]},
    ]


MODAL: Json = {
    "type": "modal",
    "title": _plain("Deny"),
    "submit": _plain("Deny it"),
    "notify_on_close": True,
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": _plain("Reason"),
            "element": {
                "type": "plain_text_input",
                "action_id": "reason",
                "multiline": True,
            },
        }
    ],
}


class App:
    """An app that opens a modal, wants a reason and greets."""

    def __init__(self, web_api: WebApiCaller, ts: str) -> None:
        """Know the card at `ts`."""
        self._web_api = web_api
        self._ts = ts
        self.heard: list[str] = []

    async def answer(self, got: Received) -> web.Response:
        """Answer one delivery."""
        fields = got.fields
        if "command" in fields:
            self.heard.append(fields["text"])
            return web.Response(text=f"You said *{fields['text']}*")
        what = fields["type"]
        if what == "block_actions":
            what = fields["actions"][0]["action_id"]
        self.heard.append(what)
        if what == "deny":
            trigger = fields["trigger_id"]
            await self._web_api("views.open", trigger_id=trigger, view=MODAL)
        elif what == "approve":
            where = {"channel": "C0ACCESS", "ts": self._ts}
            await self._web_api("chat.update", text="Approved", **where)
        elif what == "view_submission":
            reason = fields["view"]["state"]["values"]["why"]["reason"]["value"]
            if not reason.strip():
                errors = {"why": "Say why."}
                told = {"response_action": "errors", "errors": errors}
                return web.json_response(told)
        return web.Response()


@pytest.fixture
async def app(web_api: WebApiCaller, receiver: Receiver) -> App:
    """An app with one card in the channel."""
    posted = await web_api(
        "chat.postMessage", channel="C0ACCESS", text="alice asks", blocks=_card()
    )
    made = App(web_api, posted["ts"])
    receiver.answer = made.answer
    return made


@pytest.fixture
async def page(app: App, sandbox: Sandbox, chromium: Browser) -> AsyncIterator[Page]:
    """The page as bob sees it; anything on the browser's console fails the test."""
    assert app.heard == []
    opened = await chromium.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    await opened.goto(f"{sandbox.page_url}?as=bob")
    await expect(opened.locator(".message")).to_have_count(1)
    yield opened
    assert complaints == []


async def test_card_is_shown_and_data_stays_text(page: Page) -> None:
    """Mentions become names, dates are dates, and markup in data is only text."""
    card = page.locator(".message")
    await expect(card).to_contain_text("@alice asks for infra-admin")
    await expect(card).to_contain_text(HOSTILE)
    await expect(card.locator("time.date")).to_have_text("01/01/1970")
    await expect(card.locator("strong", has_text="not bold")).to_have_count(0)
    await expect(page).to_have_title("# access · bob")


async def test_button_asks_and_the_card_changes_in_place(page: Page, app: App) -> None:
    """No press without its confirm dialog; then the same card shows the outcome."""
    await page.get_by_role("button", name="Approve").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("alice gets infra-admin")
    await dialog.get_by_role("button", name="Not yet").click()
    assert app.heard == []
    await page.get_by_role("button", name="Approve").click()
    await dialog.get_by_role("button", name="Approve").click()
    await expect(page.locator(".message")).to_contain_text("Approved")
    await expect(page.locator(".message")).to_have_count(1)
    await expect(page.get_by_role("button", name="Deny")).to_have_count(0)
    assert app.heard == ["approve"]


async def test_modal_works_with_the_keyboard_alone(page: Page, app: App) -> None:
    """Open, blank, whitespace, a reason: each does what a person expects."""
    await page.get_by_role("button", name="Deny").focus()
    await page.keyboard.press("Enter")
    reason = page.get_by_label("Reason")
    await expect(reason).to_be_focused()
    submit = page.get_by_role("button", name="Deny it")
    await submit.press("Enter")
    error = page.locator(".error")
    await expect(error).to_have_text("Please complete this required field.")
    await expect(reason).to_be_focused()
    await expect(reason).to_have_attribute("aria-invalid", "true")
    assert app.heard == ["deny"]
    await page.keyboard.type("   ")
    await submit.press("Enter")
    await expect(error).to_have_text("Say why.")
    await page.keyboard.type("no")
    await submit.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("button", name="Deny")).to_be_focused()
    assert app.heard == ["deny", "view_submission", "view_submission"]


async def test_who_does_not_exist_is_led_to_who_does(page: Page) -> None:
    """`?as=nobody` says so, with a link to every person, and loses no connection."""
    await page.goto(page.url.replace("as=bob", "as=nobody%3Cb%3E"))
    told = page.get_by_role("alert")
    await expect(told).to_contain_text("There is no “nobody<b>” here. Act as:")
    await expect(page.get_by_text("Connection lost")).to_be_hidden()
    await expect(page.get_by_label("Slash command")).to_be_hidden()
    await told.get_by_role("link", name="bob").click()
    await expect(page).to_have_title("# access · bob")


async def test_escape_closes_the_modal_and_the_app_hears_of_it(
    page: Page, app: App, hands: Hands
) -> None:
    """Escape is Cancel."""
    await page.get_by_role("button", name="Deny").click()
    await expect(page.get_by_label("Reason")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert (await hands.state())["views"]["bob"] == []
    assert app.heard == ["deny", "view_closed"]


async def test_command_is_answered_in_private(page: Page, app: App) -> None:
    """Only who typed it sees the answer; the arrow brings the line back."""
    line = page.get_by_label("Slash command")
    await line.fill("hello")
    await line.press("Enter")
    await expect(page.get_by_role("status").first).to_contain_text("Only /jitsudo")
    await line.fill("/jitsudo deny req_1 --reason no")
    await line.press("Enter")
    shown = page.locator(".ephemeral")
    await expect(shown).to_contain_text("Only visible to you")
    await expect(shown.locator("strong").last).to_have_text("deny req_1 --reason no")
    await expect(line).to_have_value("")
    await line.press("ArrowUp")
    await expect(line).to_have_value("/jitsudo deny req_1 --reason no")
    await page.get_by_role("link", name="alice").click()
    await expect(page).to_have_title("# access · alice")
    await expect(page.locator(".message")).to_have_count(1)
    await expect(page.locator(".ephemeral")).to_have_count(0)
    assert app.heard == ["deny req_1 --reason no"]


async def test_direct_message_and_thread_arrive_without_a_reload(
    page: Page, web_api: WebApiCaller, hands: Hands
) -> None:
    """What is posted while the page is open is there, and counted as new."""
    card = (await hands.state())["channels"][0]["messages"][0]["ts"]
    await web_api(
        "chat.postMessage", channel="C0ACCESS", thread_ts=card, text="a reply"
    )
    await page.get_by_text("1 reply").click()
    await expect(page.locator(".reply")).to_contain_text("a reply")
    await web_api("chat.postMessage", channel="U0BOB", text="for *bob*")
    await expect(page.locator(".count")).to_have_text("1")
    await page.locator("a[href='#D0BOB']").click()
    await expect(page.locator(".message")).to_contain_text("for bob")
    await expect(page.locator(".count")).to_have_count(0)


async def test_failed_press_says_so(page: Page, receiver: Receiver) -> None:
    """An app that answers badly leaves a sentence under the card."""

    async def fail(_: Received) -> web.Response:
        return web.Response(status=500)

    receiver.answer = fail
    await page.get_by_role("button", name="Deny").click()
    await expect(page.locator(".failure")).to_contain_text("dispatch_failed")


async def test_narrow_screen_has_everything(page: Page) -> None:
    """On a phone nothing overflows sideways and the sidebar is one tap away."""
    await page.set_viewport_size({"width": 360, "height": 640})
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width == 360
    await expect(page.get_by_role("link", name="carol")).to_have_count(0)
    await page.get_by_role("button", name="Show the sidebar").click()
    await page.get_by_role("link", name="carol").click()
    await expect(page).to_have_title("# access · carol")


async def test_policy_keeps_everything_from_outside_out(
    page: Page, sandbox: Sandbox
) -> None:
    """The page's own policy forbids other origins and inline scripts."""
    async with page.expect_response(f"{sandbox.page_url}*") as waiting:
        await page.reload()
    response = await waiting.value
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    await expect(page.locator(".message")).to_have_count(1)
