"""What came of asking first, in the console: sums by answer, topic and campaign, and no group that tells of anybody."""

import html
import re
from datetime import datetime

import pytest

from admin.reach.replies import Replies, _lines, _replies
from bot.store import campaigns, schema
from bot.store.engine import Store
from bot.store.tallies import Cell, Tally
from tests.admin.console.office import Office

PAGE = "/console/checkins"


async def _happened(store: Store, at: datetime, *, code: str, **kinds: int) -> None:
    """So many people, each once."""
    flags = dict.fromkeys(("in_office_hours", "first_of_day", "first_of_week", "first_of_month"), True)
    row = {
        "at": at,
        "local_day": at.date(),
        "local_hour": 10,
        "is_returning": False,
        "channel": "web",
        "language": "fi",
    }
    async with store.write() as tx:
        for kind, times in kinds.items():
            one = {**row, **flags, "kind": kind, "topic": "cv", "campaign": code}
            await tx.execute(schema.event.insert(), [one] * times)


async def test_everybody_at_work_sees_what_came_of_it_and_nobody_in_it(office: Office) -> None:
    """The totals always; an answer, a topic or a campaign only where enough people stand behind it."""
    today = office.clock().date()
    async with office.at_work(office.vaino) as vaino:
        empty = _seen((await vaino.sees(PAGE)).text)
        async with office.store.write() as tx:
            code = await campaigns.make(tx, name="<b>Juliste", place="Koulu", first_day=today, last_day=today)
        await _happened(
            office.store, office.clock(), code=code, checkin_sent=20, checkin_good=8, checkin_stuck=6, checkin_ask=2,
            outcome_sent=19, outcome_job=5, outcome_applied=6, outcome_not_yet=5,
        )  # fmt: skip
        page = (await vaino.sees(PAGE)).text

    assert "Ketään ei ole vielä ollut aika kysyä" in empty
    seen = _seen(page)
    assert "Kysyttiin 20 kertaa, vastattiin 16." in seen
    assert "Hyvin 8 Jumissa ei eritellä Haluan kysyä ei eritellä" in seen
    assert "Sain paikan 5 Hain 6 Pääsin palveluun 0 En vielä 5" in seen
    assert "Kysyttiin 19 kertaa, vastattiin 16." in seen
    assert "CV" in seen
    assert "<b>Juliste 16 11" in seen
    assert "<b>Juliste" not in page


@pytest.mark.parametrize(
    ("good", "stuck", "ask", "told"),
    [
        (9, 9, 9, [9, 9, 9]),
        (9, 9, 0, [9, 9, 0]),
        (10, 9, 4, [10, None, None]),
        (4, 0, 0, [None, None, None]),
        (0, 0, 0, [0, 0, 0]),
    ],
)
def test_no_answer_of_few_is_told_or_found_by_subtraction(good: int, stuck: int, ask: int, told: list[int]) -> None:
    """The sum is always there: whoever is hidden alone would be found by it."""
    kinds = {"checkin_good": good, "checkin_stuck": stuck, "checkin_ask": ask}
    found = {Cell("all", "", kind): Tally(times, first_ever=times) for kind, times in kinds.items()}

    assert _replies(found, "checkin_sent", tuple(kinds)) == Replies(
        0, good + stuck + ask, dict(zip(kinds, told, strict=True))
    )


def test_who_moved_on_is_told_only_where_those_who_did_not_are_many_too() -> None:
    """And one asker who told of two outcomes is one."""
    job, applied = Cell("topic", "cv", "outcome_job"), Cell("topic", "cv", "outcome_applied")
    found = {job: Tally(6, first_ever=3), applied: Tally(6, first_ever=6)}

    assert [line.moved_on for line in _lines(found, "topic")] == [None]
    assert _lines({job: Tally(6, first_ever=4)}, "topic") == ()


def _seen(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
