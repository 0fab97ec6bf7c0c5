"""The outreach calendar in the console: what to make known when and why, made a campaign with one press, or done."""

import asyncio
import html
import re
from datetime import date, timedelta

import pytest

from bot.store import campaigns, outreach, schema
from bot.store.engine import Store
from tests.admin.console.office import Office
from tests.support.clock import A_TUESDAY_MORNING

PAGE = "/console/outreach"
HOSTILE = "2026-12 cv\"'><script>alert(1)</script>\0"


async def _asked(store: Store, topic: str, day: date, askers: int) -> None:
    """So many people ask about *topic* on one day, and nothing else that month."""
    flags = dict.fromkeys(("in_office_hours", "first_of_day", "first_of_week", "first_of_month"), True)
    moment = {"at": A_TUESDAY_MORNING, "local_day": day, "local_hour": 10, "is_returning": False}
    who = {"channel": "web", "language": "fi"}
    async with store.write() as tx:
        await tx.execute(
            schema.event.insert(), [{"kind": "asked", "topic": topic, **moment, **flags, **who} for _ in range(askers)]
        )


def _seen(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


async def test_a_proposal_becomes_one_campaign_with_its_question_and_a_text_to_paste(office: Office) -> None:
    """Pressed twice or by two leaders at once, one code hangs on the wall; what few have asked is told nowhere."""
    today = office.clock().date()
    await _asked(office.store, "cv", today - timedelta(days=7), 9)
    for topic, askers in (("armeija", 4), ("työhakemus", 3)):
        await _asked(office.store, topic, today - timedelta(days=7), askers)
    await _asked(office.store, "asumistuki", date(2025, 12, 3), 12)
    await _asked(office.store, "asumistuki", date(2025, 11, 3), 1)
    async with office.at_work(office.kaisa) as kaisa, office.at_work(office.yrjo) as yrjo:
        proposed = (await kaisa.sees(PAGE)).text
        key = re.search(r'name="key" value="([^"]+ cv)"', proposed)
        assert key
        made = await asyncio.gather(*(one.sends(PAGE, f"{PAGE}/campaign", key=key[1]) for one in (kaisa, yrjo)))
        again = await kaisa.sends(PAGE, f"{PAGE}/campaign", key=key[1])
        path = again.headers["location"].partition("?")[0]
        campaign = (await kaisa.sees(path)).text
        after = (await kaisa.sees(PAGE)).text
        forged = [await kaisa.sends(PAGE, f"{PAGE}/campaign", key=odd) for odd in ("", HOSTILE, "2026-12 gone")]
    async with office.store.read() as read:
        [kept] = await campaigns.everything(read)
        acts = [row.act for row in await read.execute(schema.audit.select())]

    assert "Viime viikolla tätä kysyttiin 9 kertaa" in _seen(proposed)
    assert "Joulukuussa 2025 tätä kysyttiin 12 kertaa, selvästi useammin kuin muina kuukausina." in _seen(proposed)
    assert "armeija" not in proposed.lower()
    assert {answer.headers["location"].partition("?")[0] for answer in made} == {path}
    assert kept.questions["fi"].endswith("?")
    assert kept.questions["fi"] in _seen(campaign)
    pasted = re.findall(r"<textarea[^>]*readonly[^>]*>(.*?)</textarea>", campaign, re.DOTALL)
    links = [f"{office.address}/k/{kept.code}{more}" for more in ("", "?kieli=sv", "?kieli=en")]
    assert [html.unescape(text).strip().rpartition("\n")[2] for text in pasted] == links
    assert html.unescape(pasted[0]).strip().startswith(kept.questions["fi"])
    assert f'href="/console/campaigns/{kept.code}"' in after
    assert {answer.headers["location"] for answer in forged} == {f"{PAGE}?done=gone"}
    assert acts.count("campaign made") == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_was_done_otherwise_is_marked_and_can_be_taken_back(office: Office) -> None:
    """A visit to a school is no campaign, and yet next week's list should know of it; a campaign is not taken back."""
    await _asked(office.store, "asumistuki", date(2025, 12, 3), 12)
    await _asked(office.store, "cv", date(2025, 11, 3), 1)
    key = "2026-12 asumistuki"
    async with office.at_work(office.kaisa) as kaisa:
        done = [await kaisa.sends(PAGE, f"{PAGE}/done", key=key) for _ in range(2)]
        marked = (await kaisa.sees(PAGE)).text
        odd = [await kaisa.sends(PAGE, f"{PAGE}/{act}", key=HOSTILE) for act in ("done", "back")]
        await kaisa.sends(PAGE, f"{PAGE}/back", key=key)
        back = (await kaisa.sees(PAGE)).text
        await kaisa.sends(PAGE, f"{PAGE}/campaign", key=key)
        await kaisa.sends(PAGE, f"{PAGE}/back", key=key)
        listed = (await kaisa.sees("/console/campaigns")).text
    async with office.store.read() as read:
        kept = await outreach.taken_up(read)
        acts = [row.act for row in await read.execute(schema.audit.select())]

    assert {answer.headers["location"] for answer in done} == {f"{PAGE}?done=done"}
    assert ("Tehty" in _seen(marked), "Tehty" in _seen(back)) == (True, False)
    assert {answer.status_code for answer in odd} == {303}
    assert list(kept) == [key]
    assert kept[key].campaign
    assert [acts.count(act) for act in ("outreach done", "outreach taken back")] == [1, 1]
    assert f'href="{PAGE}"' in listed


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_service_without_a_past_says_what_it_waits_for(office: Office) -> None:
    """A new service has no last year; the page says so instead of standing empty."""
    async with office.at_work(office.kaisa) as kaisa:
        page = _seen((await kaisa.sees(PAGE)).text)

    assert "vähintään viisi" in page
    assert "Kausia ei ole lähiviikkoina" in page
