"""The advisors' groups hear of each waiting question, once, and read none of the asker's words."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from admin import announce
from admin.house import House
from bot.advising import Desk
from bot.store import chat_links, conversations, erasure, tickets
from bot.store.engine import Store
from bot.store.schema import notice, outbox
from bot.vault import Vault
from tests.admin.a_house import a_house
from tests.support.clock import Clock
from tests.support.long_queue import stand_in_line
from tests.support.people import ADVISORS_GROUP, employ

SECRET_WORDS = "vuokrat rästissä kolme kuukautta"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the small FAQ's index is kept between the tests of this file."""
    return tmp_path_factory.mktemp("announce") / "cache"


@pytest.fixture
async def house(store: Store, vault: Vault, clock: Clock, tmp_path: Path, cache: Path) -> House:
    """A house with the advisors' group linked, and its FAQ loaded."""
    house = await _opened(store, vault, clock, tmp_path, cache)
    await announce.link_group(house)
    return house


async def _opened(store: Store, vault: Vault, clock: Clock, data_dir: Path, cache: Path) -> House:
    house = a_house(store, vault, clock, data_dir, cache=cache, advisor_chat=ADVISORS_GROUP)
    await house.bookshelf.refresh()
    return house


async def _ticket(house: House, number: int = 1, *, topic: str | None = "asumistuki", urgent: bool = False) -> str:
    """Somebody sends a question to a person; the ticket's id."""
    now = house.clock()
    async with house.store.write() as tx:
        talk = await conversations.begin(
            tx, house.vault, channel="web", lookup=f"{number:032d}", address_text="a", language="fi", now=now
        )
        question = await conversations.add_message(tx, talk.id, "asker", SECRET_WORDS, now)
        return await tickets.open_ticket(
            tx,
            conversation_id=talk.id,
            role="sosiaaliohjaaja",
            question_id=question,
            topic=topic,
            urgent=urgent,
            promised_at=now + timedelta(hours=4),
            now=now,
        )


async def _posts(house: House) -> list[str]:
    async with house.store.read() as read:
        joined = select(notice.c.text).join(outbox, outbox.c.notice_id == notice.c.id).order_by(outbox.c.id)
        return [row.text for row in await read.execute(joined)]


async def _alias(house: House, ticket_id: str) -> str:
    async with house.store.read() as read:
        row = await tickets.get(read, ticket_id)
    assert row is not None
    return row.alias


async def test_a_new_ticket_is_announced_by_alias_topic_role_promise_and_link(house: House) -> None:
    """An advisor on the move sees at a glance whether it is theirs and how long there is."""
    ticket_id = await _ticket(house)

    await announce.announce(house)

    (post,) = await _posts(house)
    assert post.replace("\\", "").splitlines() == [
        f"**Uusi kysymys: {await _alias(house, ticket_id)}**",
        "Aihe: Miten haen asumistukea?",
        "Sosiaaliohjaajalle, vastaus luvattu tänään klo 14",
        f"http://localhost:8080/console/tickets/{ticket_id}",
    ]


async def test_an_urgent_ticket_says_so_in_words(house: House) -> None:
    """A mark by colour or sign alone is missed on a lock screen and by a screen reader."""
    await _ticket(house, urgent=True)

    await announce.announce(house)

    assert (await _posts(house))[0].startswith("**Kiireellinen. Uusi kysymys: ")


@pytest.mark.parametrize("topic", [None, "an-entry-that-is-gone"])
async def test_a_ticket_without_a_known_topic_is_announced_too(house: House, topic: str | None) -> None:
    """The questions the bot knows least about need a person most."""
    await _ticket(house, topic=topic)

    await announce.announce(house)

    assert "Aihe: botti ei tunnistanut aihetta" in (await _posts(house))[0]


async def test_a_post_never_quotes_the_asker(house: House) -> None:
    """The group is on Telegram and on private phones: the words stay in the console."""
    await _ticket(house)

    await announce.announce(house)

    assert not any(word in post for post in await _posts(house) for word in SECRET_WORDS.split())


async def test_looking_again_announces_nothing_twice(house: House, database: str, tmp_path: Path, cache: Path) -> None:
    """Not within a process, not in several at once, not after a restart."""
    for number in range(5):
        await _ticket(house, number)
    stores = [Store.at(database) for _ in range(3)]
    others = [await _opened(store, house.vault, Clock(), tmp_path, cache) for store in stores]

    await asyncio.gather(*(announce.announce(each) for each in [house, *others] for _ in range(3)))
    for store in stores:
        await store.close()

    assert len(await _posts(house)) == 5
    async with house.store.read() as read:  # and none was written only to be thrown away
        assert len((await read.execute(select(notice.c.id))).all()) == 5


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_question_at_the_end_of_a_long_queue_is_announced_too(house: House) -> None:
    """A group must hear of each one, also where hundreds that somebody has taken are promised before it."""
    vaino, _ = await employ(house.store)
    await stand_in_line(house.store, house.clock(), role="sosiaaliohjaaja", account_id=vaino.id)
    await _ticket(house)
    await announce.announce(house)

    assert len(await _posts(house)) == 1


async def test_every_linked_group_is_told(house: House) -> None:
    """Social and employment advisors may have a group each."""
    async with house.store.write() as tx:
        await chat_links.link(tx, house.vault, purpose="advisors", address="-77", now=house.clock())
        await chat_links.link(tx, house.vault, purpose="coordinator", address="78", now=house.clock())
    await _ticket(house)

    assert await announce.announce(house) == 2


async def test_a_start_makes_up_for_what_still_waits_and_for_nothing_else(house: House) -> None:
    """Posts about questions that somebody has taken or closed meanwhile would only send people running."""
    vaino, _ = await employ(house.store)
    desk = Desk(house.store, house.hours)
    waiting, taken, closed = [await _ticket(house, number) for number in range(3)]
    await desk.claim(vaino, taken, house.clock())
    await desk.close(vaino, closed, "answered", house.clock())

    await announce.announce(house)

    (post,) = [post for post in await _posts(house) if "kysymys" in post and "console" in post]
    assert waiting in post


async def test_a_ticket_that_turns_urgent_is_announced_again(house: House) -> None:
    """Danger that shows only in the second message must not wait behind the first post."""
    ticket_id = await _ticket(house)
    await announce.announce(house)
    async with house.store.write() as tx:
        await tickets.joined(tx, ticket_id, urgent=True)

    await announce.announce(house)

    assert [post.split()[0] for post in await _posts(house)] == ["**Uusi", "**Kiireellinen."]


async def test_a_ticket_that_is_opened_again_is_announced_again(house: House) -> None:
    """The asker pressed "Jatka" and was promised an answer: somebody must hear of it."""
    vaino, _ = await employ(house.store)
    desk = Desk(house.store, house.hours)
    ticket_id = await _ticket(house)
    await announce.announce(house)
    await desk.reply(vaino, ticket_id, "Moi!", "a key", house.clock())
    await desk.close(vaino, ticket_id, "answered", house.clock())
    async with house.store.write() as tx:
        await tickets.reopen(tx, ticket_id, house.clock() + timedelta(days=1), house.clock())

    await announce.announce(house)

    assert [post.split()[0] for post in await _posts(house)] == ["**Uusi", "**Kysymys"]


async def test_the_posts_about_an_asker_are_erased_with_them(house: House) -> None:
    """An alias beside a topic is still about somebody who wanted to be forgotten."""
    gone, stays = [await _ticket(house, number) for number in range(2)]
    await announce.announce(house)
    async with house.store.write() as tx:
        row = await tickets.get(tx.connection, gone)
        assert row is not None
        await erasure.erase(tx, row.conversation_id)

    (post,) = await _posts(house)
    assert stays in post


async def test_a_question_is_announced_as_soon_as_it_is_sent(house: House) -> None:
    """The advisors hear of it within a second, not at the next look."""
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(announce.watch(house))
        with house.store.hub.subscribe("outbox") as news:
            await _ticket(house, 1)
            assert await news.wait(1.0)  # the first look may only just have begun; the second ticket needs another
            ticket_id = await _ticket(house, 2)
            assert await news.wait(1.0)
        house.store.hub.stop()

    assert ticket_id in (await _posts(house))[1]


async def test_without_telegram_nothing_is_queued(store: Store, vault: Vault, clock: Clock, tmp_path: Path) -> None:
    """Posts that no channel can take would wait in the outbox for ever, and fail `koppi check`."""
    house = a_house(store, vault, clock, tmp_path, token=False, advisor_chat=ADVISORS_GROUP)
    await _ticket(house)

    await announce.watch(house)

    assert await _posts(house) == []
