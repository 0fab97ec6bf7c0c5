"""Learning from what was asked, in a real browser: what an edit would change is shown without leaving the form."""

import re

import pytest
from playwright.async_api import Browser, expect

from tests.admin.console.office import Office
from tests.browser.accessibility import violations
from tests.browser.test_console import at_work, office

__all__ = ["office"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_the_effect_is_looked_at_on_the_page_and_what_is_written_stays(
    browser: Browser, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An advisor sees how far the trial is, then what would change; a change of the text makes it look again."""
    monkeypatch.setattr("admin.console.effect.development", lambda _: [])
    ticket_id = await office.answered_ticket("Mitä iguaani syö?")
    async with at_work(browser, office, office.vaino, f"/console/tickets/{ticket_id}/phrasing") as page:
        await page.get_by_label("Miten teen CV:n?").check()
        await page.get_by_label("Näin sitä kysytään suomeksi").fill("mitä iguaani syö?\nmitä se syö")
        await page.get_by_role("button", name="Katso ensin vaikutus").click()
        await expect(page.get_by_role("status").filter(has_text=re.compile(r"… \d+ %$"))).to_be_visible()
        effect = page.get_by_role("region", name="Vaikutus")
        await expect(effect.get_by_text("1 viimeisestä kysymyksestä 1 saisi muun vastauksen")).to_be_visible(
            timeout=60_000
        )
        await expect(effect).to_be_focused()
        found = await violations(page)
        await page.get_by_label("Näin sitä kysytään suomeksi").fill("mitä iguaani syö?")
        await expect(effect).to_be_hidden()
        await expect(page.get_by_text("katso vaikutus uudelleen")).to_be_visible()
        await page.get_by_role("button", name="Julkaise").click()
        await expect(page).to_have_url(re.compile(r"/console/faq/cv\?done=added$"))

    assert found == []
