"""A real headless Chromium for the tests in this folder."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tools import find_browser

FLAGS = [
    "--no-sandbox",  # it only visits our own pages on loopback, and root has no sandbox
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, started once a module: tests that use it share the module's event loop."""
    path = find_browser.find()
    assert path is not None, "no Chromium or Chrome on this machine; run tools/find_browser.py --install"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(path), args=FLAGS)
        yield browser
        await browser.close()
