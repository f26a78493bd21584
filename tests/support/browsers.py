"""A real Chromium for tests of pages."""

import shutil
from collections.abc import AsyncIterator
from typing import Final

import pytest
from playwright.async_api import Browser, async_playwright

from core.environment import read_environment

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
)


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A browser; without one the test is skipped, but in CI it fails."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        reason = f"no browser found; looked for {', '.join(_NAMES)}"
        if read_environment().get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=list(_ARGUMENTS)
        )
        yield browser
        await browser.close()
