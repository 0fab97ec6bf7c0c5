"""A real headless Chromium for the tests in this folder."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tools import find_browser

FLAGS = [
    "--no-sandbox",  # it only visits our own pages on loopback, and root has no sandbox
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

expect.set_options(timeout=15_000)  # as long as anything may take on a busy machine: how fast it is, the bench tells


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, started once: tests that use it share the session's event loop, each in a context of its own."""
    path = find_browser.find()
    assert path is not None, "no Chromium or Chrome on this machine; run tools/find_browser.py --install"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(path), args=FLAGS)
        yield browser
        await browser.close()
