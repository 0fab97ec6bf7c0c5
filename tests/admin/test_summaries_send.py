"""A summary reaches each of its readers once, whatever happens to the processes that send it."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from admin import announce
from admin.house import House
from admin.summaries import send
from admin.summaries.send import NotOver, send_due, summary_text
from bot.hours import OpeningHours
from bot.store import chat_links, conversations, events
from bot.store.engine import Store
from bot.store.schema import chat_link, notice, outbox, summary_run
from bot.vault import Vault
from tests.admin.a_house import a_house
from tests.support.people import ADVISORS_GROUP, VAINO_CHAT

MONDAY = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # eight in Helsinki
LAST_WEEK = date(2026, 11, 16)
SUPERGROUP = "-1000000003003"


class Now:
    """A clock that stands still until it is set."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def now() -> Now:
    """Monday, eight o'clock."""
    return Now(MONDAY)


@pytest.fixture
async def house(store: Store, vault: Vault, now: Now, tmp_path: Path) -> House:
    """A house in which one question was asked last week."""
    house = a_house(store, vault, now, tmp_path)
    await _someone_asks(house, MONDAY - timedelta(days=4))
    return house


async def _someone_asks(house: House, at: datetime) -> None:
    async with house.store.write() as tx:
        talk = await conversations.begin(
            tx, house.vault, channel="web", lookup="a" * 32, address_text="a", language="fi", now=at
        )
        hours = OpeningHours(house.hours.zone, {}, {}, timedelta(hours=1))
        around = events.Circumstances(at, hours, "web", "fi")
        await events.record(tx, talk.id, [events.Happening("asked")], around)


async def _link(house: House, chat: int, at: datetime = MONDAY) -> str:
    async with house.store.write() as tx:
        return await chat_links.link(tx, house.vault, purpose="coordinator", address=str(chat), now=at)


async def _runs(house: House) -> list[tuple[str, date, str]]:
    rows = await _all(house, summary_run)
    return [(row.period, row.first_day, row.recipient) for row in rows]


async def _queued(house: House) -> list[tuple[str, str]]:
    """Where each queued message goes, and its text; pictures aside."""
    async with house.store.read() as read:
        joined = select(outbox.c.destination, notice.c.text).join(notice, outbox.c.notice_id == notice.c.id)
        joined = joined.where(outbox.c.act == "send")
        return [tuple(row) for row in await read.execute(joined.order_by(outbox.c.id))]


async def _all(house: House, table: Any) -> list[Any]:
    async with house.store.read() as read:
        return list(await read.execute(select(table).order_by(*table.primary_key.columns)))


async def test_the_weeks_summary_goes_to_the_console_and_to_each_coordinator(house: House) -> None:
    """Whoever answers for the service knows on Monday morning how the week went, wherever they read."""
    first, second = await _link(house, VAINO_CHAT), await _link(house, VAINO_CHAT + 1)

    await send_due(house)

    assert {("week", LAST_WEEK, to) for to in ("console", first, second)} == set(await _runs(house))
    (to_first, text), (to_second, same) = await _queued(house)
    assert {first, second} == {to_first, to_second}
    assert text == same
    assert "Viime viikolla 1 kysymys." in text


async def test_without_a_coordinators_chat_the_advisors_group_gets_it(house: House, tmp_path: Path) -> None:
    """A small service has one group for all: better read there than nowhere; but not where it was unlinked."""
    small = a_house(house.store, house.vault, house.clock, tmp_path, advisor_chat=ADVISORS_GROUP)
    await send_due(small)
    before = await _all(house, chat_link)
    await announce.link_group(small)  # as the service does when it starts
    async with house.store.write() as tx:  # the settings still name the group as it was
        await chat_links.move(tx, house.vault, address=str(ADVISORS_GROUP), to=SUPERGROUP)
    await summary_text(small, "week", None, send=True)

    (group,) = await _all(house, chat_link)
    assert before == []
    assert (group.purpose, house.vault.unseal(group.sealed)) == ("advisors", SUPERGROUP)
    assert [group.id] == [to for to, _ in await _queued(house)]


async def test_by_hand_the_group_of_the_settings_is_found_before_the_service_ever_ran(
    house: House, tmp_path: Path
) -> None:
    """Who tries `koppi summary --send` first of all must see it arrive."""
    small = a_house(house.store, house.vault, house.clock, tmp_path, advisor_chat=ADVISORS_GROUP)
    await summary_text(small, "week", None, send=True)

    assert [group.id for group in await _all(house, chat_link)] == [to for to, _ in await _queued(house)]


async def test_with_a_coordinators_chat_the_advisors_group_is_spared(house: House, tmp_path: Path) -> None:
    """Figures are for who answers for the service; the group is for the questions."""
    coordinator = await _link(house, VAINO_CHAT)
    town = a_house(house.store, house.vault, house.clock, tmp_path, advisor_chat=ADVISORS_GROUP)
    await announce.link_group(town)

    await send_due(town)

    assert [coordinator] == [to for to, _ in await _queued(house)]


async def test_without_telegram_it_is_written_for_the_console_alone(house: House, tmp_path: Path) -> None:
    """A message that no channel can take would wait in the outbox for ever."""
    await _link(house, VAINO_CHAT)

    await send_due(a_house(house.store, house.vault, house.clock, tmp_path, token=False))

    assert await _runs(house) == [("week", LAST_WEEK, "console")]
    assert await _queued(house) == []


async def test_two_processes_at_once_send_it_once(house: House, database: str, tmp_path: Path) -> None:
    """Any number of processes may run side by side; a coordinator who reads two letters trusts neither."""
    chat = await _link(house, VAINO_CHAT)
    others = [Store.at(database) for _ in range(3)]
    houses = [a_house(store, house.vault, house.clock, tmp_path) for store in others]

    await asyncio.gather(*(send_due(each) for each in [house, *houses] for _ in range(2)))
    for store in others:
        await store.close()

    assert {("week", LAST_WEEK, "console"), ("week", LAST_WEEK, chat)} == set(await _runs(house))
    assert [chat] == [to for to, _ in await _queued(house)]


async def test_a_restart_sends_nothing_again(house: House, database: str, now: Now, tmp_path: Path) -> None:
    """A service that is started ten times on a Monday still writes one letter."""
    await _link(house, VAINO_CHAT)
    await send_due(house)
    before = await _queued(house)

    for _ in range(3):
        now.at += timedelta(minutes=1)
        restarted = Store.at(database)
        await send_due(a_house(restarted, house.vault, now, tmp_path))
        await restarted.close()

    assert before == await _queued(house)
    assert len(await _runs(house)) == 2


async def test_what_was_missed_while_the_service_was_down_is_made_up_at_the_start(house: House, now: Now) -> None:
    """The week's summary must not depend on the machine being awake on Monday at eight; old ones stay away."""
    await _link(house, VAINO_CHAT)
    now.at = MONDAY + timedelta(days=17, hours=5)

    await send_due(house)

    assert {("week", date(2026, 11, 30))} == {run[:2] for run in await _runs(house)}
    assert len(await _queued(house)) == 1


async def test_nothing_is_sent_before_its_hour(house: House, now: Now) -> None:
    """At five to eight the last hours of Sunday are in, but nobody wants to be woken for them."""
    now.at = MONDAY - timedelta(minutes=5)

    await send_due(house)

    assert await _runs(house) == []


async def test_the_terminal_prints_what_the_coordinator_reads(house: House) -> None:
    """Two texts of one week would make people doubt both."""
    await _link(house, VAINO_CHAT)
    await send_due(house)

    printed = await summary_text(house, "week", None, send=False)

    ((_, sent),) = await _queued(house)
    assert sent.replace("**", "").replace("\\", "") == printed


async def test_sending_by_hand_takes_the_same_road_and_doubles_nothing(house: House) -> None:
    """`koppi summary --send` after the scheduled one, before it, or twice: each reader gets one."""
    chat = await _link(house, VAINO_CHAT)

    for _ in range(2):
        await summary_text(house, "week", date(2026, 11, 19), send=True)
    await send_due(house)
    await summary_text(house, "month", None, send=True)

    assert [("week", LAST_WEEK, "console"), ("week", LAST_WEEK, chat)] == [
        run for run in await _runs(house) if run[0] == "week"
    ]
    assert [chat, chat] == [to for to, _ in await _queued(house)]  # the week, and the month


async def test_who_leaves_while_it_is_being_written_gets_nothing(house: House) -> None:
    """The text takes a moment; a message to a chat that is unlinked meanwhile would fail for everybody to see."""
    await _link(house, VAINO_CHAT)
    due_now = await send._due(house)
    async with house.store.write() as tx:
        await tx.execute(chat_link.delete())

    for span, who in due_now.items():
        await send._send(house, span, who)

    assert await _queued(house) == []
    assert await _runs(house) == [("week", LAST_WEEK, "console")]


async def test_by_hand_it_reaches_who_was_linked_too_late(house: House) -> None:
    """A coordinator who links their chat on Tuesday can still be sent Monday's."""
    await send_due(house)
    chat = await _link(house, VAINO_CHAT, MONDAY + timedelta(minutes=1))
    await send_due(house)
    nothing_yet = await _queued(house)

    await summary_text(house, "week", None, send=True)

    assert nothing_yet == []
    assert [chat] == [to for to, _ in await _queued(house)]


async def test_a_period_that_still_runs_can_be_read_but_not_sent(house: House) -> None:
    """What is sent stands: half a week, once sent, would keep the whole one from going out."""
    assert "jakso on vielä kesken" in await summary_text(house, "week", date(2026, 11, 23), send=False)

    with pytest.raises(NotOver):
        await summary_text(house, "week", date(2026, 11, 23), send=True)
    assert await _runs(house) == []


async def test_a_process_that_dies_while_sending_has_sent_nothing(house: House, now: Now, tmp_path: Path) -> None:
    """Half a summary, written for the console but sent to nobody, would be lost for good."""
    await _link(house, VAINO_CHAT)
    looks = iter([MONDAY] * 4)  # enough to get as far as the console's row

    def dying_clock() -> datetime:
        for at in looks:
            return at
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await send_due(a_house(house.store, house.vault, dying_clock, tmp_path))
    assert (await _runs(house), await _queued(house)) == ([], [])
    await send_due(house)

    assert len(await _runs(house)) == 2


async def test_a_new_service_sends_nothing_of_the_time_before_it(
    store: Store, vault: Vault, now: Now, tmp_path: Path
) -> None:
    """The first letter comes after the first week, not with the first start."""
    house = a_house(store, vault, now, tmp_path)
    await send_due(house)
    await _someone_asks(house, MONDAY + timedelta(hours=1))
    await send_due(house)

    assert await _runs(house) == []
    assert time(8) == now.at.astimezone(house.hours.zone).time()
