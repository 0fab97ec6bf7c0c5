"""How things stand besides the figures, read from what the service knows."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from admin.summaries.situation import situation
from bot.hours import OpeningHours
from bot.store import campaigns, conversations, events
from bot.store.engine import Store
from bot.vault import Vault
from tests.admin.a_house import a_house
from tests.support.clock import A_TUESDAY_MORNING, Clock

TODAY = A_TUESDAY_MORNING.date()
LONG = {"first_day": TODAY - timedelta(days=30), "last_day": TODAY + timedelta(days=30)}


async def test_what_wants_attention_is_found(store: Store, vault: Vault, tmp_path: Path) -> None:
    """A campaign nobody comes by, an answer that helps few, one that is too old; and not those that are well."""
    house = a_house(store, vault, Clock(), tmp_path)
    async with store.write() as tx:
        await campaigns.make_shared(tx, name="Kaverilta", place="Jaa kaverille", today=LONG["first_day"])
        idle = await campaigns.make(tx, name="Abijuliste", place="Koulu", **LONG)
        busy = await campaigns.make(tx, name="Banneri", place="Lehti", **LONG)
        await campaigns.make(tx, name="Uusi", place="Seinä", **{**LONG, "first_day": TODAY - timedelta(days=6)})
        over = await campaigns.make(tx, name="Mennyt", place="Messut", **LONG)
        await campaigns.end(tx, over, A_TUESDAY_MORNING)
        for asker in range(7):
            talk = await conversations.begin(
                tx, vault, channel="web", lookup=f"{asker}" * 32, address_text="a", language="fi",
                now=A_TUESDAY_MORNING,
            )  # fmt: skip
            if asker == 0:
                await campaigns.touch(tx, talk.id, busy, TODAY)
            hours = OpeningHours(house.hours.zone, {}, {}, timedelta(hours=1))
            around = events.Circumstances(datetime.combine(TODAY, time(8), UTC), hours, "web", "fi")
            happened = [
                events.Happening("came"),
                events.Happening("helped" if asker < 2 else "not_helped", "cv"),
                events.Happening("not_helped" if asker < 2 else "helped", "asumistuki"),
            ]
            await events.record(tx, talk.id, happened, around)
    async with store.read() as read:
        now = await situation(read, house, TODAY)
        in_years = await situation(read, house, date(2040, 1, 1))

    assert (now.running, now.idle) == (3, ["Abijuliste"])
    assert now.campaigns[idle] == "Abijuliste"
    assert now.unhelpful == [("cv", 3), ("asumistuki", 7)]
    assert {due.kind for due in now.reviews} <= {"crisis", "place"}
    assert {due.id for due in in_years.reviews if due.kind == "answer"} == set(now.entries)
    assert (in_years.running, in_years.idle) == (0, [])
    assert now.title("cv", "fi") != "cv"
    assert replace(now, entries={}).title("cv", "fi") == "cv"
