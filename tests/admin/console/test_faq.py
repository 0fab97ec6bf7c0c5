"""The list of answers: what is to be looked at again soon, how each is doing, and what the bot makes of a question."""

import re
from datetime import UTC, datetime
from html import unescape

from bot.store import revisions
from tests.admin.console.office import Office
from tests.support.people import LONG_AGO

HOSTILE = '"><img src=x onerror=alert(1)>'


async def test_what_is_due_soon_stands_first_and_overdue_ones_are_marked(office: Office) -> None:
    """The one who edits answers sees what gets old without knowing of any command."""
    async with office.at_work(office.saara) as saara:
        early = (await saara.sees("/console/faq")).text
    office.clock.advance(datetime(2027, 4, 2, 9, 0, tzinfo=UTC) - office.clock())
    async with office.at_work(office.saara) as saara:
        late = (await saara.sees("/console/faq")).text

    assert _soon(early) == ["Mikään ei vanhene kuukauden sisällä."]
    first, *_, last = _soon(late)
    assert first == "Kriisinumerot soita joka numero läpi piti tarkistaa 19.2.2027"
    assert last.endswith("viimeistään 1.5.2027")
    assert 'href="/console/faq/asumistuki"' in late.split("</section>")[0]


def _soon(html: str) -> list[str]:
    """The lines of the first list, as read."""
    section = html[html.index('id="soon"') : html.index("</section>")]
    lines = re.findall(r"<(?:li|p)>(.*?)</(?:li|p)>", section, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", line)).split()) for line in lines]


async def test_the_list_is_narrowed_and_sorted_by_plain_forms(office: Office) -> None:
    """Who keeps a hundred answers right must find the one to mend without scripts, and see how each is doing."""
    async with office.store.write() as tx:
        for text in ("**CV.** Uusi.", "**CV.** Vielä uudempi."):
            await revisions.save_draft(
                tx, entry_id="cv", language="fi", part="answer", text=text, account_id=office.vaino.id, now=LONG_AGO
            )
        await revisions.save_draft(
            tx, entry_id="aivan-uusi", language="fi", part="answer", text="", account_id=office.kaisa.id, now=LONG_AGO
        )
    async with office.at_work(office.kaisa) as kaisa:
        addresses = (
            "",
            "?sort=title",
            "?q=CV",
            "?state=draft",
            "?state=withdrawn",
            "?category=raha&sort=review",
            "?state=x",
        )
        pages = {address: (await kaisa.sees(f"/console/faq{address}")).text for address in addresses}
        hostile = (await kaisa.sees("/console/faq?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")).text
    listed = {
        address: re.findall(r'scope="row"><a href="/console/faq/([a-z-]+)"', page) for address, page in pages.items()
    }

    assert sorted(listed[""]) == sorted(listed["?sort=title"]) == sorted(listed["?state=x"])
    assert len(listed[""]) == 7
    assert listed["?q=CV"] == ["cv"]
    assert listed["?state=draft"] == ["aivan-uusi", "cv"]
    assert listed["?state=withdrawn"] == []
    assert set(listed["?category=raha&sort=review"]) == {"asumistuki", "toimeentulotuki"}
    assert '<span class="tag">luonnos</span>' in pages["?state=draft"]
    assert "<script>alert" not in hostile


async def test_the_bots_verdict_is_shown_with_why(office: Office) -> None:
    """A curator who sees which phrasing won knows which one to mend; what they type is nobody's data."""
    async with office.at_work(office.kaisa) as kaisa:
        known = await kaisa.sends("/console/faq", "/console/faq-ask", question="Miten haen asumistukea?")
        danger = (await kaisa.sends("/console/faq", "/console/faq-ask", question="haluan tappaa itseni")).text
        hostile = (await kaisa.sends("/console/faq", "/console/faq-ask", question=HOSTILE + "\0" + "ä" * 4000)).text

    assert known.status_code == 200
    assert re.search(r'<a href="/console/faq/asumistuki">.*?</a> <strong>\d+&nbsp;%</strong>', known.text)
    assert "Lähin tapa kysyä: <q>" in known.text
    assert "Botti tunnistaisi hädän ja antaisi apunumerot." in danger
    assert "<img src=x" not in hostile
    assert "&lt;img src=x onerror=alert(1)&gt;" in hostile
