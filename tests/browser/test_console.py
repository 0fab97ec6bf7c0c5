"""The console in a real browser: live, by keyboard, on a phone, without scripts, and for everybody's senses."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from bot.store import accounts, erasure, habits, tickets
from bot.store.accounts import Account
from bot.store.habits import Habits
from bot.vault import Vault
from tests.admin.console.office import COOKIE, PASSWORD, Office, opened
from tests.browser.accessibility import violations
from tests.support import run_folder, stores
from tests.support.people import PASSWORD_HASH

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DESKTOP, PHONE, SMALL = {"width": 1280, "height": 800}, {"width": 375, "height": 812}, {"width": 320, "height": 640}
CONTRAST = {"type": "rule", "values": ["color-contrast"]}


@pytest_asyncio.fixture(loop_scope="session")
async def office(migrated_sqlite: Path, vault: Vault, tmp_path: Path, knowledge_cache: Path) -> AsyncIterator[Office]:
    """The console, the chat and the bot, on a small FAQ, in the browser's event loop."""
    cache = run_folder.link_copy(knowledge_cache, tmp_path / "cache")
    async with (
        stores.opened(f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path)}") as store,
        opened(store, vault, tmp_path, cache, with_bot=True) as office,
    ):
        yield office


@asynccontextmanager
async def at_work(
    browser: Browser, office: Office, account: Account, path: str = "/console/", **options: Any
) -> AsyncIterator[Page]:
    """Somebody's page, logged in; at the end no script may have failed and nothing been blocked."""
    context = await browser.new_context(**{"viewport": DESKTOP, "locale": "fi-FI", **options})
    context.set_default_timeout(10_000)
    await context.add_cookies([{"name": COOKIE, "value": await office.token(account), "url": office.address}])
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    await page.goto(office.address + path)
    yield page
    await context.close()

    assert [fault for fault in faults if "status of 4" not in fault and "ERR_INTERNET" not in fault] == []


async def test_a_new_question_appears_by_itself(browser: Browser, office: Office) -> None:
    """An advisor who has the queue open hears of a question without loading the page anew."""
    async with at_work(browser, office, office.vaino) as page:
        await expect(page.get_by_text("Kukaan ei odota ottajaa.")).to_be_visible()
        await office.ticket("Saako iguaanin tuoda töihin?")
        await expect(page.get_by_text("Saako iguaanin tuoda töihin?")).to_be_visible()
        await expect(page).to_have_title(re.compile(r"^\(1\) Jono"))


async def test_an_advisor_answers_and_the_asker_hears(browser: Browser, office: Office) -> None:
    """The whole way: asked in the chat, sent, claimed, answered, read in the chat, continued, closed."""
    asker_context = await browser.new_context(viewport=PHONE, locale="fi-FI")
    asker = await asker_context.new_page()
    await asker.goto(office.address + "/")
    async with at_work(browser, office, office.vaino) as page:
        await asker.get_by_role("button", name="Kysy ihmiseltä").first.click()
        await expect(asker.get_by_text("Kirjoita kysymyksesi tähän.")).to_be_visible()
        await asker.get_by_role("textbox", name=re.compile("^Kirjoita")).fill("Saako iguaanin tuoda kouluun?")
        await asker.get_by_role("button", name="Lähetä", exact=True).click()
        await asker.get_by_role("button", name=re.compile("^Lähetä.+")).first.click()
        await page.get_by_role("link", name=re.compile("Saako iguaanin tuoda kouluun")).click()
        await page.get_by_role("button", name="Ota minulle").click()
        await expect(page.get_by_text("Kysymys on nyt sinulla.")).to_be_visible()
        await page.get_by_label("Teksti", exact=True).fill("Kysy koulun rehtorilta.")
        await expect(asker.get_by_role("log").get_by_text("Väinö kirjoittaa…")).to_be_visible()
        await page.get_by_role("button", name="Lähetä verkkochattiin").click()
        await expect(asker.get_by_text("Kysy koulun rehtorilta.")).to_be_visible()
        await expect(asker.get_by_text("Väinö kirjoittaa…")).to_have_count(0)
        await expect(page.get_by_text("Perillä verkkochatissa")).to_be_visible()

        await page.get_by_label("Teksti", exact=True).fill("Tätä olen vasta kirjoittamassa")
        await asker.get_by_role("textbox", name=re.compile("^Kirjoita")).fill("Kiitti, entä päiväkotiin?")
        await expect(page.get_by_role("log").get_by_text("Asiakas kirjoittaa…")).to_be_visible()
        await asker.get_by_role("button", name="Lähetä", exact=True).click()
        await expect(page.get_by_role("log").get_by_text("Kiitti, entä päiväkotiin?")).to_be_visible()
        await expect(page.get_by_text("Asiakas kirjoittaa…")).to_have_count(0)
        await expect(page.get_by_label("Teksti", exact=True)).to_have_value("Tätä olen vasta kirjoittamassa")

        await page.get_by_text("Sulje kysymys").first.click()
        await page.get_by_label("Ohjattiin palveluun").check()
        await page.get_by_role("button", name="Sulje kysymys").click()
        await expect(asker.get_by_text("Ohjaaja sulki tämän keskustelun.")).to_be_visible()
    await asker_context.close()


async def test_what_is_taken_elsewhere_shows_at_once_and_the_text_stays(browser: Browser, office: Office) -> None:
    """Two advisors have the same question open: the second sees who has it, and keeps what they wrote.

    When its asker has everything erased, it goes from both screens at once, and only one's own words are given back.
    """
    ticket_id = await office.ticket()
    path = f"/console/tickets/{ticket_id}"
    async with (
        at_work(browser, office, office.vaino, path) as vaino,
        at_work(browser, office, office.saara, path) as saara,
    ):
        await vaino.get_by_label("Teksti", exact=True).fill("Minun vastaukseni")
        await saara.get_by_role("button", name="Ota minulle").click()
        await expect(vaino.get_by_text("Tämä on ohjaajalla Saara")).to_be_visible()
        await expect(vaino.get_by_label("Teksti", exact=True)).to_have_value("Minun vastaukseni")
        await vaino.get_by_role("button", name="Lähetä verkkochattiin").click()
        await expect(vaino.get_by_text("ehti ottaa tämän")).to_be_visible()
        await expect(vaino.get_by_label("Teksti", exact=True)).to_have_value("Minun vastaukseni")
        await vaino.get_by_role("button", name="Tallenna muistiinpano").click()
        await expect(saara.get_by_text("Minun vastaukseni")).to_be_visible()

        await saara.get_by_label("Teksti", exact=True).fill("Siihen sopii")
        await expect(saara.get_by_text("Luonnos tallessa")).to_be_visible()
        async with office.store.write() as tx:
            ticket = await tickets.held(tx, ticket_id)
            assert ticket
            await erasure.erase(tx, ticket.conversation_id)
        for page in (vaino, saara):
            await expect(page.get_by_text("poistettu asiakkaan pyynnöstä")).to_be_visible()
        await expect(saara.get_by_label("Kirjoittamasi teksti.")).to_have_value("Siihen sopii")


async def test_what_is_typed_before_the_scripts_come_is_kept_too(browser: Browser, office: Office) -> None:
    """On a slow line the box is there before what saves it; and whoever writes on sees nothing missing."""
    path = f"{office.address}/console/tickets/{await office.ticket()}"
    async with at_work(browser, office, office.vaino) as page:
        typed = asyncio.Event()

        async def late(route: Route) -> None:
            await typed.wait()
            await route.continue_()

        await page.route("**/composer.js", late)
        await page.goto(path, wait_until="commit")
        await page.get_by_label("Teksti", exact=True).fill("Ennen skriptejä")
        typed.set()
        await expect(page.get_by_text("Luonnos tallessa")).to_be_visible()


async def test_a_draft_survives_a_reload_and_is_gone_once_sent(browser: Browser, office: Office) -> None:
    """A closed lid, an update of the browser: what was written is there again."""
    ticket_id = await office.ticket()
    async with at_work(browser, office, office.vaino, f"/console/tickets/{ticket_id}") as page:
        field = page.get_by_label("Teksti", exact=True)
        await field.fill("Puolikas vasta")
        await page.reload()
        await expect(field).to_have_value("Puolikas vasta")
        await expect(page.get_by_text(re.compile("Luonnos tallessa"))).to_be_visible()
        async with at_work(browser, office, office.vaino, f"/console/tickets/{ticket_id}") as elsewhere:
            await expect(elsewhere.get_by_label("Teksti", exact=True)).to_have_value("Puolikas vasta")
            await elsewhere.get_by_label("Teksti", exact=True).press_sequentially("Toinen: ")
            await expect(elsewhere.get_by_text(re.compile("Luonnos tallessa"))).to_be_visible()
        await field.press_sequentially("!")
        await expect(page.get_by_text("Sinulla on tästä toinenkin luonnos")).to_be_visible()
        await page.get_by_role("button", name="Esikatsele").click()
        await expect(page.get_by_role("region", name="Näin asiakas näkee tämän verkkochatissa")).to_be_focused()
        await field.press("Control+Enter")
        await expect(page.get_by_text("Vastaus on matkalla")).to_be_visible()
        await expect(field).to_have_value("")
        await expect(page.get_by_text("Muut luonnoksesi tästä: 1")).to_be_visible()


async def test_the_two_modes_of_the_box_never_look_alike(browser: Browser, office: Office) -> None:
    """One button at a time, and it names what happens."""
    ticket_id = await office.ticket(channel="telegram")
    async with at_work(browser, office, office.vaino, f"/console/tickets/{ticket_id}") as page:
        reply = page.get_by_role("button", name="Lähetä Telegramiin")
        note = page.get_by_role("button", name="Tallenna muistiinpano")
        await expect(reply).to_be_visible()
        await expect(note).to_be_hidden()
        field = page.get_by_label("Teksti", exact=True)
        await expect(field).to_have_accessible_description("Asiakas näkee tämän ja nimesi Telegramissa.")
        await page.get_by_label("Muistiinpano").check()
        await expect(reply).to_be_hidden()
        await expect(field).to_have_accessible_description("Vain ohjaajat näkevät tämän.")
        await field.fill("Vain meille")
        await note.click()
        await expect(page.get_by_text("Muistiinpano on tallessa.")).to_be_visible()


async def test_a_lost_connection_shows_and_heals(browser: Browser, office: Office) -> None:
    """What happened meanwhile is there when the network is back."""
    async with at_work(browser, office, office.vaino) as page:
        await expect(page.get_by_text("Kukaan ei odota ottajaa.")).to_be_visible()
        await page.context.set_offline(True)
        await page.evaluate("dispatchEvent(new Event('online'))")
        await expect(page.get_by_text("Yhteys katkesi.")).to_be_visible()
        await office.ticket("Kysyttiin katkon aikana")
        await page.context.set_offline(False)
        await expect(page.get_by_text("Kysyttiin katkon aikana")).to_be_visible()
        away = re.compile("/events|/draft")  # the service: of that the browser tells no page when it is over
        await page.route(away, lambda route: route.abort("internetdisconnected"))
        await page.get_by_role("link", name=re.compile("Kysyttiin katkon aikana")).click()
        await page.get_by_label("Teksti", exact=True).fill("Kesken")
        await expect(page.get_by_text("vain tässä välilehdessä")).to_be_visible()
        await page.unroute(away)
        await expect(page.get_by_text("Luonnos tallessa")).to_be_visible()


async def test_a_session_that_ends_says_so_and_keeps_the_text(browser: Browser, office: Office) -> None:
    """After lunch: logged out, but not robbed of the answer, which a colleague who logs in meanwhile does not find."""
    path = f"/console/tickets/{await office.ticket()}"
    async with at_work(browser, office, office.vaino, path) as page:
        await page.get_by_label("Teksti", exact=True).fill("Ennen lounasta")
        office.clock.advance(timedelta(minutes=31))
        await office.ticket("muuta")
        await page.get_by_role("link", name="kirjaudu uudelleen").click()
        saara = {"name": COOKIE, "value": await office.token(office.saara), "url": office.address}
        await page.context.add_cookies([saara])
        await page.goto(office.address + path)
        await expect(page.get_by_label("Teksti", exact=True)).to_have_value("")
        await page.context.clear_cookies()
        await page.goto(office.address + path)
        await page.get_by_label("Nimi").fill("Väinö")
        await page.get_by_label("Salasana").fill(PASSWORD)
        await page.get_by_role("button", name="Kirjaudu").click()
        await expect(page.get_by_label("Teksti", exact=True)).to_have_value("Ennen lounasta")


async def test_everything_works_without_scripts(browser: Browser, office: Office) -> None:
    """A locked-down browser is what many offices have."""
    await office.ticket("Ilman skriptejä: miten haen asumistukea?")
    context = await browser.new_context(java_script_enabled=False, viewport=DESKTOP)
    context.set_default_timeout(10_000)
    page = await context.new_page()
    await page.goto(office.address + "/console/")
    await page.get_by_label("Nimi").fill("Väinö")
    await page.get_by_label("Salasana").fill(PASSWORD)
    await page.get_by_role("button", name="Kirjaudu").click()
    await page.get_by_role("link", name=re.compile("Ilman skriptejä")).click()
    await page.get_by_role("button", name="Ota minulle").click()
    await expect(page.get_by_role("button", name=re.compile("^Lisää vastaukseen"))).not_to_have_count(0)
    await expect(page.locator("kbd:visible")).to_have_count(0)  # no key does anything here
    await page.get_by_label("Teksti", exact=True).fill("Vastaus")
    await page.get_by_role("button", name="Lähetä verkkochattiin").click()
    await page.get_by_text("Sulje kysymys").first.click()
    await page.get_by_label("Sai vastauksen").check()
    await page.get_by_role("button", name="Sulje kysymys").click()
    await expect(page.get_by_text("Suljettu. Asiakas saa viestin")).to_be_visible()
    await page.get_by_role("button", name="Kirjaudu ulos").click()
    await expect(page.get_by_text("Olet kirjautunut ulos.")).to_be_visible()
    await context.close()


async def test_on_a_phone_there_is_one_pane_at_a_time(browser: Browser, office: Office) -> None:
    """The queue, the thread or what the bot tried; nothing sticks out at the side."""
    ticket_id = await office.ticket()
    async with at_work(browser, office, office.vaino, f"/console/tickets/{ticket_id}", viewport=PHONE) as page:
        log, details = page.get_by_role("log"), page.get_by_role("heading", name="Botin yritys")
        await expect(log).to_be_visible()
        await expect(details).to_be_hidden()
        await page.get_by_role("link", name="Ehdotukset ja tiedot").click()
        await expect(details).to_be_visible()
        await expect(log).to_be_hidden()
        await page.get_by_role("link", name="Keskusteluun").click()
        await expect(log).to_be_visible()
        await page.get_by_role("link", name="Jonoon").click()
        await expect(page.get_by_role("heading", name="Jono")).to_be_visible()


async def test_a_reply_becomes_an_answer_that_the_bot_gives(browser: Browser, office: Office) -> None:
    """One click, a source, published; asked in other words, the bot answers by itself."""
    ticket_id = await office.answered_ticket("Saako iguaanin tuoda töihin?")
    async with at_work(browser, office, office.vaino, f"/console/tickets/{ticket_id}") as page:
        await page.get_by_role("link", name="Tee tästä vastaus").click()
        await page.get_by_label("Sivun nimi", exact=True).fill("Ruokavirasto: Iguaanit")
        await page.get_by_label("Osoite", exact=True).fill("https://www.ruokavirasto.fi/iguaanit")
        await page.get_by_label("Aihe").select_option(value="elama")
        await page.get_by_role("button", name="Julkaise vastaus").click()
        await expect(page.get_by_text("Botti osaa tämän nyt.")).to_be_visible(timeout=30_000)
        await page.goto(office.address + "/")
        await page.get_by_role("textbox").fill("saako iguaanin tuoda työpaikalle?")
        await page.get_by_role("button", name="Lähetä", exact=True).click()
        await expect(page.get_by_text("Saa, jos työnantaja suostuu.")).to_be_visible()


async def test_single_keys_lead_through_the_queue_but_never_out_of_a_field(browser: Browser, office: Office) -> None:
    """Take, write, close, next: without the mouse; what is typed is text, and who switches them off has none."""
    await office.ticket("Ensimmäinen", promised_in=timedelta(minutes=30))
    await office.ticket("Toinen")
    await office.ticket("Kolmas", promised_in=timedelta(hours=3))
    async with at_work(browser, office, office.vaino) as page:
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog", name="Näppäimet")).to_be_visible()
        assert await violations(page) == []
        await page.keyboard.press("j")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_be_hidden()
        for key in "jjkj":
            await page.keyboard.press(key)
        await expect(page.get_by_role("link", name=re.compile("Toinen"))).to_be_focused()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/console/tickets/**")
        await page.keyboard.press("c")
        await page.wait_for_url("**done=claimed**")
        await page.keyboard.press("n")
        await expect(page.get_by_label("Muistiinpano")).to_be_checked()
        await page.keyboard.type("jkcrne/?")
        await expect(page.get_by_label("Teksti", exact=True)).to_have_value("jkcrne/?")
        await page.get_by_role("heading", level=1).click()
        await page.keyboard.press("r")
        await expect(page.get_by_label("Vastaus", exact=True)).to_be_checked()
        await page.get_by_label("Teksti", exact=True).fill("Saa.")
        await page.keyboard.press("Control+Enter")
        await page.wait_for_url("**done=replied**")
        await page.keyboard.press("/")
        await expect(page.get_by_label("Hae vastauksista")).to_be_focused()
        await page.get_by_role("heading", level=1).click()
        await page.keyboard.press("e")
        await page.keyboard.press("Space")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Edellinen on suljettu. Tässä on seuraava.")).to_be_visible()
        await expect(page.get_by_role("log").get_by_text("Ensimmäinen")).to_be_visible()

        await page.goto(office.address + "/console/me")
        await page.get_by_label(re.compile("Yhden näppäimen komennot")).uncheck()
        await page.get_by_role("region", name="Ilmoitukset ja näppäimet").get_by_role("button", name="Tallenna").click()
        await page.goto(office.address + "/console/")
        await page.keyboard.press("?")
        await page.get_by_role("button", name="Näppäimet").click()
        await expect(page.get_by_text("Ne ovat nyt pois päältä")).to_be_visible()


# What the browser would show and play, noted down: a headless one has neither a desktop nor a loudspeaker.
TOLD = """
window.told = [];
window.Notification = class extends EventTarget {
  static permission = "granted";
  constructor(words) { super(); told.push(words); }
};
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (at) { told.push(this.frequency.value); start.call(this, at); };
Object.defineProperty(AudioContext.prototype, "state", { value: "running" });
"""


async def test_who_asked_for_it_is_told_of_a_new_question_on_one_tab_only(browser: Browser, office: Office) -> None:
    """By a notification without a word of the question and a tone, an urgent one differs; titles count in every tab."""
    async with office.store.write() as tx:
        await habits.keep(tx, office.vaino.id, Habits(notices=True, sound=True))
    mine = await office.ticket("Tämä on jo työn alla")
    await office.desk.claim(office.vaino, mine, office.clock())
    async with at_work(browser, office, office.vaino, "/console/login") as page:
        await page.context.add_init_script(TOLD)
        other = await page.context.new_page()
        for tab, path in ((page, "/console/"), (other, f"/console/tickets/{mine}")):
            await tab.goto(office.address + path)
        await office.ticket("Merkkisana kuunsirppi")
        for tab, title in ((page, "Jono"), (other, "")):
            await expect(tab).to_have_title(re.compile(rf"^\(1\) {title}"))
        await office.ticket("Hätä", urgent=True)
        await expect(other).to_have_title(re.compile(r"^\(2\)"))
        told = [await tab.evaluate("told") for tab in (page, other)]

    assert sorted(told, key=len) == [
        [],
        [660, 880, "Uusi kysymys odottaa", 988, 988, 988, 1319, "Kiireellinen kysymys odottaa"],
    ]


# --- for everybody ------------------------------------------------------------------------------------------------


async def _pages(office: Office) -> list[tuple[Account | None, str]]:
    answered = await office.answered_ticket("Pitkä kysymys, " * 20)
    late = await office.ticket("Myöhässä", promised_in=timedelta(minutes=-20), urgent=True)
    await office.desk.claim(office.saara, await office.ticket("Saaralla"), office.clock())
    await office.desk.note(office.vaino, answered, "Muistiinpano tästä.", office.clock())
    novice = await _novice(office)
    return [
        (None, "/console/login"),
        (None, "/console/nope"),
        (novice, "/console/password"),
        *((office.vaino, f"/console/{path}") for path in (
            "", "?view=closed", "?view=all&role=sosiaaliohjaaja", "search?q=muistiinpano&age=week",
            f"tickets/{answered}", f"tickets/{late}", f"tickets/{late}#details",
            f"tickets/{answered}/answer", f"tickets/{answered}/phrasing", "faq", "faq/asumistuki", "password", "me",
        )),
        *((office.yrjo, f"/console/{path}") for path in ("people", "troubles", "audit", "chats", "figures")),
    ]  # fmt: skip


async def _novice(office: Office) -> Account:
    async with office.store.write() as tx:
        return await accounts.add(
            tx, name="Uusi", role="sosiaaliohjaaja", password_hash=PASSWORD_HASH, must_change_password=True,
            now=office.clock(),
        )  # fmt: skip


async def test_every_page_is_for_everybody(browser: Browser, office: Office) -> None:
    """No finding of axe, light or dark; at 320 pixels nothing to scroll sideways; what one hits is a fingertip high.

    On a desktop the head is one row: what waits is what the screen is for.
    """
    found: dict[str, object] = {}
    for account, pages in groupby(await _pages(office), key=lambda page: page[0]):
        context = await browser.new_context(locale="fi-FI", viewport=DESKTOP, reduced_motion="reduce")
        if account:
            await context.add_cookies([{"name": COOKIE, "value": await office.token(account), "url": office.address}])
        page = await context.new_page()
        for _, path in pages:
            await page.emulate_media(color_scheme="light")
            await page.set_viewport_size(DESKTOP)
            await page.goto("about:blank")  # a part after # alone would load nothing
            await page.goto(office.address + path)
            wide = await violations(page)
            rows = await page.evaluate("Math.round((document.querySelector('.top')?.offsetHeight ?? 0) / 60)")
            await page.emulate_media(color_scheme="dark")
            dark = await violations(page, CONTRAST)
            await page.emulate_media(color_scheme="light")
            await page.set_viewport_size(SMALL)
            small = await violations(page)
            sideways = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            low = await page.evaluate(TOO_LOW)
            if wide or dark or small or sideways > 0 or low or rows > 1:
                seen = {"wide": wide, "dark": dark, "small": small, "sideways": sideways, "low": low, "rows": rows}
                found[path] = seen
        await context.close()

    assert found == {}


# Links within a sentence may be as high as their line (WCAG 2.5.8); what stands by itself must be 44 pixels high.
TOO_LOW = """
() => [...document.querySelectorAll(
    "button, select, input:not([type=hidden], [type=radio], [type=checkbox]), textarea, nav a, summary, .button, "
    + "label:has(input)")]
  .filter((element) => element.checkVisibility() && !element.closest(".unseen"))
  .filter((element) => element.getBoundingClientRect().height < 43.5)
  .map((element) => element.outerHTML.slice(0, 120))
"""


async def test_a_question_is_answered_by_keyboard_alone(browser: Browser, office: Office) -> None:
    """From the skip link to the sent reply, with the focus always in sight."""
    await office.ticket("Näppäimillä")
    async with at_work(browser, office, office.vaino) as page:
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Siirry sisältöön")).to_be_focused()
        await _tab_to(page, "a[href^='/console/tickets/']")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/console/tickets/**")
        await _tab_to(page, "form[action*='/claim'] button")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Kysymys on nyt sinulla.")).to_be_visible()
        await _tab_to(page, "textarea#text")
        await page.keyboard.type("Vastaus näppäimillä")
        await _tab_to(page, "button[value=reply]")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Vastaus on matkalla")).to_be_visible()


async def _tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus; everything on the way must be seen when it has it."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        is_there, is_seen = await page.evaluate(
            """(selector) => {
              const focused = document.activeElement, box = focused.getBoundingClientRect();
              const top = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 20));
              const isSeen = focused === document.body || focused.contains(top) || top?.contains(focused);
              return [focused.matches(selector), isSeen];
            }""",
            selector,
        )
        assert is_seen
        if is_there:
            return
    raise AssertionError(f"Tab never comes to {selector}")
