"""How many others have asked the same: never more than there were, and never few."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot import wording
from bot.conversation import decide
from bot.dialogue import Press, Text
from bot.hours import OpeningHours
from bot.store import company, events
from bot.store.engine import Store
from bot.vault import Vault
from knowledge.entry import LANGUAGES
from tests.bot.test_conversation import ANSWER, NEW, NOW, asked, signals
from tests.support import people

ZONE = ZoneInfo("Europe/Helsinki")
HOURS = OpeningHours(ZONE, {}, {}, timedelta(hours=1))
TODAY = date(2026, 11, 24)


def at_noon(day: date) -> events.Circumstances:
    """The circumstances of that day."""
    return events.Circumstances(datetime(day.year, day.month, day.day, 12, tzinfo=ZONE), HOURS, "telegram", "fi")


async def test_each_is_counted_once_and_the_reader_is_none_of_them(store: Store, vault: Vault) -> None:
    """Twelve have asked, one of whom may be reading: eleven others, told as at least ten. Five are too few to tell."""
    last_month, this_month = TODAY - timedelta(days=29), TODAY - timedelta(days=3)
    async with store.write() as tx:
        for person in range(17):
            talk = await people.meet(tx, vault, people.BULK[person])
            topic = "cv" if person < 12 else "armeija"
            asks = [
                (last_month, "answered"),
                (this_month, "answered"),
                (this_month, "answered"),
                (this_month, "picked"),
            ]
            for day, kind in asks if person < 6 else asks[1:]:  # some in both months, all again and in both ways
                await events.record(tx, talk.id, [events.Happening(kind, topic)], at_noon(day))
            await events.record(tx, talk.id, [events.Happening("browsed", "asumistuki")], at_noon(TODAY))
    async with store.read() as read:
        assert await company.others(read, TODAY) == {"cv": 10}
        assert await company.others(read, TODAY + company.LATELY + timedelta(days=40)) == {}


def test_an_answer_tells_of_the_others_where_there_are_any() -> None:
    """In the line that asks whether it helped, in the asker's language, with a chosen title as with a question."""
    for language in LANGUAGES:
        talk = replace(NEW, language=language)
        line = wording.say(language, wording.SAME_ASKED, count="10")
        for others, is_told in (({"asumistuki": 10}, True), ({"cv": 10}, False), ({}, False)):
            known = replace(signals(ANSWER, asked(ANSWER)), others=others)
            for said in (Text("Miten haen asumistukea?"), Press("pick", "asumistuki", 4, asked(ANSWER))):
                last = decide(talk, said, known, NOW).replies[0].text.split("\n\n")[-1]
                assert last.startswith(line) == is_told
                assert last.endswith(wording.say(language, wording.DID_IT_HELP))
