"""Beginning a reply with what there is already, in a real browser."""

import re

import pytest
from playwright.async_api import Browser, expect

from tests.admin.console.office import Office
from tests.browser.accessibility import violations
from tests.browser.test_console import at_work, office

__all__ = ["office"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_suggestion_is_put_where_the_cursor_stands_and_a_search_sends_nothing(
    browser: Browser, office: Office
) -> None:
    """One key instead of writing it a third time; it can be taken back, and Enter in the search is no "Lähetä"."""
    ticket_id = await office.ticket("miten haen asumistukea")
    async with at_work(browser, office, office.vaino, f"/console/tickets/{ticket_id}") as page:
        box = page.get_by_label("Teksti", exact=True)
        await box.fill("Moi!\nTerveisin Väinö")
        await box.press("Control+Home")
        await box.press("End")
        await page.keyboard.press("Alt+1")
        answer = (await box.input_value()).removeprefix("Moi!\n\n").removesuffix("\n\nTerveisin Väinö")
        assert "https://example.org/asumistuki" in answer
        await expect(box).to_be_focused()
        await page.keyboard.press("Control+z")
        await expect(box).to_have_value("Moi!\nTerveisin Väinö")

        await page.get_by_label("Hae vastauksista").fill("miten teen cv:n")
        await page.get_by_label("Hae vastauksista").press("Enter")
        found = page.locator("#found-answers").get_by_role(
            "button", name=re.compile("^Lisää vastaukseen.+Miten teen CV")
        )
        await expect(found).to_be_visible()
        await expect(box).to_have_value("Moi!\nTerveisin Väinö")
        await expect(page.get_by_role("log").get_by_role("listitem")).to_have_count(1)

        assert await violations(page) == []

        await box.fill("")
        await page.locator("#suggestions").focus()
        await page.keyboard.press("1")
        await expect(box).to_have_value(answer)
        await page.locator("#suggestions").focus()
        await page.keyboard.type("v")
        await expect(page.get_by_label("Hae vastauksista")).to_have_value("miten teen cv:nv")
