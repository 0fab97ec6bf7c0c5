"""The page that tells whether the bot lives and whether anybody asks."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from bot.store import alarms, schema
from tests.admin.console.office import Office

PAGE = "/console/watch"
SCRIPT = "<script>alert(1)</script>"
QUIET = {"days": 9, "came": 0, "expected": 13.2, "one_in": 40, "cause": "fewer_came", "broken": []}


async def _begins(office: Office, kind: str, facts: dict[str, Any], days_ago: int) -> None:
    at = office.clock() - timedelta(days=days_ago)
    async with office.store.write() as tx:
        await alarms.begin(tx, kind, began_at=at - timedelta(days=2), noticed_at=at, facts=facts)


async def _ends(office: Office, kind: str, ended_as: str) -> None:
    async with office.store.write() as tx:
        await alarms.end(tx, kind, ended_at=office.clock(), ended_as=ended_as)


async def _asked(office: Office, a_day: int, days: int) -> None:
    today = office.clock().date()
    flags = {"first_of_day": True} | dict.fromkeys(("first_of_week", "first_of_month", "is_returning"), False)
    moment = {"at": datetime(2026, 11, 1, tzinfo=UTC), "local_hour": 10, "in_office_hours": True}
    row = {"kind": "asked", "channel": "web", "language": "fi", **moment, **flags}
    rows = [{**row, "local_day": today - timedelta(days=back)} for back in range(1, days) for _ in range(a_day)]
    async with office.store.write() as tx:
        await tx.execute(insert(schema.event), rows)


def _text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


async def test_the_page_tells_what_lives_whether_they_ask_and_what_was_told(office: Office) -> None:
    """Who opens it once a month sees at a glance whether anything is wrong, and since when."""
    async with office.at_work(office.kaisa) as kaisa:
        new = _text((await kaisa.sees(PAGE)).text)
        assert "Verkkochat Ei vielä katsottu" in new
        assert "Liian aikaista sanoa" in new
        assert "Ei yhtään hälytystä." in new

        await _asked(office, 3, 80)
        place = {"place": ["campaign", "ABC"], "campaign": SCRIPT}
        await _begins(office, "silence", QUIET | place, 30)
        await _ends(office, "silence", "settled")
        await _begins(office, "silence", {**QUIET, "cause": "unclear", "place": "everywhere", "came": 2}, 5)
        await _begins(office, "nothing-web", {"hours": 30, "expected": 12.0, "one_in": 500}, 4)
        async with office.store.write() as tx:
            await alarms.looked(tx, "web", None, office.clock() - timedelta(hours=1))
            await alarms.looked(tx, "web", "no_answer", office.clock())
        page = (await kaisa.sees(PAGE)).text

    told = _text(page)
    assert SCRIPT not in page
    assert "Kysymys otettiin vastaan, mutta vastausta ei tullut. Käynnistä palvelu uudelleen" in told
    assert "Kysyjiä on kuten tavallisesti." in told
    assert "Yhteensä 84, tavallisesti noin" in told
    assert "kysyjiä odotettu, yhdeksänä päivänä" in told
    positions = [
        told.index(title)
        for title in ("30 tuntiin. Kestää", "9 päivässä 2 kysyjää. Kestää", "9 päivää ilman kysymystä. Tavallisesti")
    ]
    assert positions == sorted(positions)
    assert "tuli uudeksi tavalliseksi" in told
    assert page.count('class="now" x=') == 28 * 2 + 1  # wide, narrow, and the key
