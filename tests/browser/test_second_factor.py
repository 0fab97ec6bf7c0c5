"""The second step of a log-in in a real browser: a public https address, as if a proxy stood before the console."""

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from admin.console import totp
from bot.store import second_factor
from bot.vault import Vault
from tests.admin.console.office import PASSWORD, Office, opened
from tests.admin.console.test_second_factor import visitor
from tests.browser.accessibility import violations
from tests.support import run_folder, stores

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PUBLIC = "https://koppi.example"


@pytest_asyncio.fixture(loop_scope="session")
async def office(migrated_sqlite: Path, vault: Vault, tmp_path: Path, knowledge_cache: Path) -> AsyncIterator[Office]:
    """The console at a public address, in the browser's event loop."""
    cache = run_folder.link_copy(knowledge_cache, tmp_path / "cache")
    async with (
        stores.opened(f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path)}") as store,
        opened(store, vault, tmp_path, cache, public_url=PUBLIC) as office,
    ):
        yield office


@asynccontextmanager
async def at_the_door(browser: Browser, office: Office, **options: Any) -> AsyncIterator[Page]:
    """A page at the log-in of the public address."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="fi-FI", **options)
    context.set_default_timeout(10_000)
    async with visitor(office) as proxy:

        async def pass_on(route: Route) -> None:
            request = route.request
            body = dict(parse_qsl(request.post_data or ""))
            path = request.url.removeprefix(PUBLIC)
            if path.endswith("/events"):  # never ends
                return await route.abort()
            answer = await (proxy.posts(path, **body) if request.method == "POST" else proxy.sees(path))
            while answer.is_redirect:  # a browser would ask the network for it, past this
                answer = await proxy.sees(answer.headers["location"])
            return await route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.content)

        await context.route(f"{PUBLIC}/**", pass_on)
        page = await context.new_page()
        await page.goto(f"{PUBLIC}/console/")
        yield page
        await context.unroute_all(behavior="wait")
        await context.close()


async def _enter(page: Page, name: str) -> None:
    await page.get_by_label("Nimi").fill(name)
    await page.get_by_label("Salasana").fill(PASSWORD)
    await page.get_by_role("button", name="Kirjaudu").click()


async def _faults(page: Page) -> list[object]:
    """What is wrong for somebody on this page, on a desktop and on a small phone."""
    wide = await violations(page)
    await page.set_viewport_size({"width": 320, "height": 640})
    small = await violations(page)
    sideways = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    await page.set_viewport_size({"width": 1280, "height": 800})
    return [*wide, *small, *(["sideways"] if sideways else [])]


async def test_a_phone_is_set_up_and_the_console_opens(browser: Browser, office: Office) -> None:
    """From the first password to the queue, every page on the way for everybody."""
    async with at_the_door(browser, office) as page:
        await _enter(page, "Väinö")
        await expect(page.get_by_role("heading", name="Ota tunnistussovellus käyttöön")).to_be_visible()
        faults = await _faults(page)
        key = (await page.locator(".secret code").inner_text()).replace(" ", "")
        await page.get_by_label("Kirjoita sovelluksen").fill(totp.code(key, totp.step_at(office.clock())))
        await page.get_by_role("button", name="Ota käyttöön").click()
        await expect(page.get_by_role("heading", name="Ota varakoodit talteen")).to_be_visible()
        faults += await _faults(page)
        await page.get_by_role("link", name=re.compile("jatka")).click()
        await expect(page.get_by_role("heading", name="Jono")).to_be_visible()

    assert faults == []


async def test_the_code_is_asked_for_without_scripts_too(browser: Browser, office: Office) -> None:
    """A locked-down browser is what many offices have; a wrong code says so and is typed again."""
    secret = totp.new_secret()
    async with office.store.write() as tx:
        sealed = office.house.vault.seal(secret)
        await second_factor.set_up(tx, office.vaino.id, sealed, 0, ["0" * 32], may_replace=False)
    async with at_the_door(browser, office, java_script_enabled=False) as page:
        await _enter(page, "Väinö")
        await page.get_by_label("Kertakoodi").fill("jotain muuta")
        await page.get_by_role("button", name="Vahvista").click()
        await expect(page.get_by_role("alert")).to_contain_text("Koodi on väärä")
        await page.get_by_label("Kertakoodi").fill(totp.code(secret, totp.step_at(office.clock())))
        await page.get_by_role("button", name="Vahvista").click()
        await expect(page.get_by_role("heading", name="Jono")).to_be_visible()
