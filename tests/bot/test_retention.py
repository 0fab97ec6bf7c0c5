"""Nothing is kept longer than askers are told, on both databases; and nothing goes that is still needed."""

import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, update

from admin import invariants
from bot.profile import Retention
from bot.store import (
    audit,
    chat_links,
    conversations,
    engine,
    group_messages,
    inbox,
    outbox,
    retention,
    schema,
    sessions,
    tickets,
)
from bot.store.engine import Store
from bot.store.schema import metadata
from bot.vault import Vault
from tests.support import people
from tests.support.clock import A_TUESDAY_MORNING as NOW
from tests.support.koppi import Koppi

HELSINKI = ZoneInfo("Europe/Helsinki")
KEPT = Retention()
DAY = timedelta(days=1)
MARKER = "xqmarkkerix"
SEED_THAT_LEAVES_BYTES = 9  # found by trying: with secure_delete alone one deleted text stays in the file


async def count(store: Store, table: Any) -> int:
    """How many rows there are."""
    async with store.read() as read:
        return (await read.execute(select(func.count()).select_from(table))).scalar_one()


async def counts(store: Store) -> dict[str, int]:
    """The tables that are not empty, but for those that hold only counters."""
    found = {table.name: await count(store, table) for table in metadata.sorted_tables}
    return {name: rows for name, rows in found.items() if rows and name not in ("revision_counter", "lease")}


async def ask(
    store: Store,
    vault: Vault,
    at: datetime,
    *,
    chat: int = people.AINO,
    closed_at: datetime | None = None,
    with_ticket: bool = True,
) -> str:
    """A question asked and answered by the bot at *at*, and passed on; returns the ticket's id, or ""."""
    lookup = vault.lookup("telegram", str(chat))
    async with store.write() as tx:
        await inbox.receive(tx, vault, channel="telegram", key=f"{chat}-{at}", sender=lookup, body="{}", now=at)
        (item,) = [item for item in await inbox.ready(tx.connection, at) if item.sender == lookup]
        talk = await conversations.find(tx.connection, channel="telegram", lookup=lookup)
        talk = talk or await people.meet(tx, vault, chat, at)
        question = await conversations.add_message(
            tx, talk.id, "asker", f"mun {MARKER} loppu", at, verdict={"hits": []}
        )
        reply = await conversations.add_message(tx, talk.id, "bot", "Lähetin.", at, question_id=question)
        await outbox.add_message(
            tx,
            key=f"inbox:{item.id}:0",
            message_id=reply,
            conversation_id=talk.id,
            channel="telegram",
            now=at,
            inbox_id=item.id,
            ordinal=0,
        )
        await inbox.done(tx, item, kind="sent", replies=1, now=at)
        await conversations.save(tx, talk, at)
        (leased,) = await outbox.lease(tx, at, channels=["telegram"], limit=1)
        await outbox.sent(tx, leased, "4711", at)
        if not with_ticket:
            return ""
        ticket_id = await tickets.open_ticket(
            tx,
            conversation_id=talk.id,
            role="tyovoimaneuvoja",
            question_id=question,
            topic="cv",
            urgent=False,
            promised_at=at,
            now=at,
        )
        await conversations.add_message(tx, talk.id, "note", f"soitin {MARKER}", at, ticket_id=ticket_id)
        if closed_at:
            await tx.execute(
                update(schema.ticket)
                .where(schema.ticket.c.id == ticket_id)
                .values(closed_at=closed_at, outcome="answered")
            )
    return ticket_id


async def forget(store: Store, now: datetime = NOW) -> dict[str, int]:
    """One night's deleting."""
    return await retention.forget(store, KEPT, now)


# --- each thing in its time -----------------------------------------------------------------------------------


async def test_an_address_goes_a_month_after_the_question_was_closed_and_the_thread_stays_for_its_advisors(
    store: Store, vault: Vault
) -> None:
    """Who asked can't be found any more; what was answered can still be followed up."""
    ticket_id = await ask(store, vault, NOW - 60 * DAY, closed_at=NOW - 30 * DAY)

    await forget(store)

    async with store.read() as read:
        ticket = await tickets.get(read, ticket_id)
        thread = await tickets.thread(read, ticket_id)
        (state,) = (await read.execute(select(schema.conversation.c.state))).scalars()
    assert ticket is not None
    assert not ticket.is_reachable
    assert [message.author for message in thread] == ["asker", "note"]
    assert await count(store, schema.address) == 0
    assert state == {}


@pytest.mark.parametrize(("closed", "seen", "stays"), [(28, 60, True), (60, 28, True), (31, 31, False)])
async def test_an_address_stays_as_long_as_the_later_of_closing_and_writing_asks_for(
    store: Store, vault: Vault, closed: int, seen: int, stays: bool
) -> None:
    """Somebody who is still around must be found again by their next message."""
    await ask(store, vault, NOW - 70 * DAY, closed_at=NOW - closed * DAY)
    async with store.write() as tx:
        await tx.execute(update(schema.asker).values(last_seen_at=NOW - seen * DAY))

    await forget(store)

    assert await count(store, schema.address) == int(stays)


@pytest.mark.parametrize("why", ["an open ticket", "a reply under way", "a message not handled yet"])
async def test_an_address_stays_while_anything_is_still_to_come(store: Store, vault: Vault, why: str) -> None:
    """An answer that was promised must arrive, however long it took."""
    ticket_id = await ask(store, vault, NOW - 100 * DAY, closed_at=NOW - 80 * DAY)
    lookup = vault.lookup("telegram", str(people.AINO))
    async with store.write() as tx:
        talk = await conversations.find(tx.connection, channel="telegram", lookup=lookup)
        assert talk is not None
        if why == "an open ticket":
            await tickets.reopen(tx, ticket_id, NOW, NOW)
        elif why == "a reply under way":
            text_id = await conversations.add_message(tx, talk.id, "advisor", "Hei!", NOW - 100 * DAY)
            await outbox.add_message(
                tx, key="r", message_id=text_id, conversation_id=talk.id, channel="telegram", now=NOW
            )
        else:
            await inbox.receive(tx, vault, channel="telegram", key="2", sender=lookup, body="{}", now=NOW)

    await forget(store)

    assert await count(store, schema.address) == 1
    if why == "a reply under way":
        async with store.write() as tx:
            (item,) = await outbox.lease(tx, NOW, channels=["telegram"], limit=1)
        assert item.text == "Hei!"
        assert item.sealed_address is not None


@pytest.mark.parametrize(("closed", "stays"), [(88, True), (90, False)])
async def test_the_texts_of_a_question_go_ninety_days_after_it_was_closed(
    store: Store, vault: Vault, closed: int, stays: bool
) -> None:
    """The advisors' notes among them; that there was a question stays, without a word of it."""
    ticket_id = await ask(store, vault, NOW - 120 * DAY, closed_at=NOW - closed * DAY)

    await forget(store)

    async with store.read() as read:
        thread = await tickets.thread(read, ticket_id)
        ticket = await tickets.get(read, ticket_id)
    assert bool(thread) is stays
    assert ticket is not None
    assert bool(ticket.question) is stays
    assert await invariants.violations(store, NOW) == []


@pytest.mark.parametrize(("seen", "stays"), [(88, True), (90, False)])
async def test_what_was_said_to_the_bot_alone_goes_ninety_days_after_the_last_visit(
    store: Store, vault: Vault, seen: int, stays: bool
) -> None:
    """Nobody needs it then; while somebody keeps coming back, the thread is theirs to read."""
    await ask(store, vault, NOW - 110 * DAY, with_ticket=False)
    await ask(store, vault, NOW - seen * DAY, with_ticket=False)

    await forget(store)

    assert await count(store, schema.message) == (4 if stays else 0)


async def test_no_text_grows_older_than_half_a_year_even_in_an_open_question(store: Store, vault: Vault) -> None:
    """The longest time is promised without exception; the question itself stays open, for somebody to look at it."""
    ticket_id = await ask(store, vault, NOW - 180 * DAY)
    await ask(store, vault, NOW - 10 * DAY, with_ticket=False)

    await forget(store)

    async with store.read() as read:
        ticket = await tickets.get(read, ticket_id)
        assert await tickets.thread(read, ticket_id) == []
    assert ticket is not None
    assert ticket.closed_at is None
    assert ticket.is_reachable
    assert await count(store, schema.message) == 2
    assert await invariants.violations(store, NOW) == []


async def test_in_the_end_nothing_of_somebody_is_left_but_counts(store: Store, vault: Vault) -> None:
    """Not even the alias: what refers to nobody is not theirs any more."""
    await ask(store, vault, NOW - 180 * DAY, closed_at=NOW - 180 * DAY)
    async with store.write() as tx:
        await tx.execute(insert(schema.notice).values(text="Uusi kysymys: Kettu 1", created_at=NOW - 180 * DAY))
        await inbox.set_aside(tx, channel="web", key="9", sender="s", sealed=b"?", reason="not JSON", now=NOW - 8 * DAY)

    assert await retention.overdue(store, KEPT, NOW) != []
    await forget(store)

    assert await counts(store) == {}


async def test_log_ins_attempts_and_codes_go_when_they_are_over(store: Store, vault: Vault) -> None:
    """A list of who logged in from where is worth nothing to us, and something to a thief."""
    vaino, _sulo = await people.employ(store)
    async with store.write() as tx:
        for age in (timedelta(minutes=5), 3 * DAY):
            await tx.execute(
                insert(schema.session).values(
                    token_hash=str(age), account_id=vaino.id, form_token="f", created_at=NOW - age, seen_at=NOW - age
                )
            )
            await tx.execute(insert(schema.login_attempt).values(subject="s", attempted_at=NOW - age))
            await tx.execute(
                insert(schema.link_code).values(code_hash=str(age), purpose="advisors", expires_at=NOW - age)
            )
    assert timedelta(minutes=5) < sessions.IDLE

    await forget(store)

    assert await counts(store) == {"account": 2, "session": 1, "login_attempt": 1, "link_code": 1}


async def test_a_post_about_a_question_that_is_there_stays_known_or_it_would_be_posted_again(
    store: Store, vault: Vault
) -> None:
    """Its key is what tells that the group knows, and its id in the group is needed to remove it from there."""
    ticket_id = await ask(store, vault, NOW - 40 * DAY)
    async with store.write() as tx:
        group = await chat_links.link(tx, vault, purpose="advisors", address="-1", now=NOW - 40 * DAY)
        for key, about, external_id in (("waits", ticket_id, "1"), ("stands", None, "2"), ("never sent", None, None)):
            post_id = await group_messages.add(
                tx,
                key=key,
                kind="post",
                chat_link_id=group,
                ticket_id=about,  # type: ignore[arg-type]
                external_id=external_id,
                now=NOW - 40 * DAY,
            )
            await outbox.add_notice(
                tx, key=key, text="Uusi", chat_link_id=group, group_message_id=post_id, now=NOW - 40 * DAY
            )
        await tx.execute(
            update(schema.outbox)
            .where(schema.outbox.c.notice_id.is_not(None))
            .values(state="failed", reason="x", finished_at=NOW - 40 * DAY)
        )

    await forget(store)

    async with store.read() as read:
        assert await group_messages.there(read, {"waits", "stands", "never sent"}) == {"waits", "stands"}
    assert "notice" not in await counts(store)


async def test_what_was_received_and_never_handled_is_put_aside_before_a_day_is_over(
    store: Store, vault: Vault
) -> None:
    """Its bytes are sealed and yet the asker's; in quarantine they are seen, and gone within the week."""
    async with store.write() as tx:
        for key, age in (("old", 23), ("new", 22)):
            at = NOW - timedelta(hours=age)
            await inbox.receive(tx, vault, channel="web", key=key, sender=key, body=MARKER, now=at)

    assert await retention.set_aside_unhandled(store, NOW) == 1
    assert await retention.overdue(store, KEPT, NOW + timedelta(hours=1)) == []

    async with store.read() as read:
        assert (await read.execute(select(schema.quarantine.c.key))).scalars().all() == ["old"]
        assert [item.key for item in await inbox.ready(read, NOW)] == ["new"]
    await forget(store, NOW + 7 * DAY)

    assert await count(store, schema.quarantine) == 0
    assert "quarantined" not in str(await invariants.violations(store, NOW + 7 * DAY))


async def test_the_oldest_lines_of_the_audit_log_go_and_the_rest_is_still_proven_whole(store: Store) -> None:
    """Two years on nobody may ask who looked; that no other line was taken out must still show."""
    for age in (900, 800, 740, 10, 5):
        async with store.write() as tx:
            await audit.record(tx, "a" * 32, "view", "b" * 32, NOW - age * DAY)

    await forget(store)

    async with store.read() as read:
        acts = (await read.execute(select(schema.audit.c.act).order_by(schema.audit.c.id))).scalars().all()
        assert await audit.broken_at(read) is None
    assert acts == ["view", "view", audit.FORGOT]
    async with store.write() as tx:
        await tx.execute(delete(schema.audit).where(schema.audit.c.id == 4))
    async with store.read() as read:
        assert await audit.broken_at(read) == 5


# --- no promise is broken between two nights ------------------------------------------------------------------


async def test_night_after_night_nothing_is_ever_kept_too_long_and_no_invariant_breaks(
    store: Store, vault: Vault
) -> None:
    """The job deletes a night ahead: at the end of the longest night all is still in its time."""
    begun = NOW - 200 * DAY
    for number, age in enumerate((0, 3, 50, 51)):
        at = begun + age * DAY
        await ask(store, vault, at, chat=10 + number, closed_at=at + 2 * DAY if number % 2 else None)
        async with store.write() as tx:
            await audit.record(tx, "a" * 32, "view", "b" * 32, at - 700 * DAY)
    left = []
    for days in range(52, 240, 20):
        now = begun + days * DAY
        await forget(store, now)
        left.append(sum((await counts(store)).values()))

        assert await retention.overdue(store, KEPT, now + timedelta(hours=25)) == []
        assert await invariants.violations(store, now) == []
    assert left == sorted(left, reverse=True)
    async with store.read() as read:
        assert len(await tickets.queue(read)) == 2  # open ones wait for a person, without a word in them


async def test_events_and_the_figures_they_make_stay_as_they_were(koppi: Koppi) -> None:
    """What a coordinator answers for must not shrink by night."""
    await koppi.asks("/start oulu")
    await koppi.sends_to_a_person("xyzzy plugh")
    await koppi.settles()
    async with koppi.store.read() as read:
        before = (await read.execute(select(schema.event).order_by(schema.event.c.id))).all()

    await forget(koppi.store, koppi.clock() + 400 * DAY)

    async with koppi.store.read() as read:
        after = (await read.execute(select(schema.event).order_by(schema.event.c.id))).all()
    assert len(before) > 2
    assert after == before


async def test_who_comes_back_after_the_address_is_gone_begins_anew(koppi: Koppi) -> None:
    """Nothing tells that it is them, old buttons say kindly that they are old, and the next question is answered."""
    ticket = await koppi.sends_to_a_person("xyzzy plugh")
    await koppi.desk.claim(koppi.vaino, ticket.id, koppi.later())
    await koppi.hears()
    await koppi.desk.close(koppi.vaino, ticket.id, "answered", koppi.later())
    await koppi.hears()
    await koppi.advance(31 * DAY)
    await forget(koppi.store, koppi.clock())

    await koppi.presses("Jatka")
    told = await koppi.hears()
    again = await koppi.asks("/tietoni")

    assert "ei ole enää voimassa" in told.text
    assert ticket.alias not in again.text
    assert await count(koppi.store, schema.asker) == 2
    async with koppi.store.read() as read:
        assert len(await tickets.thread(read, ticket.id)) == 1


# --- how it is done -------------------------------------------------------------------------------------------


async def test_each_transaction_takes_few_rows_and_others_write_between_them(
    store: Store, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An asker who writes at night waits for one of them at most."""
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(retention, "LOOKED_UP", 3)
    for chat in range(5):
        await ask(store, vault, NOW - 100 * DAY, chat=chat, with_ticket=False)
    sizes = []
    forget_some = retention._forget

    async def counting(*arguments: Any) -> int:
        sizes.append(len(arguments[2]))
        return await forget_some(*arguments)

    monkeypatch.setattr(retention, "_forget", counting)
    gone = await forget(store)

    assert gone == {"address": 5, "message": 10, "inbox": 5}
    assert max(sizes) == 2


async def test_who_writes_between_finding_and_deleting_is_not_forgotten(store: Store, vault: Vault) -> None:
    """Found overdue, back a moment later: the address must stay."""
    await ask(store, vault, NOW - 40 * DAY, with_ticket=False)
    rule = next(rule for rule in retention.rules(KEPT, NOW) if rule.key is schema.address.c.id)
    async with store.read() as read:
        found = (await read.execute(rule.overdue)).scalars().all()
    await ask(store, vault, NOW, with_ticket=False)
    async with store.write() as tx:
        gone = await retention._forget(tx, rule, found, NOW)

    assert (len(found), gone) == (1, 0)
    assert await count(store, schema.address) == 1


async def test_a_stopping_service_stops_deleting(store: Store, vault: Vault) -> None:
    """The rest goes another night; the stop must not wait for it."""
    await ask(store, vault, NOW - 100 * DAY)
    store.hub.stop()

    assert await forget(store) == {}


@given(st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)), st.integers(1, 1440))  # noqa: DTZ001 - made aware below
def test_each_local_date_has_one_night_and_no_moment_lies_more_than_a_night_after_one(
    moment: datetime, minutes: int
) -> None:
    """Also where the clocks skip half past three, or show it twice."""
    now = moment.replace(tzinfo=UTC)
    night = retention.night(now, HELSINKI)

    assert timedelta(0) <= now - night < timedelta(hours=25)
    assert retention.is_due(now, HELSINKI, None)
    assert not retention.is_due(now, HELSINKI, night)
    assert retention.is_due(now, HELSINKI, night - timedelta(minutes=minutes))


# --- everything is covered ------------------------------------------------------------------------------------


def test_every_table_is_emptied_by_a_rule_or_stays_for_a_reason() -> None:
    """A table that nobody has thought about would keep whatever is in it for ever."""
    emptied = {table.name for rule in retention.rules(KEPT, NOW) for table in rule.tables}

    assert emptied | set(retention.STAYS) == set(metadata.tables)
    assert not emptied & set(retention.STAYS)


# --- the proof by bytes ---------------------------------------------------------------------------------------


def bytes_of(folder: Path) -> bytes:
    """Every byte that the database has on the disk: the file, its write-ahead log, its index."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("koppi.sqlite3*")))


CONTACTS = "xqaino@example.org"


async def send_contacts(store: Store, ticket_id: str, at: datetime) -> None:
    """What the asker has written after "Lähetä numeroni"."""
    async with store.write() as tx:
        ticket = await tickets.get(tx.connection, ticket_id)
        assert ticket is not None
        seen: dict[str, object] = {"hits": [], "contacts": True}
        await conversations.add_message(
            tx, ticket.conversation_id, "asker", CONTACTS, at, verdict=seen, ticket_id=ticket_id
        )


async def test_after_its_time_a_text_is_in_no_byte_of_the_database(
    store: Store, vault: Vault, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Deleted is not gone until nobody can read it from the file; in PostgreSQL no row of any table has it."""
    for number in range(12):  # many enough for pages to split, and cells to move
        at = NOW - (60 + number) * DAY
        ticket_id = await ask(store, vault, at, chat=number, closed_at=at + DAY)
        await send_contacts(store, ticket_id, at)
    async with store.read() as read:
        marks = [MARKER.encode(), *(row for row in (await read.execute(select(schema.address.c.sealed))).scalars())]
        marks += [row.encode() for row in (await read.execute(select(schema.address.c.lookup))).scalars()]
    marks.append(CONTACTS.encode())
    if not store.is_shared:
        assert all(mark in bytes_of(tmp_path) for mark in marks)

    await forget(store, NOW + 200 * DAY)

    assert not any(mark in bytes_of(tmp_path) for mark in marks)
    for table in metadata.sorted_tables:
        async with store.read() as read:
            rows = str((await read.execute(select(table))).all())
        assert MARKER not in rows
        assert CONTACTS not in rows
        assert not any(str(mark) in rows for mark in marks)
    assert MARKER not in "".join(capfd.readouterr())


async def many_messages(store: Store, vault: Vault, seed: int) -> set[int]:
    """Four hundred messages of all lengths in random order of age; returns the numbers of those that must go."""
    chance = random.Random(seed)
    old = {number for number in range(400) if chance.random() < 0.6}
    rows = [
        {
            "author": "asker",
            "text": f"{MARKER}{number}x " + "s" * chance.randint(10, 1200),
            "buttons": [],
            "created_at": NOW - (200 if number in old else 1) * DAY,
        }
        for number in range(400)
    ]
    async with store.write() as tx:
        talk = await people.meet(tx, vault, now=NOW)
        for row in rows:
            row["conversation_id"] = talk.id
        await tx.execute(insert(schema.message), rows)
    return old


async def test_no_byte_is_left_in_the_unused_middle_of_a_page(store: Store, vault: Vault, tmp_path: Path) -> None:
    """SQLite overwrites what it deletes, but not the copies it has left where rows were moved from."""
    if store.is_shared:
        pytest.skip("PostgreSQL's files are its own")
    old = await many_messages(store, vault, SEED_THAT_LEAVES_BYTES)

    await forget(store)

    found = {int(number) for number in re.findall(rb"%b(\d+)x" % MARKER.encode(), bytes_of(tmp_path))}
    assert found == set(range(400)) - old


async def test_a_file_too_large_to_be_written_anew_is_still_folded(
    store: Store, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody may wait many seconds for their answer; the write-ahead log is emptied all the same."""
    if store.is_shared:
        pytest.skip("PostgreSQL's files are its own")
    monkeypatch.setattr(engine, "REWRITTEN_UP_TO", 0)
    await ask(store, vault, NOW - 200 * DAY, closed_at=NOW - 200 * DAY)

    await forget(store)

    assert MARKER.encode() not in bytes_of(tmp_path)
    assert (tmp_path / "koppi.sqlite3-wal").stat().st_size == 0
