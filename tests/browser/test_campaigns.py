"""A campaign from the poster to the first question, in a real browser."""

import re
from datetime import timedelta

import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import select

from bot.store import campaigns
from bot.store.schema import event
from tests.admin.console.office import Office
from tests.browser.accessibility import violations
from tests.browser.test_console import PHONE, at_work, office
from tests.support.knowledge import KNOWN

__all__ = ["office"]

A_PHONE = "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0"  # a headless browser is nobody's visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_poster_fills_one_sheet_and_leads_to_a_question_that_is_counted_once(
    browser: Browser, office: Office
) -> None:
    """Printed it is one page of its size; scanned, its code goes with the first message and then leaves the address."""
    today = office.clock().date()
    async with office.store.write() as tx:
        code = await campaigns.make(tx, name="A", place="B", first_day=today, last_day=today + timedelta(days=1))
    sheets, found = {}, []
    async with at_work(browser, office, office.kaisa, f"/console/campaigns/{code}", viewport=PHONE) as page:
        found += await violations(page)
        width = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        for size in ("a4", "a6"):
            await page.goto(f"{office.address}/console/campaigns/{code}/poster?size={size}")
            printed = await page.pdf(prefer_css_page_size=True)
            boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
            sheets[size] = [(round(float(wide) / 72 * 25.4), round(float(high) / 72 * 25.4)) for wide, high in boxes]
        found += await violations(page)
    asker_context = await browser.new_context(viewport=PHONE, locale="fi-FI", user_agent=A_PHONE)
    asker = await asker_context.new_page()
    await asker.goto(f"{office.address}/k/{code}")
    address = asker.url
    for _ in range(2):
        await asker.get_by_role("textbox", name=re.compile("^Kirjoita")).fill(KNOWN)
        await asker.get_by_role("button", name="Lähetä", exact=True).click()
        await expect(asker.get_by_role("textbox", name=re.compile("^Kirjoita"))).to_have_value("")
    await expect(asker.locator(".said.asker[data-id]")).to_have_count(2)
    left = (asker.url, await asker.locator("[name=campaign]").count())
    await asker_context.close()
    async with office.store.read() as read:
        counted = [(row.kind, row.campaign) for row in await read.execute(select(event).order_by(event.c.id))]

    assert sheets == {"a4": [(210, 297)], "a6": [(105, 148)]}
    assert (found, width <= 0) == ([], True)
    assert address == f"{office.address}/?k={code}"
    assert left == (f"{office.address}/", 0)
    assert [row for row in counted if row[0] in {"opened", "came", "asked"}] == [
        (kind, code) for kind in ("opened", "came", "asked", "asked")
    ]
