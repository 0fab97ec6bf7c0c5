"""Searching the tickets' threads: what is found, and that nothing of an erased asker is left to find."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from bot import found
from bot.compounds import Vocabulary
from bot.store import conversations, erasure, schema, search, tickets
from bot.store.engine import Store
from bot.store.tickets import Choice
from bot.vault import Vault
from tests.support import people
from tests.support.clock import A_TUESDAY_MORNING as NOW

TITLES = {"asumistuki": "Miten haen asumistukea?", "cv": "Miten teen CV:n?"}


async def ask(store: Store, vault: Vault, chat: int, *texts: str, at: datetime = NOW, topic: str | None = None) -> str:
    """The id of a ticket whose asker has said these *texts*; it is indexed."""
    async with store.write() as tx:
        talk = await people.meet(tx, vault, chat, at)
        ids = [await conversations.add_message(tx, talk.id, "asker", text, at) for text in texts]
        ticket_id = await tickets.open_ticket(
            tx,
            conversation_id=talk.id,
            role="tyovoimaneuvoja",
            question_id=ids[0],
            topic=topic,
            urgent=False,
            promised_at=at + timedelta(hours=6),
            now=at,
        )
        for id_ in ids[1:]:
            await conversations.join_ticket(tx, id_, ticket_id)
    await search.catch_up(store, vault)
    return ticket_id


async def finds(store: Store, vault: Vault, query: str, choice: Choice | None = None) -> list[str]:
    """What a query finds, as the ids of the tickets."""
    async with store.read() as read:
        hits = await search.find(read, vault, found.read_query(query), choice or Choice(), NOW, TITLES)
    return [hit.ticket.id for hit in hits.hits]


# --- words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("asumistuki", "Mietin asumistuen hakemista"),
        ("ASUMISTUKEA", "asumistuki?"),
        ("tuki", "sainko tuen"),
        ("velka", "mulla on velan kanssa ongelma"),
        ("apu", "tarviin avun"),
        ("palkka", "palkan maksu"),
        ("työttömyys", "TYOTTOMYYDESTÄ"),
        ("toimeentulotuki", "toimentulotuki hylättiin"),
        ("cv", "mun CV:n teko"),
        ("te-toimisto", "TE-toimistoon"),
        ("eläke", "ela\u0308kkeelle"),
        ("1200 euroa", "vuokra on 1200€ eli euroja menee"),
    ],
)
def test_a_word_is_found_in_every_form_that_it_takes(query: str, text: str) -> None:
    """Finnish inflects at the end, people leave out dots, and a doubled letter is the commonest slip."""
    words = found.read_query(query)
    there = found.plain_words(text)

    assert words
    assert all(word.stands_in(there, near=False) for word in words)
    assert all(word.keys & found.keys(text) for word in words)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("asumistuki", "ausmistuki"),
        ("asumistuki", "asumis tuki"),
        ("palkka", "paklkaa ei tullu"),
        ("vuokra", "voukra"),
        ("työttömyysturva", "tyttömyysturva"),
        ("asumsituki", "asumistuki"),
        ("opintolaina", "opontolaina"),
    ],
)
def test_a_word_with_one_slip_is_found_as_near(query: str, text: str) -> None:
    """Also when the advisor is the one whose finger slipped."""
    (word,) = found.read_query(query)

    assert word.stands_in(found.plain_words(text), near=True)
    assert not word.stands_in(found.plain_words(text), near=False)
    assert word.near_keys & found.keys(text)


@pytest.mark.parametrize(("query", "text"), [("raha", "rauha"), ("asumistuki", "asumistodistus"), ("cv", "cvetok")])
def test_another_word_is_not_found(query: str, text: str) -> None:
    """Who gets everything finds nothing."""
    (word,) = found.read_query(query)

    assert not word.stands_in(found.plain_words(text), near=False)


def test_texts_are_read_as_each_of_their_words_is() -> None:
    """A search reads hundreds of texts of the same few words: they are compared once, and with the same result."""
    words = found.read_query("asumistuki palkka cv 1200")
    texts = [
        "asumistuen, palkaa",
        "ausmistuki ja CV:n teko",
        "palkka 1200€",
        "apvelka",
        "plakka 12000 paäkka",
        "",
        "¤ ab",
    ]
    seen: dict[bool, list[int]] = {}
    for near in (False, True):
        reading = found.Reading(words, near=near)
        seen[near] = [reading.of(text) for text in texts + texts][len(texts) :]
        one_by_one = [[word.stands_in(found.plain_words(text), near=near) for word in words] for text in texts]

        assert seen[near] == [sum(1 << place for place, is_there in enumerate(each) if is_there) for each in one_by_one]

    assert seen[False] == [0b0011, 0b0100, 0b1010, 0, 0b1000, 0, 0]
    assert seen[True] == [0b0011, 0b0101, 0b1010, 0, 0b1010, 0, 0]
    assert reading.all == 0b1111


def test_a_word_is_found_as_the_last_part_of_the_compounds_that_the_faq_knows() -> None:
    """Who searches for "tuki" means "asumistuki", too; "muistilappu" is no "apu", and "lomakkeella" not of Kela."""
    known = Vocabulary.of(
        ["Asumistuki, opintotuki", "kesätyö", "muistilappu lomakkeella", "otukset", "tuki apu työ kela"]
    )
    texts = [
        "hain asumistukea",
        "opintotuen takaisinperintä",
        "kesätöitä",
        "kesätyöhön",
        "muistilappu lomakkeella",
        "rintatuki",
    ]

    def found_by(query: str) -> list[str]:
        (word,) = (known.with_compounds(word) for word in found.read_query(query))
        seen = [text for text in texts if word.stands_in(found.plain_words(text), near=False)]
        assert all(word.keys & found.keys(text) for text in seen)
        return seen

    assert found_by("tuki") == ["hain asumistukea", "opintotuen takaisinperintä"]
    assert found_by("työ") == ["kesätyöhön"]
    assert found_by("apu") == found_by("kela") == []


def test_the_line_with_the_most_words_is_shown_and_no_more_of_it_than_fits() -> None:
    """The advisor sees at once why this one was found."""
    words = found.read_query("asumistuki hylättiin")
    texts = ["Moi", "a" * 500 + " asumistukea\n" + "x " * 200 + "asumistuki hylättiin, mitä nyt? " + "y " * 200]
    line = found.Reading(words, near=False).best_line(texts)

    assert line is not None
    assert line.pieces[1::2] == ("asumistuki", "hylättiin")
    assert line.pieces[0].startswith("…x")
    assert line.pieces[-1].endswith("y…")
    assert len("".join(line.pieces)) <= found.LINE + 2


@pytest.mark.parametrize("query", ["", "   ", "mitä ja on", "\x00", '"()*:^-+', "%_\\", "?" * 300, "🙂"])
def test_a_query_without_a_telling_word_asks_for_none(query: str) -> None:
    """No operators to trip over: whatever isn't a word is a gap between words."""
    assert found.read_query(query) == []


# --- the index --------------------------------------------------------------------------------------------------


async def test_a_ticket_is_found_by_its_thread_its_alias_and_its_topic(store: Store, vault: Vault) -> None:
    """All words have to be there, wherever they stand; latest first; misspelt ones after those that are not."""
    old = await ask(store, vault, 1, "Mistä asumistukea?", "Vuokra on 500 €", at=NOW - timedelta(days=3), topic="cv")
    new = await ask(store, vault, 2, "asumistuki hylättiin", at=NOW - timedelta(hours=20))
    slip = await ask(store, vault, 3, "asumsituki", at=NOW)
    about = await ask(store, vault, 4, "En tajua tätä", at=NOW - timedelta(days=2), topic="asumistuki")
    async with store.write() as tx:
        await tx.execute(update(schema.asker).values(alias="Siili 111"))
        await tx.execute(update(schema.ticket).where(schema.ticket.c.id == new).values(closed_at=NOW))
        ticket = await tickets.get(tx.connection, old)
        assert ticket is not None
        of_old = select(schema.conversation.c.asker_id).where(schema.conversation.c.id == ticket.conversation_id)
        await tx.execute(
            update(schema.asker)
            .where(schema.asker.c.id == of_old.scalar_subquery())
            .values(alias="Pöllö 482 (esimerkki)")
        )

    async def found_by(query: str, choice: Choice | None = None) -> list[str]:
        names = {old: "old", new: "new", slip: "slip", about: "about"}
        return [names[id_] for id_ in await finds(store, vault, query, choice)]

    assert await found_by("asumistuki") == ["new", "about", "old", "slip"]
    assert await found_by("asumistuki vuokra") == ["old"]
    assert await found_by("pöllö 482") == ["old"]
    assert await found_by("482 vuokra") == ["old"]
    assert await found_by("cv asumistuki") == ["old"]
    assert await found_by("siili") == ["slip", "new", "about"]
    assert await found_by("asumistuki", Choice(topic="asumistuki")) == ["about"]
    assert await found_by("asumistuki", Choice(age="over_day")) == ["about", "old"]
    assert await found_by("iguaani") == []


async def test_with_more_than_can_be_looked_at_an_old_one_is_still_found_by_its_rare_word(
    store: Store, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word that every thread has doesn't hide the one that is looked for."""
    monkeypatch.setattr(search, "SHOWN", 2)
    monkeypatch.setattr(search, "READ_AT_ONCE", 1)
    monkeypatch.setattr(search, "FIRST_STEP", 24 * 60 * 60)
    rare = await ask(store, vault, 1, "asumistuki ja iguaani", at=NOW - timedelta(days=30))
    for number in range(5):
        await ask(store, vault, 2 + number, "asumistuki", at=NOW - timedelta(days=number))
    async with store.read() as read:
        many = await search.find(read, vault, found.read_query("asumistuki"), Choice(), NOW, {})

    assert await finds(store, vault, "asumistuki iguaani") == [rare]
    assert len(many.hits) == 2
    assert many.is_cut


@pytest.mark.parametrize("read_through", [0, 10**6])
async def test_however_the_index_is_read_the_same_is_found(
    store: Store, vault: Vault, monkeypatch: pytest.MonkeyPatch, read_through: int
) -> None:
    """Where a word is rare the others are only looked up beside it: quicker, and nothing may be lost by it."""
    monkeypatch.setattr(search, "READ_THROUGH", read_through)
    monkeypatch.setattr(search, "ROWS", min(read_through, 1))
    both = [
        await ask(store, vault, chat, "iguaani", "työhön mukaan", at=NOW - timedelta(days=days))
        for chat, days in enumerate((0, 3, 40, 700), start=1)
    ]
    await ask(store, vault, 9, "työhön mukaan", at=NOW - timedelta(days=41))

    assert [await finds(store, vault, query) for query in ("iguaani työ", "työhön iguaanni")] == [both, both]


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
async def test_what_another_process_is_indexing_is_left_to_it(store: Store, vault: Vault) -> None:
    """Asking for the same rows again and again until the other is done would keep a processor and the database busy."""
    await ask(store, vault, 1, "soita mulle")
    async with store.write() as tx:
        await tx.execute(update(schema.message).values(indexed_as=None))
    async with store.write() as tx:
        await tx.execute(select(schema.message.c.id).with_for_update())
        async with asyncio.timeout(5):
            left = await search.catch_up(store, vault)

    assert (left, await search.catch_up(store, vault)) == (0, 1)


async def test_contact_details_are_neither_found_nor_shown(store: Store, vault: Vault) -> None:
    """They are for whoever has the question alone; a search would show them to everybody."""
    ticket_id = await ask(store, vault, 1, "soita mulle")
    async with store.write() as tx:
        ticket = await tickets.get(tx.connection, ticket_id)
        assert ticket is not None
        seen: dict[str, object] = {"contacts": True}
        await conversations.add_message(
            tx, ticket.conversation_id, "asker", "xqnumero 0401234567 soita", NOW, verdict=seen, ticket_id=ticket_id
        )
    indexed = await search.catch_up(store, vault)
    async with store.read() as read:
        (hit,) = (await search.find(read, vault, found.read_query("soita"), Choice(), NOW, {})).hits

    assert indexed == 1
    assert await finds(store, vault, "xqnumero") == []
    assert hit.line is not None
    assert "".join(hit.line.pieces) == "soita mulle"


async def test_the_words_of_an_erased_asker_are_gone_with_them(store: Store, vault: Vault, tmp_path: Path) -> None:
    """In the same transaction, from every byte of the database: the index never had a word of theirs."""
    words = [f"xqsana{number}kala" for number in range(300)]  # many enough for pages to split
    erased = await ask(store, vault, 1, *(" ".join(words[start : start + 10]) for start in range(0, 300, 10)))
    kept = await ask(store, vault, 2, "xqsana7kala")
    before = await finds(store, vault, "xqsana7kala")
    async with store.write() as tx:
        ticket = await tickets.get(tx.connection, erased)
        assert ticket is not None
        await erasure.erase(tx, ticket.conversation_id)
        left = (await tx.execute(select(func.count()).select_from(schema.message_word))).scalar_one()
    await store.rewrite()
    files = _bytes_of(tmp_path)

    assert sorted(before) == sorted([erased, kept])
    assert await finds(store, vault, "xqsana7kala") == [kept]
    assert await finds(store, vault, "xqsana8kala") == []
    assert left == len(search.rows_of(0, "xqsana7kala", NOW, vault))
    assert not any(word.encode() in files for word in words if word != "xqsana7kala")


async def test_the_index_holds_no_word_and_says_nothing_without_the_key(store: Store, vault: Vault) -> None:
    """What SQLite leaves of moved rows in its pages, and a stolen copy, tell nobody who wrote what."""
    await ask(store, vault, 1, "xqsalaisuus asumistuki")
    async with store.read() as read:
        rows = (await read.execute(select(schema.message_word))).all()

    assert rows
    assert all(type(value) is int for row in rows for value in row)
    assert not _keys(rows) & {row["key"] for row in search.rows_of(1, "xqsalaisuus asumistuki", NOW, Vault("other"))}


def _bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("koppi.sqlite3*"))


def _keys(rows: Sequence[object]) -> set[int]:
    return {row.key for row in rows}  # type: ignore[attr-defined]
