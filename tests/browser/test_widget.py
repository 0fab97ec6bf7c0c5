"""The widget on a page of another site, in a real browser that keeps the two apart."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FrameLocator, Page, expect

from bot.store import schema
from bot.store.engine import Store
from bot.vault import Vault
from tests.browser.accessibility import violations
from tests.support.chat import Chat, serving
from tests.support.http_server import HttpServer, Request, Response
from tests.support.knowledge import KNOWN, UNKNOWN, SteadyKnowledge

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ANSWERED = "Asumistukea haetaan Kelasta."
PHONE = {"width": 320, "height": 640}
DESKTOP = {"width": 1280, "height": 800}


@pytest_asyncio.fixture(loop_scope="session")
async def town() -> AsyncIterator[HttpServer]:
    """A town's site: any page of it is one line of ours in a page of theirs, under a strict policy of their own."""

    async def page(request: Request) -> Response:
        koppi = request.fields.get("koppi", "")
        policy = f"default-src 'none'; script-src {koppi}; frame-src {koppi}; img-src data:"
        html = f"""<!doctype html><html lang="{request.fields.get("lang", "fi")}"><title>Kunta</title>
            <link rel="icon" href="data:,"><main><h1>Kunta</h1><a href="#x">Päätökset</a></main>
            <script src="{koppi}/widget.js" async></script>"""
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy}
        return Response(body=html.encode(), headers=headers)

    async with HttpServer(page) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def chat(
    migrated_sqlite: Path, vault: Vault, knowledge_base: SteadyKnowledge, tmp_path: Path, town: HttpServer
) -> AsyncIterator[Chat]:
    """The web chat, which lets the town's site show its widget."""
    store = Store.at(f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path)}")
    origins = (f"http://localhost:{town.port}",)
    async with serving(store, vault, knowledge_base, tmp_path, widget_origins=origins) as chat:
        yield chat
    await store.close()


@asynccontextmanager
async def visiting(
    browser: Browser, chat: Chat, town: HttpServer, host: str = "localhost", lang: str = "fi", **options: Any
) -> AsyncIterator[tuple[Page, list[str]]]:
    """The town's page in a browser of its own, and the addresses it has asked for."""
    context = await browser.new_context(**{"viewport": DESKTOP, "locale": "fi-FI", **options})
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"http://{host}:{town.port}/?koppi={chat.url}&lang={lang}")
    yield page, asked
    await context.close()


def bubble(page: Page) -> Any:
    return page.get_by_role("button", name="Kysy botilta")


def frame(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


async def test_one_line_of_script_puts_the_chat_on_another_site(browser: Browser, chat: Chat, town: HttpServer) -> None:
    """Asked, answered and there again after a reload, though browsers keep cookies of other sites away."""
    async with visiting(browser, chat, town) as (page, asked):
        await expect(bubble(page)).to_be_visible()
        assert [url for url in asked if not url.startswith(f"http://localhost:{town.port}")] == [
            f"{chat.url}/widget.js"
        ]
        await bubble(page).click()
        await frame(page).get_by_role("textbox").fill(KNOWN)
        await frame(page).get_by_role("button", name="Lähetä", exact=True).click()
        await expect(frame(page).locator("li[data-id].bot")).to_contain_text(ANSWERED)
        await page.reload()
        await bubble(page).click()
        await expect(frame(page).locator("li[data-id].bot")).to_contain_text(ANSWERED)

        assert {url.split("/")[2] for url in asked if url.startswith("http")} == {
            f"localhost:{town.port}",
            chat.url.removeprefix("http://"),
        }
    assert len(await chat.rows(schema.asker)) == 1


async def test_the_browser_refuses_the_chat_on_a_site_that_is_not_named(
    browser: Browser, chat: Chat, town: HttpServer
) -> None:
    """Another origin, though the same machine: the frame stays empty, and the way to a tab of its own is there."""
    async with visiting(browser, chat, town, host="127.0.0.1") as (page, _asked):
        refused: list[str] = []
        page.on("console", lambda said: refused.append(said.text))
        async with page.expect_event("console", lambda said: "frame-ancestors" in said.text):
            await bubble(page).click()
        await expect(frame(page).get_by_role("textbox")).to_have_count(0)
        link = page.get_by_role("link", name="Avaa omaan välilehteen")
        await expect(link).to_have_attribute("href", f"{chat.url}/")
        await page.get_by_role("button", name="Sulje").click()
        await expect(bubble(page)).to_be_focused()


async def test_by_keyboard_the_focus_goes_into_the_chat_and_comes_back_to_the_bubble(
    browser: Browser, chat: Chat, town: HttpServer
) -> None:
    """Whoever uses no mouse gets in, is not caught, and finds themselves where they were."""
    async with visiting(browser, chat, town) as (page, _asked):
        await bubble(page).focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog", name="Otappa koppi – chat")).to_be_visible()
        await page.frames[1].wait_for_load_state("load")
        await page.frames[1].wait_for_function("document.hasFocus()")
        await page.keyboard.press("Tab")
        await expect(frame(page).get_by_role("link", name="Siirry kirjoittamaan")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.keyboard.type(KNOWN)
        await page.keyboard.press("Enter")
        await expect(frame(page).locator("li[data-id].bot")).to_contain_text(ANSWERED)
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(bubble(page)).to_be_focused()


async def test_a_reply_that_comes_while_the_chat_is_closed_is_told_by_the_bubble(
    browser: Browser, chat: Chat, town: HttpServer
) -> None:
    """Who reads on meanwhile learns of the answer; what it says stays in the frame."""
    async with visiting(browser, chat, town) as (page, _asked):
        await bubble(page).click()
        await frame(page).get_by_role("textbox").fill(UNKNOWN)
        await frame(page).get_by_role("button", name="Lähetä", exact=True).click()
        await frame(page).get_by_role("button", name="Lähetä: työ ja opinnot").click()
        await expect(frame(page).locator("#keep")).to_be_visible()
        await page.get_by_role("button", name="Sulje").click()
        await chat.replies("Olen tässä.")
        await page.get_by_role("button", name="Uusi viesti").click()
        await expect(frame(page).locator("li.advisor")).to_contain_text("Olen tässä.")


@pytest.mark.parametrize(("viewport", "look"), [(PHONE, "light"), (DESKTOP, "dark")], ids=["phone", "desktop-dark"])
async def test_bubble_and_frame_pass_axe_and_fit_the_window(
    browser: Browser, chat: Chat, town: HttpServer, viewport: Any, look: Any
) -> None:
    """On somebody else's page, too: readable by everybody, and nothing to scroll sideways for."""
    async with visiting(browser, chat, town, lang="sv-FI", viewport=viewport, color_scheme=look, bypass_csp=True) as (
        page,
        _asked,
    ):
        sites_own = ["region", "landmark-one-main", "page-has-heading-one"]
        opening = page.get_by_role("button", name="Fråga boten")
        await expect(opening).to_be_visible()
        assert [rule for rule, _ in await violations(page) if rule not in sites_own] == []
        await opening.click()
        await expect(frame(page).get_by_role("button", name="Skicka", exact=True)).to_be_visible()
        assert [rule for rule, _ in await violations(page) if rule not in sites_own] == []
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        inside = page.frames[1]
        assert await inside.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert await violations(inside) == []
