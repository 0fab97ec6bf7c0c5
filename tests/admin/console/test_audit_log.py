"""The audit log as the administrator reads it: who did what, when and from where; never what was said."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from admin.console.visit import environment
from bot.store import audit
from tests.admin.console.office import Office

ROOT = Path(__file__).parents[3]
MARKER = "kuunsirppi"


def lines(html: str) -> list[str]:
    """The lines of the log as one reads them."""
    items = re.findall(r'<li class="act">(.*?)</li>', html, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", "", item).split()) for item in items]


async def test_the_administrator_reads_who_looked_at_what_and_when(office: Office) -> None:
    """Newest first, by person and by day, with the place; no word of a thread is in it."""
    ticket_id = await office.ticket(f"Sanon {MARKER}")
    async with office.at_work(office.vaino) as vaino:
        vaino.client.headers["User-Agent"] = "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0"
        await vaino.sees(f"/console/tickets/{ticket_id}")
        await vaino.sends(f"/console/tickets/{ticket_id}", f"/console/tickets/{ticket_id}/claim")
        await vaino.client.post("/console/login", data={"name": "Väinö", "password": "x" * 12, "to": ""})
    office.clock.advance(timedelta(days=1))
    async with office.at_work(office.yrjo) as yrjo:
        await yrjo.sends("/console/people", f"/console/people/{office.saara.id}/disable")
        everything = await yrjo.sees("/console/audit")
        his = (await yrjo.sees(f"/console/audit?person={office.vaino.id}")).text
        day = (await yrjo.sees("/console/audit?day=2026-11-25")).text
        nobody = (await yrjo.sees(f"/console/audit?person={office.kaisa.id}&day=2026-11-24")).text
        odd = [
            (await yrjo.sees(f"/console/audit?{query}")).status_code
            for query in ("day=1.1.2026", "day=9999-12-31", "day=0001-01-01", "person=x", "before=x", "before=-1",
                          "before=" + "9" * 30, "person=%00&day=%00")
        ]  # fmt: skip

    shown = lines(everything.text)
    assert re.fullmatch(
        r"Yrjö poisti pääsyn: Saara 25\.11\.2026 10\.00\.\d\d · tuntematon laite · [0-9a-f]{8}", shown[0]
    )
    assert shown[1].startswith("kirjautuminen epäonnistui: Väinö 24.11.2026 ")
    assert re.fullmatch(
        rf"Väinö otti kysymyksen: {ticket_id[:8]} 24\.11\.2026 10\.00\.\d\d · Firefox, Windows · [0-9a-f]{{8}}",
        shown[2],
    )
    assert shown[3].startswith(f"Väinö avasi kysymyksen: {ticket_id[:8]}")
    assert lines(his) == shown[2:]
    assert lines(day) == shown[:1]
    assert lines(nobody) == []
    assert "Tällä rajauksella ei ole merkintöjä." in nobody
    assert odd == [200] * 8
    assert MARKER not in everything.text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_long_log_is_read_page_by_page(office: Office) -> None:
    """Every line once, however many come meanwhile."""
    async with office.store.write() as tx:
        for number in range(205):
            await audit.record(tx, office.vaino.id, "publish answer", f"entry-{number}", office.clock())
    seen: list[str] = []
    async with office.at_work(office.yrjo) as yrjo:
        path = f"/console/audit?person={office.vaino.id}"
        while path:
            page = (await yrjo.sees(path)).text
            async with office.store.write() as tx:
                await audit.record(tx, office.vaino.id, "publish answer", "<b>late", office.clock())
            seen += re.findall(r"entry-\d+", page)
            older = re.search(r'href="(/console/audit\?[^"]*before=\d+[^"]*)"', page)
            path = older[1].replace("&amp;", "&") if older else ""
        last = (await yrjo.sees("/console/audit")).text

    assert seen == [f"entry-{number}" for number in reversed(range(205))]
    assert "<b>late" not in last


def test_every_act_that_is_written_down_has_words() -> None:
    """A log that has to be guessed at is read by nobody; add the Finnish to `acts` in words.html."""
    known = set(environment().get_template("words.html").make_module().acts)  # type: ignore[attr-defined]
    sources = "\n".join(
        path.read_text(encoding="utf-8") for top in ("bot", "admin") for path in (ROOT / top).rglob("*.py")
    )
    written = set(re.findall(r'audit\.record\(\s*tx,\s*[\w.]+,\s*"([^"]+)"', sources))
    written |= set(re.findall(r'\bact(?:: str)? ?= ?"([a-z-]+ [a-z -]+)"', sources))

    written |= set(re.findall(r'(?:note_view|_decide)\(visit, "([^"]+)"', sources))
    for begins in re.findall(r'audit\.record\(\s*tx, visit\.account\.id, f"([a-z ]+) \{[\w.]*part\}"', sources):
        written |= {f"{begins} answer", f"{begins} phrasings"}
    assert {"view", "log in", "password right"} <= written
    assert written - known == set()
