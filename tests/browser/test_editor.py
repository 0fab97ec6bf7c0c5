"""The editor of answers in a real browser: the preview follows the keys, and no key publishes by mistake."""

import re

import pytest
from playwright.async_api import Browser, expect

from tests.admin.console.office import Office
from tests.browser.accessibility import violations
from tests.browser.test_console import PHONE, at_work, office

__all__ = ["office"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_what_is_written_shows_as_an_asker_will_see_it_and_publishes_when_told(
    browser: Browser, office: Office
) -> None:
    """A curator sees the answer grow beside the form; Enter looks, and only the button publishes."""
    async with at_work(browser, office, office.kaisa, "/console/faq/cv/fi", viewport=PHONE) as page:
        shown = page.get_by_role("region", name="Näin kysyjä sen näkee")
        await page.get_by_label("Vastaus", exact=True).fill("**Näytä, mitä osaat.** <b>Yksi</b> sivu riittää.")
        await expect(shown.locator(".as-telegram b")).to_have_text("Näytä, mitä osaat.")
        await expect(shown.get_by_text("<b>Yksi</b> sivu riittää.").first).to_be_visible()
        await page.get_by_label("Otsikko").press("Enter")
        await expect(page.get_by_text("Tätä keskustelu ei osaa näyttää: HTML-merkintä.")).to_be_visible()
        await expect(page.get_by_label("Vastaus", exact=True)).to_have_attribute("aria-invalid", "true")
        found = await violations(page)
        width = await page.evaluate("document.documentElement.scrollWidth - innerWidth")

        await page.get_by_label("Vastaus", exact=True).fill("**Näytä, mitä osaat.** Yksi sivu riittää.")
        await page.get_by_role("button", name="Julkaise suomeksi").click()
        await page.get_by_label("Luin suositukset ja julkaisen silti").check()
        await page.get_by_role("button", name="Julkaise suomeksi").click()
        await expect(page).to_have_url(re.compile(r"/console/faq/cv\?done=published$"))
        await page.get_by_role("link", name="Versiot suomeksi").click()
        await page.get_by_role("link", name=re.compile("^Mitä muuttui")).click()
        await expect(page.get_by_role("listitem").filter(has_text="Muutettu rivi:")).to_contain_text("Näytä")
        found += await violations(page)

    assert found == []
    assert width <= 0
