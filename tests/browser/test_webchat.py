"""The web chat in a real browser: what its script adds, and that everybody can use it."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from bot import wording
from bot.store import schema
from bot.store.engine import Store
from bot.vault import Vault
from tests.browser.accessibility import violations
from tests.support.chat import Chat, serving
from tests.support.knowledge import KNOWN, UNKNOWN, VAGUE, SteadyKnowledge

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PHONE = {"width": 375, "height": 812}
SMALL = {"width": 320, "height": 640}
DESKTOP = {"width": 1280, "height": 900}
ZOOMED = {"width": 320, "height": 256}  # a window of 1280 × 1024 at 400 %
ANSWERED = "Asumistukea haetaan Kelasta."


@pytest_asyncio.fixture(loop_scope="session")
async def chat(
    migrated_sqlite: Path, vault: Vault, knowledge_base: SteadyKnowledge, tmp_path: Path
) -> AsyncIterator[Chat]:
    """The web chat with the bot at work, in the browser's event loop."""
    store = Store.at(f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path)}")
    async with serving(store, vault, knowledge_base, tmp_path) as chat:
        yield chat
    await store.close()


@asynccontextmanager
async def visiting(browser: Browser, chat: Chat, **options: Any) -> AsyncIterator[Page]:
    """The chat open in a browser of its own; a fault in its script, or against its policy, fails the test."""
    faults: list[str] = []
    context = await browser.new_context(**{"viewport": PHONE, "locale": "fi-FI", **options})
    page = await _open(context, chat, faults)
    yield page
    await context.close()

    assert faults == []


async def _open(context: BrowserContext, chat: Chat, faults: list[str]) -> Page:
    page = await context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda said: faults.append(said.text) if said.type == "error" and "Failed to load" not in said.text else None,
    )
    await page.goto(chat.url)
    return page


async def says(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="Kirjoita kysymyksesi").fill(text)
    await page.get_by_role("button", name="Lähetä", exact=True).click()


def bubble(page: Page, text: str) -> Any:
    return page.locator("li[data-id] .bubble").filter(has_text=text)


async def asker_texts(chat: Chat) -> list[str]:
    return [row.text for row in await chat.rows(schema.message) if row.author == "asker"]


# --- talking --------------------------------------------------------------------------------------------------


async def test_a_question_its_answer_and_a_persons_reply_come_without_a_reload(browser: Browser, chat: Chat) -> None:
    """The whole round on a phone: the reply of a person an hour later appears by itself."""
    async with visiting(browser, chat) as page:
        await page.evaluate("window.isTheSamePage = true")
        await says(page, KNOWN)
        await expect(bubble(page, ANSWERED)).to_be_in_viewport()
        await expect(page.get_by_role("textbox")).to_have_value("")
        await says(page, UNKNOWN)
        await page.get_by_role("button", name="Lähetä: työ ja opinnot").click()
        await expect(bubble(page, "Lähetin kysymyksesi työvoimaneuvojalle.")).to_be_in_viewport()
        await chat.replies("Iguaanille pitää kysyä lupa rehtorilta.")
        await expect(bubble(page, "Iguaanille pitää kysyä lupa")).to_be_in_viewport()

        await expect(page.locator("li.advisor .who")).to_have_text("Ohjaaja Väinö")
        assert await page.evaluate("window.isTheSamePage")


async def test_an_impatient_thumb_sends_once(browser: Browser, chat: Chat) -> None:
    """Two taps on a button are one wish."""
    async with visiting(browser, chat) as page:
        await page.get_by_role("textbox").fill(UNKNOWN)
        await page.get_by_role("button", name="Lähetä", exact=True).dblclick()
        await page.get_by_role("button", name="Lähetä: raha ja arki").dblclick()
        await expect(bubble(page, "Lähetin kysymyksesi sosiaaliohjaajalle.")).to_be_visible()
        await expect(bubble(page, "Kysymyksesi on jo ohjaajalla")).to_have_count(0)

    assert await asker_texts(chat) == [UNKNOWN]
    assert len(await chat.rows(schema.inbox)) == 2


async def test_two_tabs_show_the_same_conversation(browser: Browser, chat: Chat) -> None:
    """What is said in one is there in the other, once."""
    async with visiting(browser, chat) as one:
        other = await _open(one.context, chat, [])
        await says(other, VAGUE)
        await expect(bubble(other, "Tarkoititko")).to_be_visible()
        await one.reload()
        await says(one, KNOWN)
        await expect(bubble(other, ANSWERED)).to_have_count(1)
        await expect(one.locator("li[data-id]")).to_have_count(4)
        await expect(other.locator("li[data-id]")).to_have_count(4)


async def test_erasing_empties_every_open_page(browser: Browser, chat: Chat) -> None:
    """Whoever looks at the phone next sees nothing, in no tab."""
    async with visiting(browser, chat) as one:
        await says(one, KNOWN)
        await expect(bubble(one, ANSWERED)).to_be_visible()
        other = await _open(one.context, chat, [])
        await one.get_by_role("textbox").fill("Kesken jäänyt")
        await one.get_by_role("button", name="Lopeta ja tyhjennä").click()
        await one.get_by_role("button", name="Poista kaikki").click()
        for page in (one, other):
            await expect(page.locator("li[data-id]")).to_have_count(0)
        await expect(one.get_by_role("textbox")).to_have_value("")
        await expect(one.get_by_role("status")).to_have_text(wording.ERASED)


async def test_a_reply_that_comes_after_the_browser_was_closed_is_found_by_the_link_that_was_copied(
    browser: Browser, chat: Chat
) -> None:
    """The link comes without a reload and is copied by one press; what it opens, it opens by a press, too."""
    async with visiting(browser, chat, permissions=["clipboard-read", "clipboard-write"]) as page:
        await says(page, UNKNOWN)
        await page.get_by_role("button", name="Lähetä: työ ja opinnot").click()
        await page.get_by_role("button", name="Kopioi linkki").click()
        await expect(page.get_by_role("status")).to_have_text(wording.WEB_COPIED)
        link = await page.evaluate("navigator.clipboard.readText()")
        await expect(page.get_by_role("link", name="Jatka Telegramissa")).to_be_visible()
    await chat.replies("Olen tässä.")
    async with visiting(browser, chat) as page:
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        await page.goto(link)
        await expect(page).to_have_url(f"{chat.url}/palaa")
        await fits(page)
        await page.get_by_role("button", name="Avaa keskustelu").click()
        await expect(bubble(page, "Olen tässä.")).to_be_in_viewport()

        assert not [url for url in requests if link.partition("#")[2] in url]


# --- a bad connection -----------------------------------------------------------------------------------------


async def test_what_is_sent_offline_stays_in_the_field_and_goes_out_by_itself_once(
    browser: Browser, chat: Chat
) -> None:
    """A bus in a tunnel costs nobody their question."""
    async with visiting(browser, chat) as page:
        await page.context.set_offline(True)
        await says(page, KNOWN)
        await expect(page.get_by_role("status")).to_have_text(wording.WEB_OFFLINE)
        await expect(page.get_by_role("textbox")).to_have_value(KNOWN)
        await page.context.set_offline(False)
        await expect(bubble(page, ANSWERED)).to_be_visible()
        await expect(page.get_by_role("status")).to_have_text("")
        await expect(page.get_by_role("textbox")).to_have_value("")

    assert await asker_texts(chat) == [KNOWN]


async def test_what_is_sent_while_the_server_is_away_goes_out_when_it_is_back(browser: Browser, chat: Chat) -> None:
    """A restart is no "online" event: the page tries by itself, less and less often."""
    async with visiting(browser, chat) as page:
        await chat.close()
        await says(page, KNOWN)
        await expect(page.get_by_role("status")).to_have_text(wording.WEB_OFFLINE)
        await chat.open()
        await expect(bubble(page, ANSWERED)).to_be_visible(timeout=15_000)

    assert await asker_texts(chat) == [KNOWN]


async def test_a_lost_confirmation_does_not_double_the_message(browser: Browser, chat: Chat) -> None:
    """The post arrives, its answer doesn't: the same key goes out again, and counts once.

    Nor does a reply stay unseen that was asked for while too many waited for pages.
    """
    lost: list[str] = []
    busy = ["the reply, as confirmed", "and as the stream tells of it"] * 2

    async def lose_the_first(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.request.post_data or "")
            await route.fetch()
            await route.abort("connectionreset")
        elif route.request.method == "GET" and busy:
            busy.pop()
            await route.fulfill(status=503, body="busy")
        else:
            await route.continue_()

    async with visiting(browser, chat) as page:
        await page.route("**/chat/messages*", lose_the_first)
        async with page.expect_response(
            lambda response: "messages" in response.url and response.status == 204
        ) as again:
            await says(page, KNOWN)
        await expect(bubble(page, ANSWERED)).to_be_visible()

        assert (await again.value).request.post_data == lost[0]
    assert await asker_texts(chat) == [KNOWN]


async def test_nothing_is_lost_that_is_pressed_or_written_while_the_page_is_busy(browser: Browser, chat: Chat) -> None:
    """In a low window new lines move the button under the finger; a slow post leaves time to do other things."""
    may_read, may_post = asyncio.Event(), asyncio.Event()
    may_post.set()
    broken: list[str] = []

    async def slow(route: Route) -> None:
        is_post = route.request.method == "POST"
        await (may_post if is_post else may_read).wait()
        await (route.fulfill(body="Log in to this network") if is_post and broken else route.continue_())

    async with visiting(browser, chat, viewport=ZOOMED) as page:
        field, button = page.get_by_role("textbox"), page.get_by_role("button", name="Lähetä", exact=True)
        await page.route("**/chat/messages*", slow)

        # The lines of the first come while the second's button is held down.
        await says(page, VAGUE)
        await field.fill(UNKNOWN)
        await button.hover()
        await page.mouse.down()
        async with page.expect_response("**/chat/messages?*"):
            may_read.set()
        await page.evaluate("new Promise((done) => setTimeout(done, 50))")
        await page.mouse.up()
        await expect(bubble(page, "enkä arvaa")).to_be_visible()

        # While a post is on its way, a card is chosen and a button is pressed.
        may_post.clear()
        await says(page, KNOWN)
        await page.evaluate(
            """document.getElementById("lines").insertAdjacentHTML(
                "beforeend", "<li><a href='#field' data-draft='Oma kysymys'>Kortti</a></li>")"""
        )
        await page.get_by_role("link", name="Kortti").click()
        await page.get_by_role("button", name="Apua heti").click()
        may_post.set()
        await expect(bubble(page, ANSWERED)).to_be_visible()
        await expect(bubble(page, "Hätä: soita 112.")).to_be_visible()
        await expect(field).to_have_value("Oma kysymys")

        # A keyboard finishes its word when that is sent already; somebody else answers, and the page is reloaded.
        broken.append("connection")
        await page.evaluate(
            """document.getElementById("writing").addEventListener(
                "submit", () => document.getElementById("field").dispatchEvent(new InputEvent("input")))"""
        )
        await button.click()
        await expect(page.get_by_role("status")).to_have_text(wording.WEB_OFFLINE)
        await page.reload()
        broken.clear()
        await expect(field).to_have_value("")

    assert await asker_texts(chat) == [VAGUE, UNKNOWN, KNOWN, "Oma kysymys"]


async def test_rewritten_words_are_not_sent_behind_the_writers_back(browser: Browser, chat: Chat) -> None:
    """While the connection is away, the field belongs to who writes in it."""
    async with visiting(browser, chat) as page:
        await page.context.set_offline(True)
        await says(page, VAGUE)
        await expect(page.get_by_role("status")).to_have_text(wording.WEB_OFFLINE)
        await page.get_by_role("textbox").fill(KNOWN)
        await page.context.set_offline(False)
        await expect(page.get_by_role("status")).to_have_text("")
        await page.get_by_role("button", name="Lähetä", exact=True).click()
        await expect(bubble(page, ANSWERED)).to_be_visible()

    assert await asker_texts(chat) == [KNOWN]


async def test_a_reply_given_while_the_server_was_away_appears_when_it_is_back(browser: Browser, chat: Chat) -> None:
    """The open page comes back by itself after a restart, and hides nothing."""
    async with visiting(browser, chat) as page:
        await says(page, UNKNOWN)
        await page.get_by_role("button", name="Lähetä: työ ja opinnot").click()
        await expect(bubble(page, "Lähetin kysymyksesi")).to_be_visible()
        await chat.close()
        await chat.replies("Olen tässä.")
        await chat.open()
        await expect(bubble(page, "Olen tässä.")).to_be_visible(timeout=15_000)


async def test_help_needs_no_network(browser: Browser, chat: Chat) -> None:
    """Who presses "Apua heti" in a dead spot sees the numbers at once."""
    async with visiting(browser, chat) as page:
        await page.context.set_offline(True)
        await page.get_by_role("button", name="Apua heti").click()
        await expect(page.locator("#numbers a[href='tel:112']")).to_be_visible()
        await expect(page.get_by_role("status")).to_have_text(wording.WEB_OFFLINE_PRESS)
        await page.context.set_offline(False)
        await expect(bubble(page, "Hätä: soita 112.")).to_be_visible()
        await expect(page.locator("#numbers")).to_be_hidden()


async def test_a_refusal_is_said_and_leaves_the_words_in_the_field(browser: Browser, chat: Chat) -> None:
    """Nobody types four thousand characters twice."""
    draft = "rahat loppu " * 400
    async with visiting(browser, chat) as page:
        await says(page, draft)
        await expect(page.get_by_role("alert")).to_have_text(wording.TOO_LONG)
        await expect(page.get_by_role("textbox")).to_have_value(draft)
        await expect(page.get_by_role("textbox")).to_have_attribute("aria-invalid", "true")


async def test_a_reload_keeps_the_draft_and_a_new_browser_the_conversation(browser: Browser, chat: Chat) -> None:
    """A phone that throws the page out of memory, or is switched off over night, loses nothing."""
    async with visiting(browser, chat) as page:
        await says(page, KNOWN)
        await expect(bubble(page, ANSWERED)).to_be_visible()
        await page.get_by_role("textbox").fill("ja entä jos")
        await page.reload()
        await expect(page.get_by_role("textbox")).to_have_value("ja entä jos")
        kept = await page.context.storage_state()
    kept["cookies"] = [cookie for cookie in kept["cookies"] if cookie["expires"] != -1]
    async with visiting(browser, chat, storage_state=kept) as later:
        await expect(bubble(later, ANSWERED)).to_be_visible()
        await expect(later.get_by_role("textbox")).to_have_value("")


# --- for everybody --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("viewport", "look"),
    [(PHONE, "light"), (SMALL, "dark"), (ZOOMED, "light"), (DESKTOP, "dark"), (DESKTOP, "forced")],
    ids=["phone", "small-dark", "zoomed", "desktop-dark", "desktop-forced-colours"],
)
async def test_every_state_of_the_page_passes_axe_and_fits_its_window(
    browser: Browser, chat: Chat, viewport: Any, look: str
) -> None:
    """Empty, talking, refused and offline: readable by everybody, with nothing to scroll sideways for."""
    scheme = {"forced_colors": "active"} if look == "forced" else {"color_scheme": look}
    async with visiting(browser, chat, viewport=viewport, **scheme) as page:
        await fits(page)
        for text in (KNOWN, VAGUE, UNKNOWN):
            await says(page, text)
        await page.get_by_role("button", name="Lähetä: työ ja opinnot").click()
        await expect(bubble(page, "Lähetin kysymyksesi")).to_be_visible()
        await chat.replies("Katso https://example.org/" + "pitka" * 30)
        await expect(page.locator("li.advisor")).to_be_visible()
        await fits(page)
        await says(page, "a" * 5000)
        await expect(page.get_by_role("alert")).to_have_text(wording.TOO_LONG)
        await fits(page)
        await page.context.set_offline(True)
        await page.get_by_role("button", name="Apua heti").click()
        await expect(page.locator("#numbers")).to_be_visible()
        await fits(page)


async def fits(page: Page) -> None:
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    small = await page.evaluate(
        """[...document.querySelectorAll("button, .exit, textarea, input[type=text]")]
            .map((control) => [control.textContent.trim(), control.getBoundingClientRect()])
            .filter(([, box]) => box.height > 0 && (box.height < 44 || box.width < 44))
            .map(([words]) => words)"""
    )
    assert small == []


async def test_the_whole_chat_works_by_keyboard_alone(browser: Browser, chat: Chat) -> None:
    """From the skip link to an answer's buttons."""
    async with visiting(browser, chat, viewport=DESKTOP) as page:
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Siirry kirjoittamaan")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.keyboard.type("Jotain")
        await page.keyboard.press("Shift+Enter")
        await page.keyboard.type("asumistukea")
        await page.keyboard.press("Enter")
        await expect(bubble(page, "Tarkoititko")).to_be_visible()
        await expect(page.get_by_role("textbox")).to_be_focused()
        while await page.evaluate("document.activeElement.name") != "press":
            await page.keyboard.press("Shift+Tab")
        await page.keyboard.press("Enter")
        await expect(bubble(page, "Lähetänkö")).to_be_visible()

    assert await asker_texts(chat) == ["Jotain\nasumistukea"]


async def test_the_focus_is_never_hidden_under_what_sticks(browser: Browser, chat: Chat) -> None:
    """Head and composer lie over the log; what has the focus is scrolled clear of them, in both directions."""
    async with visiting(browser, chat, viewport=SMALL) as page:
        for text in (VAGUE, UNKNOWN, KNOWN):
            await says(page, text)
        await expect(bubble(page, ANSWERED)).to_be_visible()
        await page.evaluate("scrollTo(0, 0)")
        await page.get_by_role("link", name="Poistu nopeasti").focus()
        for key in ("Tab", "Shift+Tab"):
            for _ in range(10):
                await page.keyboard.press(key)
                assert await page.evaluate(IS_IN_SIGHT)


IS_IN_SIGHT = """(() => {
    const focused = document.activeElement, box = focused.getClientRects()[0]; // of a wrapped link, its first line
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return focused === top || focused.contains(top);
})()"""


async def test_a_cards_question_goes_into_the_field_to_be_edited_first(browser: Browser, chat: Chat) -> None:
    """Another card's question takes its place; what the asker has begun themselves stays."""
    async with visiting(browser, chat) as page:
        field = page.get_by_role("textbox")
        await page.get_by_role("button", name=wording.BUTTON_SITUATIONS).click()
        await page.get_by_role("button", name="Rahat loppuu ennen kuun loppua").click()
        await page.get_by_role("link", name="Missä Oulussa jaetaan ilmaista ruoka-apua?").click()
        await page.get_by_role("link", name="Miten haen yleistä asumistukea?").click()
        await expect(field).to_be_focused()
        await expect(field).to_have_value("Miten haen yleistä asumistukea?")
        await page.keyboard.type(" oon 19")
        await page.get_by_role("link", name="Missä Oulussa").click()
        begun = "Miten haen yleistä asumistukea? oon 19"
        await expect(field).to_have_value(f"{begun}\nMissä Oulussa jaetaan ilmaista ruoka-apua?")
        assert await asker_texts(chat) == []


async def test_a_finger_gets_new_lines_by_enter(browser: Browser, chat: Chat) -> None:
    """A phone's keyboard has no Shift+Enter; the button sends."""
    async with visiting(browser, chat, has_touch=True, is_mobile=True) as page:
        await page.get_by_role("textbox").tap()
        await page.keyboard.type("Jotain")
        await page.keyboard.press("Enter")
        await page.keyboard.type("asumistukea")
        await page.get_by_role("button", name="Lähetä", exact=True).tap()
        await expect(bubble(page, "Tarkoititko")).to_be_in_viewport()
        await expect(page.get_by_role("textbox")).not_to_be_focused()

    assert await asker_texts(chat) == ["Jotain\nasumistukea"]


async def test_the_field_grows_to_four_lines_and_no_further(browser: Browser, chat: Chat) -> None:
    """Who writes a long story sees some of it, and still sees the conversation."""
    async with visiting(browser, chat) as page:
        field = page.get_by_role("textbox")
        heights = []
        for lines in (1, 3, 4, 9):
            await field.fill("\n".join("rivi" for _ in range(lines)))
            heights.append(await field.evaluate("field => field.getBoundingClientRect().height"))
        line = await field.evaluate("field => parseFloat(getComputedStyle(field).lineHeight)")

    assert heights[1] - heights[0] == pytest.approx(2 * line, abs=2)
    assert heights[2] - heights[1] == pytest.approx(line, abs=2)
    assert heights[3] == pytest.approx(heights[2], abs=1)


async def test_a_screen_reader_hears_what_is_new_and_who_says_it(browser: Browser, chat: Chat) -> None:
    """The log is a live region; every bubble names its speaker, seen or not."""
    async with visiting(browser, chat) as page:
        await says(page, KNOWN)
        await page.get_by_role("button", name="Auttoi", exact=True).click()
        await expect(bubble(page, "Kiva jos auttoi")).to_be_visible()
        log = page.get_by_role("log", name="Keskustelu")

        assert await log.get_attribute("aria-live") == "polite"
        assert await log.locator(".who").all_text_contents() == ["Botti", "Sinä", "Botti", "Botti"]


async def test_the_quick_exit_leaves_no_way_back(browser: Browser, chat: Chat) -> None:
    """Who comes through the door sees the weather; Back doesn't show the chat, and nothing was erased."""
    async with visiting(browser, chat) as page:
        await says(page, KNOWN)
        await expect(bubble(page, ANSWERED)).to_be_visible()
        headers: list[dict[str, str]] = []

        async def weather(route: Route) -> None:
            headers.append(route.request.headers)
            await route.fulfill(body="<title>Weather</title>", content_type="text/html")

        await page.context.route("https://www.ilmatieteenlaitos.fi/**", weather)
        await page.get_by_role("link", name="Poistu nopeasti").click()
        await expect(page).to_have_title("Weather")
        await page.go_back()

        assert not page.url.startswith(chat.url)
        assert "referer" not in headers[0]
    assert await asker_texts(chat) == [KNOWN]


async def test_without_javascript_one_can_ask_press_and_leave(browser: Browser, chat: Chat) -> None:
    """The script may be blocked, broken or not yet here."""
    async with visiting(browser, chat, java_script_enabled=False) as page:
        await says(page, UNKNOWN)
        await expect(bubble(page, "Tätä en tiedä varmasti")).to_be_visible()
        await page.get_by_role("button", name="Lähetä: työ ja opinnot").click()
        await expect(bubble(page, "Lähetin kysymyksesi")).to_be_in_viewport()
        await chat.replies("Olen tässä.")
        await page.get_by_role("link", name="Näytä uudet viestit").click()
        await expect(bubble(page, "Olen tässä.")).to_be_visible()
        link = page.get_by_role("link", name="Poistu nopeasti")

        assert re.match(r"https://", await link.get_attribute("href") or "")
        assert await link.get_attribute("rel") == "noreferrer"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_pages_beside_the_chat_pass_axe_on_the_smallest_phone(
    browser: Browser, chat: Chat, scheme: Any
) -> None:
    """A statement on accessibility that can't be read would be a bad joke."""
    async with visiting(browser, chat, viewport=SMALL, color_scheme=scheme) as page:
        for path in ("/tietosuoja", "/saavutettavuus?kieli=sv", "/palaa?kieli=en", "/jaa"):
            await page.goto(chat.url + path)
            await fits(page)
