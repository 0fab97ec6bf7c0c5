"""The advisors' Telegram group: taking a question by its button, replying to its post, in step with the console."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from admin import announce
from admin.house import House
from bot import staff_wording, wording
from bot.bookshelf import Bookshelf
from bot.store import accounts, chat_links, conversations, erasure, schema, telegram_accounts, tickets
from bot.store.accounts import Account, Role
from bot.store.engine import Tx
from bot.store.tickets import TicketRow
from tests.support import run_folder
from tests.support import telegram_faults as faults
from tests.support.fake_telegram import Accepted
from tests.support.knowledge import FOLDER
from tests.support.koppi import TYPING, Koppi
from tests.support.people import ADVISORS_GROUP, AINO, LONG_AGO, PASSWORD_HASH, VAINO_CHAT

SAARA_CHAT, KAISA_CHAT, STRANGER = 2003, 2004, 2005
SUPERGROUP = -1_000_000_003_003
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing there depends on the database
QUESTION = "Saako iguaanin tuoda töihin?"
TAKE = staff_wording.BUTTON_TAKE


@dataclass
class Group:
    """The running bot, the posts' side of the house, and the people in the group."""

    koppi: Koppi
    house: House
    vaino: Account
    saara: Account

    async def settles(self) -> None:
        """Return once the group has been told all that there is to tell."""
        async with asyncio.timeout(10):
            await self.koppi.settles()
            while await announce.announce(self.house):
                await self.koppi.settles()

    async def asked(self) -> TicketRow:
        """Aino sends a question to a person, and the group has its post."""
        ticket = await self.koppi.sends_to_a_person(QUESTION)
        await self.settles()
        return ticket

    async def takes(self, by: int = VAINO_CHAT) -> str:
        """Somebody presses "Otan tämän"; what they are shown."""
        self.koppi.clock.advance(TYPING)
        await self.koppi.telegram.presses(ADVISORS_GROUP, TAKE, by)
        return await self.answer()

    async def answer(self) -> str:
        """What the last press was answered with."""
        await self.settles()
        return list(self.koppi.telegram.answered_queries.values())[-1]

    async def replies(self, text: str, by: int = VAINO_CHAT, **fields: Any) -> None:
        """Somebody answers the post."""
        self.koppi.clock.advance(TYPING)
        await self.koppi.telegram.replies(ADVISORS_GROUP, self.post.message_id, by, text, **fields)
        await self.settles()

    async def forgets(self) -> None:
        """Aino has everything about her erased."""
        await self.koppi.says("/unohda")
        await self.koppi.settles()
        await self.koppi.presses(wording.BUTTON_ERASE)
        await self.settles()

    @property
    def post(self) -> Accepted:
        """The first post as it stands now."""
        return self.koppi.telegram.shows(ADVISORS_GROUP)[0]

    @property
    def head(self) -> str:
        """Its first line without the alias."""
        return self.post.text.splitlines()[0].partition(":")[0]

    @property
    def words(self) -> list[Accepted]:
        """What the bot has said there besides."""
        return self.koppi.telegram.shows(ADVISORS_GROUP)[1:]

    async def ticket(self, ticket_id: str) -> TicketRow:
        """As it is now."""
        async with self.koppi.store.read() as read:
            row = await tickets.get(read, ticket_id)
        assert row is not None
        return row

    async def acts(self) -> list[str]:
        """What the audit log says was done, in order."""
        return [row.act for row in await self.koppi.rows(schema.audit)]

    def heard_by_aino(self) -> list[str]:
        """All that Aino's chat has got."""
        return [message.text for message in self.koppi.telegram.accepted[AINO]]


@pytest.fixture
async def group(koppi: Koppi, knowledge_cache: Path, tmp_path: Path) -> AsyncIterator[Group]:
    """Väinö, Saara and the coordinator Kaisa sit in the linked group; each is known in Telegram. A stranger is not."""
    shelf = Bookshelf(koppi.store, run_folder.link_copy(knowledge_cache, tmp_path / "cache"), folder=FOLDER)
    await shelf.refresh()
    house = House(
        koppi.settings, koppi.profile, koppi.hours, koppi.vault, koppi.store, shelf, koppi.channel, koppi.clock
    )
    staff: list[tuple[str, Role]] = [("Saara", "sosiaaliohjaaja"), ("Kaisa", "koordinaattori")]
    async with koppi.store.write() as tx:
        await chat_links.link(tx, koppi.vault, purpose="advisors", address=str(ADVISORS_GROUP), now=LONG_AGO)
        saara, kaisa = [
            await accounts.add(
                tx, name=name, role=role, password_hash=PASSWORD_HASH, must_change_password=False, now=LONG_AGO
            )
            for name, role in staff
        ]
        for account, chat in ((koppi.vaino, VAINO_CHAT), (saara, SAARA_CHAT), (kaisa, KAISA_CHAT)):
            await telegram_accounts.link(tx, koppi.vault, account_id=account.id, telegram_id=str(chat), now=LONG_AGO)
    koppi.telegram.meets(ADVISORS_GROUP)
    koppi.delivery._paces.clear()  # a second between two messages in a chat, really waited for
    return Group(koppi, house, koppi.vaino, saara)


# --- whose Telegram it is ---------------------------------------------------------------------------------------


async def test_ones_own_telegram_is_linked_by_a_code_sent_in_private(koppi: Koppi) -> None:
    """The group's buttons must know who presses; the Telegram id itself is kept nowhere."""
    async with koppi.store.write() as tx:
        code = await chat_links.make_own_code(tx, koppi.vaino.id, koppi.clock())
    await koppi.says(f"/liita {code}", VAINO_CHAT)
    told = await koppi.hears(VAINO_CHAT)
    await koppi.settles()
    async with koppi.store.read() as read:
        found = await telegram_accounts.find(read, koppi.vault, str(VAINO_CHAT))
    rows = [str(row) for table in schema.metadata.sorted_tables for row in await koppi.rows(table)]

    assert found is not None
    assert (found.id, told.text) == (koppi.vaino.id, staff_wording.OWN_LINKED.format(name="Väinö"))
    assert await koppi.rows(schema.conversation) == []
    assert not any(str(VAINO_CHAT) in row for row in rows)
    assert [(row.act, row.origin) for row in await koppi.rows(schema.audit)] == [("own telegram linked", "Telegram")]


async def test_a_code_works_once_and_only_the_newest(koppi: Koppi) -> None:
    """Who reads it later over somebody's shoulder gets nothing for it."""
    async with koppi.store.write() as tx:
        old, new = [await chat_links.make_own_code(tx, koppi.vaino.id, koppi.clock()) for _ in range(2)]
    heard = []
    for code, chat in ((old, VAINO_CHAT), (new, VAINO_CHAT), (new, STRANGER)):
        await koppi.says(f"/liita {code}", chat)
        heard.append((await koppi.hears(chat)).text)

    assert heard == [wording.LINK_FAILED, staff_wording.OWN_LINKED.format(name="Väinö"), wording.LINK_FAILED]


@ON_SQLITE
async def test_ones_own_code_is_worth_nothing_once_it_was_shown_in_a_group(group: Group) -> None:
    """A colleague, or whoever sits in the group, could be quicker and act under that name."""
    async with group.koppi.store.write() as tx:
        await telegram_accounts.unlink(tx, group.vaino.id)
        code = await chat_links.make_own_code(tx, group.vaino.id, group.koppi.clock())
    await group.koppi.says(f"/liita {code}", ADVISORS_GROUP)
    told = await group.koppi.hears(ADVISORS_GROUP)
    await group.koppi.says(f"/liita {code}", STRANGER)
    refused = await group.koppi.hears(STRANGER)

    assert (told.text, refused.text) == (staff_wording.OWN_CODE_SHOWN, wording.LINK_FAILED)


@ON_SQLITE
async def test_a_disabled_account_is_nobodys_telegram(group: Group) -> None:
    """Whoever has left must not take questions from their sofa."""
    await group.asked()
    async with group.koppi.store.write() as tx:
        await accounts.disable(tx, group.vaino.id, group.koppi.clock())

    assert await group.takes() == staff_wording.LINK_YOURSELF


async def test_linking_again_moves_the_link(koppi: Koppi) -> None:
    """One telephone is one person, and one person one telephone."""
    async with koppi.store.write() as tx:
        for account, chat in ((koppi.vaino, 1), (koppi.vaino, 2), (koppi.sulo, 2)):
            await telegram_accounts.link(tx, koppi.vault, account_id=account.id, telegram_id=str(chat), now=LONG_AGO)
    async with koppi.store.read() as read:
        since = [await telegram_accounts.linked_at(read, account.id) for account in (koppi.vaino, koppi.sulo)]

    assert since == [None, LONG_AGO]


# --- the button ---------------------------------------------------------------------------------------------------


async def test_a_question_is_taken_by_its_button_and_the_post_says_by_whom(group: Group) -> None:
    """Two minutes on the tram: one tap, and no colleague starts on the same question."""
    ticket = await group.asked()
    before = group.post

    shown = await group.takes()

    assert (before.labels, group.post.labels) == ([TAKE], [])
    assert len(before.buttons[0].data.encode()) <= 64
    assert shown == staff_wording.TAKEN_NOW
    assert group.post.text.splitlines()[0] == f"Väinö hoitaa: {ticket.alias}"
    assert (await group.ticket(ticket.id)).account_id == group.vaino.id
    assert await group.acts() == ["claim"]
    assert any("Väinö" in text for text in group.heard_by_aino())
    assert len(group.koppi.telegram.accepted[ADVISORS_GROUP]) == 1


@ON_SQLITE
async def test_a_second_press_is_harmless(group: Group) -> None:
    """Telegram shows the button for a moment longer, and thumbs are quick."""
    await group.asked()
    button = group.post.buttons[0]
    await group.takes()
    version = (await group.koppi.rows(schema.ticket))[0].version
    shown = []
    for by in (VAINO_CHAT, SAARA_CHAT):
        await group.koppi.telegram.presses_data(ADVISORS_GROUP, button.data, group.post.message_id, by)
        shown.append(await group.answer())

    assert shown == [staff_wording.TAKEN_ALREADY, "Väinö hoitaa tätä."]
    assert await group.acts() == ["claim"]
    assert (await group.koppi.rows(schema.ticket))[0].version == version


@ON_SQLITE
async def test_who_may_not_take_a_question_is_told_why(group: Group) -> None:
    """Silence would look like a broken button."""
    ticket = await group.asked()

    assert await group.takes(STRANGER) == staff_wording.LINK_YOURSELF
    assert await group.takes(KAISA_CHAT) == staff_wording.ONLY_ADVISORS
    assert (await group.ticket(ticket.id)).account_id is None
    assert group.post.labels == [TAKE]


@ON_SQLITE
async def test_forged_data_and_buttons_of_other_groups_take_nothing(group: Group) -> None:
    """What a button means is looked up here, and in this very group: -77 is linked, too, and -78 isn't."""
    async with group.koppi.store.write() as tx:
        await chat_links.link(tx, group.koppi.vault, purpose="advisors", address="-77", now=group.koppi.clock())
    group.koppi.telegram.meets(-77)
    ticket = await group.asked()
    for data in ("take:999:0", "take:1:1", "send:1:0", "", "x" * 64):
        await group.koppi.telegram.presses_data(ADVISORS_GROUP, data, group.post.message_id, VAINO_CHAT)
    for other in (-77, -78):
        await group.koppi.telegram.presses_data(other, group.post.buttons[0].data, 1, VAINO_CHAT)
    await group.settles()

    assert list(group.koppi.telegram.answered_queries.values())[-7:] == [staff_wording.GONE] * 7
    assert (await group.ticket(ticket.id)).account_id is None


@ON_SQLITE
async def test_a_closed_question_is_not_taken(group: Group) -> None:
    """The post may not have been edited yet."""
    ticket = await group.asked()
    button = group.post.buttons[0]
    await group.koppi.desk.close(group.saara, ticket.id, "answered", group.koppi.later())
    await group.koppi.telegram.presses_data(ADVISORS_GROUP, button.data, group.post.message_id, VAINO_CHAT)

    assert await group.answer() == staff_wording.CLOSED_ALREADY


async def test_what_is_done_in_the_console_shows_in_the_group(group: Group) -> None:
    """One truth in two places: claimed, released, handed over, answered, closed, opened again."""
    koppi, desk = group.koppi, group.koppi.desk
    ticket = await group.asked()
    heads: list[tuple[str, list[str]]] = []

    async def look() -> None:
        await group.settles()
        heads.append((group.head, group.post.labels))

    await look()
    await desk.claim(group.vaino, ticket.id, koppi.later())
    await look()
    await desk.release(group.vaino, ticket.id, koppi.later())
    await look()
    version = (await group.ticket(ticket.id)).version
    await desk.hand_over(group.vaino, ticket.id, group.saara, "", version, koppi.later())
    await look()
    await desk.reply(group.saara, ticket.id, "Saa.", "a-key", koppi.later())
    await look()
    await desk.release(group.saara, ticket.id, koppi.later())
    await look()
    await desk.close(group.vaino, ticket.id, "answered", koppi.later())
    await look()

    assert heads == [
        ("Uusi kysymys", [TAKE]),
        ("Väinö hoitaa", []),
        ("Uusi kysymys", [TAKE]),
        ("Saara hoitaa", []),
        ("Saara on vastannut", []),
        ("Odottaa ottajaa", [TAKE]),
        ("Väinö on sulkenut", []),
    ]
    assert len(koppi.telegram.accepted[ADVISORS_GROUP]) == 1


@ON_SQLITE
async def test_only_the_newest_post_about_a_question_has_a_button(group: Group) -> None:
    """Danger in a later message brings a new post; the old one points down to it."""
    ticket = await group.asked()
    async with group.koppi.store.write() as tx:
        await tickets.joined(tx, ticket.id, urgent=True)
    await group.settles()
    shown = group.koppi.telegram.shows(ADVISORS_GROUP)

    assert [post.labels for post in shown] == [[], [TAKE]]
    assert shown[0].text == f"{staff_wording.POST_SUPERSEDED}: {ticket.alias}"
    assert shown[1].text.startswith("Kiireellinen. Uusi kysymys: ")


# --- replies ------------------------------------------------------------------------------------------------------


async def test_a_reply_to_the_post_reaches_the_asker_and_the_group_hears_so(group: Group) -> None:
    """Answered from the bus, with the truth about whether it arrived."""
    ticket = await group.asked()

    await group.replies("Saa, jos <työnantaja> suostuu & *lupaa*.")

    assert group.heard_by_aino()[-1] == "Työvoimaneuvoja Väinö\nSaa, jos <työnantaja> suostuu & *lupaa*."
    assert [word.text for word in group.words] == [staff_wording.REPLY_ARRIVED.format(alias=ticket.alias)]
    assert group.words[0].answers == group.post.message_id + 1  # Väinö's own message
    assert group.head == "Väinö on vastannut"
    assert await group.acts() == ["reply"]
    assert (await group.ticket(ticket.id)).account_id == group.vaino.id


@ON_SQLITE
async def test_who_answers_the_bots_word_below_the_post_answers_the_asker_too(group: Group) -> None:
    """People answer the message they have just read."""
    await group.asked()
    await group.replies("Saa.")
    await group.koppi.says("Kiitos, entä käärmeen?")
    await group.settles()
    more = group.words[-1]
    await group.koppi.telegram.replies(ADVISORS_GROUP, more.message_id, VAINO_CHAT, "Ei käärmettä.")
    await group.settles()

    assert more.text.splitlines()[0].endswith("kirjoitti lisää")
    assert more.answers == group.post.message_id
    assert group.heard_by_aino()[-1] == "Työvoimaneuvoja Väinö\nEi käärmettä."


@ON_SQLITE
async def test_a_reply_that_cannot_arrive_is_told(group: Group) -> None:
    """An advisor who believes it was read waits for an answer that never comes."""
    ticket = await group.asked()
    await group.koppi.telegram.blocks(AINO)
    await group.replies("Saa.")

    assert [word.text for word in group.words] == [staff_wording.REPLY_BLOCKED.format(alias=ticket.alias)]


async def test_two_advisors_cannot_answer_one_question(group: Group) -> None:
    """The second hears who has it, and Aino gets one answer."""
    await group.asked()
    await group.takes(SAARA_CHAT)
    before = group.heard_by_aino()
    await group.replies("Saa.")

    assert [word.text for word in group.words] == ["Saara hoitaa tätä. Viestiäsi ei välitetty."]
    assert group.heard_by_aino() == before
    assert await group.acts() == ["claim"]


@ON_SQLITE
async def test_what_is_not_passed_on_is_told_to_who_wrote_it(group: Group) -> None:
    """Kindly, below their own message, and Aino gets none of it."""
    picture = [{"file_id": "p", "file_unique_id": "u", "width": 9, "height": 9}]
    await group.asked()
    before, heard = group.heard_by_aino(), []
    for by, fields in (
        (STRANGER, {"text": "Saa."}),
        (KAISA_CHAT, {"text": "Saa."}),
        (VAINO_CHAT, {"text": "x" * 4001}),
        (VAINO_CHAT, {"photo": picture, "caption": "Saa."}),
        (VAINO_CHAT, {"a_field_of_next_year": {}}),
    ):
        await group.replies(**{"by": by, "text": "", **fields})  # type: ignore[arg-type]
        heard.append((group.words[-1].text, group.words[-1].message_id - (group.words[-1].answers or 0)))

    assert heard == [
        (staff_wording.NOT_SENT_STRANGER + staff_wording.LINK_YOURSELF, 1),
        (staff_wording.NOT_SENT_STRANGER + staff_wording.ONLY_ADVISORS, 1),
        (staff_wording.NOT_SENT_LONG, 1),
        (staff_wording.NOT_SENT_MEDIA, 1),
        (staff_wording.NOT_SENT_MEDIA, 1),
    ]
    assert group.heard_by_aino() == before


@ON_SQLITE
async def test_an_edited_reply_is_not_sent_again(group: Group) -> None:
    """What was sent can't be changed at the asker's; who edits must know it."""
    await group.asked()
    await group.replies("Saa.")
    await group.koppi.telegram.edits(ADVISORS_GROUP, "Ei saa.")
    await group.settles()

    assert group.words[-1].text == staff_wording.NOT_SENT_EDIT
    assert not any("Ei saa." in text for text in group.heard_by_aino())


@ON_SQLITE
async def test_a_reply_to_a_closed_question_is_not_sent(group: Group) -> None:
    """The asker was told that it is over; opening it again is a decision of its own."""
    ticket = await group.asked()
    await group.koppi.desk.close(group.saara, ticket.id, "answered", group.koppi.later())
    await group.settles()
    await group.replies("Saa.")

    assert group.words[-1].text == staff_wording.NOT_SENT_CLOSED


@ON_SQLITE
async def test_a_reply_in_a_group_that_is_not_linked_does_nothing(group: Group) -> None:
    """Anybody can add the bot to a group of theirs."""
    await group.asked()
    update = {"message_id": 3, "date": 1_790_000_000, "chat": {"id": -77, "type": "group", "title": "X"}}
    bot = {"id": 100200300, "is_bot": True, "first_name": "Koppi"}
    answered = {**update, "message_id": group.post.message_id, "from": bot, "text": "x"}
    person = {"id": VAINO_CHAT, "is_bot": False, "first_name": "X"}
    await group.koppi.telegram.brings(
        {"message": {**update, "from": person, "text": "Saa.", "reply_to_message": answered}}, chat=-77
    )
    before = group.heard_by_aino()
    await group.settles()

    assert group.heard_by_aino() == before
    assert group.words == []


# --- what the asker writes ----------------------------------------------------------------------------------------


async def test_more_from_the_asker_is_told_below_the_post_without_a_word_of_theirs(group: Group) -> None:
    """Whoever has taken it should look; Telegram need not know what was said."""
    ticket = await group.asked()
    await group.takes()
    await group.koppi.says("Salainen asia")
    await group.settles()

    (word,) = group.words
    assert word.text.splitlines()[0] == f"{ticket.alias} kirjoitti lisää"
    assert ticket.id in word.text
    assert word.answers == group.post.message_id
    assert not any("Salainen" in text or "iguaani" in text for text in group.koppi.telegram.sees(ADVISORS_GROUP))


@ON_SQLITE
async def test_lines_written_while_the_group_is_out_of_reach_are_told_of_once(group: Group) -> None:
    """Twenty messages a minute are all that Telegram lets into a group; but told they are, whatever else waits."""
    ticket = await group.asked()
    group.koppi.telegram.fails(faults.too_many_requests(60), chat=ADVISORS_GROUP)
    await group.replies("Saa.")
    for line in ("Kiitos!", "Entä", "käärme?"):
        await group.koppi.says(line)
        await group.settles()
    before = group.words
    await group.koppi.advance(TYPING * 30)
    await group.settles()

    assert before == []
    assert [word.text.splitlines()[0] for word in group.words] == [
        staff_wording.REPLY_ARRIVED.format(alias=ticket.alias),
        f"{ticket.alias} kirjoitti lisää",
    ]


@ON_SQLITE
async def test_texts_are_shown_where_the_owner_wants_it(group: Group) -> None:
    """Some groups answer on the move alone; the choice is the owner's, and it stands in `service.yaml`."""
    object.__setattr__(group.house, "profile", group.house.profile.model_copy(update={"texts_in_group": True}))
    await group.asked()
    await group.takes()
    await group.koppi.says("Entä *käärme*?")
    await group.settles()

    assert f"”{QUESTION}”" in group.post.text
    assert [word.text.splitlines()[1] for word in group.words] == ["”Entä *käärme*?”"]


@ON_SQLITE
async def test_how_to_reach_the_asker_is_never_shown_in_the_group(group: Group) -> None:
    """A number meant for the one advisor who answers stays in the console, whatever the owner allows."""
    object.__setattr__(group.house, "profile", group.house.profile.model_copy(update={"texts_in_group": True}))
    ticket = await group.asked()
    await group.takes()
    async with group.koppi.store.write() as tx:
        said = "Soita 040 123 4567 tai aino@esimerkki.fi"
        await conversations.add_message(
            tx, ticket.conversation_id, "asker", said, group.koppi.clock(), ticket_id=ticket.id
        )
        await tickets.joined(tx, ticket.id, urgent=False)
    await group.settles()

    assert "Soita" in group.words[-1].text
    assert not any(secret in group.words[-1].text for secret in ("4567", "aino@"))


# --- once, whatever happens ---------------------------------------------------------------------------------------


async def test_an_update_delivered_twice_has_one_effect(group: Group) -> None:
    """After a crash or a lost confirmation Telegram brings it again."""
    await group.asked()
    number = await group.koppi.telegram.replies(ADVISORS_GROUP, group.post.message_id, VAINO_CHAT, "Saa.")
    await group.settles()
    person = {"id": VAINO_CHAT, "is_bot": False, "first_name": "X"}
    bot = {"id": 100200300, "is_bot": True, "first_name": "Koppi"}
    chat = {"id": ADVISORS_GROUP, "type": "group", "title": "X"}
    answered = {"message_id": group.post.message_id, "date": 1_790_000_000, "chat": chat, "from": bot, "text": "x"}
    again = {**answered, "message_id": 2, "from": person, "text": "Saa.", "reply_to_message": answered}
    await group.koppi.telegram.brings({"update_id": number, "message": again}, chat=ADVISORS_GROUP)
    await group.settles()

    assert group.heard_by_aino().count("Työvoimaneuvoja Väinö\nSaa.") == 1
    assert len(group.words) == 1
    assert await group.acts() == ["reply"]


async def test_a_claim_whose_post_was_never_edited_shows_after_a_restart(group: Group) -> None:
    """Killed between the claim and the edit, or while the edit was under way: the next look makes up for it, once."""
    ticket = await group.asked()
    await group.koppi.desk.claim(group.vaino, ticket.id, group.koppi.later())  # and nobody looks: as if killed here
    before = group.head
    await group.settles()
    await group.settles()

    assert (before, group.head) == ("Uusi kysymys", "Väinö hoitaa")
    assert group.koppi.telegram.calls["editMessageText"] == 1


@ON_SQLITE
async def test_an_edit_that_arrived_unseen_is_no_trouble_when_tried_again(group: Group) -> None:
    """Telegram refuses to change a message into itself; that is the state we want."""
    ticket = await group.asked()
    group.koppi.telegram.fails(faults.RESET_AFTER_ACCEPTING, method="editMessageText")
    await group.koppi.desk.claim(group.vaino, ticket.id, group.koppi.later())
    await group.settles()
    await group.koppi.advance(TYPING * 20)
    await group.settles()
    edits = [row for row in await group.koppi.rows(schema.outbox) if row.act == "edit"]

    assert [(row.state, row.uncertain) for row in edits] == [("sent", True)]
    assert group.head == "Väinö hoitaa"


# --- a group that becomes a supergroup ----------------------------------------------------------------------------


@pytest.mark.parametrize("is_told", [True, False])
async def test_a_group_that_became_a_supergroup_is_followed(group: Group, is_told: bool) -> None:
    """Telegram does that when topics or a public link are switched on, and puts older messages out of reach."""
    first = await group.asked()
    await group.takes()
    await group.koppi.telegram.upgrades(ADVISORS_GROUP, SUPERGROUP, is_told=is_told)
    await group.koppi.sends_to_a_person(QUESTION, chat=5000)
    await group.settles()
    there = group.koppi.telegram.shows(SUPERGROUP)
    (taken,) = [post for post in there if first.alias in post.text]
    await group.koppi.telegram.replies(SUPERGROUP, taken.message_id, VAINO_CHAT, "Saa.")
    await group.settles()
    await announce.link_group(_with_group_of_old(group.house))  # as after a restart
    await group.settles()

    assert sorted(post.text.partition(":")[0] for post in there) == ["Uusi kysymys", "Väinö hoitaa"]
    assert group.heard_by_aino()[-1] == "Työvoimaneuvoja Väinö\nSaa."
    assert len(await group.koppi.rows(schema.chat_link)) == 1
    assert [row for row in await group.koppi.rows(schema.outbox) if row.state != "sent"] == []
    assert len(group.koppi.telegram.accepted[SUPERGROUP]) == 3  # two posts, and that the reply has arrived


def _with_group_of_old(house: House) -> House:
    """The operator's settings still name the group as it was."""
    return replace(house, settings=house.settings.model_copy(update={"advisor_chat": ADVISORS_GROUP}))


@ON_SQLITE
async def test_two_links_to_one_group_become_one(group: Group) -> None:
    """Linked anew by hand before the bot has noticed."""
    async with group.koppi.store.write() as tx:
        await chat_links.link(tx, group.koppi.vault, purpose="advisors", address=str(SUPERGROUP), now=LONG_AGO)
    await group.koppi.telegram.upgrades(ADVISORS_GROUP, SUPERGROUP)
    await group.asked()

    assert len(await group.koppi.rows(schema.chat_link)) == 1
    assert len(group.koppi.telegram.accepted[SUPERGROUP]) == 1


# --- a group with topics ------------------------------------------------------------------------------------------


@pytest.fixture
async def forum(group: Group) -> Group:
    """The same group, as a supergroup with topics."""
    group.koppi.telegram.forums.add(SUPERGROUP)
    group.koppi.telegram.meets(SUPERGROUP)
    async with group.koppi.store.write() as tx:
        await chat_links.move(tx, group.koppi.vault, address=str(ADVISORS_GROUP), to=str(SUPERGROUP))
    return group


async def test_where_the_group_has_topics_a_question_gets_its_own(forum: Group) -> None:
    """Each thread by itself, named so that one finds it; also what comes later about the same question."""
    telegram = forum.koppi.telegram
    ticket = await forum.asked()
    async with forum.koppi.store.write() as tx:
        await tickets.joined(tx, ticket.id, urgent=True)
    await forum.settles()
    ((thread, name),) = telegram.topics[SUPERGROUP].items()
    posts = telegram.shows(SUPERGROUP)

    assert name.partition(":")[0] == ticket.alias
    assert [post.thread for post in posts] == [thread, thread]
    assert telegram.calls["createForumTopic"] == 1


@ON_SQLITE
async def test_where_the_right_is_missing_the_post_goes_to_the_group_itself(forum: Group) -> None:
    """A plain post is worth more than none, and nothing of it is a fault to look into."""
    forum.koppi.telegram.forums.clear()
    await forum.asked()

    assert [post.thread for post in forum.koppi.telegram.shows(SUPERGROUP)] == [None]
    assert [row for row in await forum.koppi.rows(schema.outbox) if row.state != "sent"] == []


@ON_SQLITE
async def test_where_somebody_has_deleted_the_topic_the_post_goes_to_the_group_itself(forum: Group) -> None:
    """The question waits all the same."""
    ticket = await forum.asked()
    forum.koppi.telegram.topics[SUPERGROUP].clear()
    async with forum.koppi.store.write() as tx:
        await tickets.joined(tx, ticket.id, urgent=True)
    await forum.settles()

    assert forum.koppi.telegram.shows(SUPERGROUP)[-1].thread is None


@ON_SQLITE
async def test_what_colleagues_say_in_a_topic_is_their_own(forum: Group) -> None:
    """Telegram marks each message of a topic as a reply to its beginning, which the bot has made."""
    await forum.asked()
    (thread,) = forum.koppi.telegram.topics[SUPERGROUP]
    chat = {"id": SUPERGROUP, "type": "supergroup", "title": "X", "is_forum": True}
    bot = {"id": 100200300, "is_bot": True, "first_name": "Koppi"}
    beginning = {"message_id": thread, "date": 1_790_000_000, "chat": chat, "from": bot}
    beginning["forum_topic_created"] = {"name": "x", "icon_color": 7322096}
    talk = {"message_id": 99, "date": 1_790_000_000, "chat": chat, "text": "Kuka ehtii?", "message_thread_id": thread}
    person = {"id": VAINO_CHAT, "is_bot": False, "first_name": "X"}
    before = forum.heard_by_aino()
    await forum.koppi.telegram.brings(
        {"message": {**talk, "from": person, "is_topic_message": True, "reply_to_message": beginning}}, chat=SUPERGROUP
    )
    await forum.settles()

    assert forum.heard_by_aino() == before
    assert len(forum.koppi.telegram.accepted[SUPERGROUP]) == 1


@ON_SQLITE
@pytest.mark.parametrize(("may_delete", "left"), [(True, []), (False, ["Poistettu"])])
async def test_a_topic_goes_with_its_asker(forum: Group, may_delete: bool, left: list[str]) -> None:
    """Its name tells of them, too."""
    if may_delete:
        forum.koppi.telegram.moderated.add(SUPERGROUP)
    await forum.asked()
    await forum.forgets()

    assert list(forum.koppi.telegram.topics[SUPERGROUP].values()) == left
    assert forum.koppi.telegram.sees(SUPERGROUP) == []


# --- forgetting ---------------------------------------------------------------------------------------------------


async def test_what_is_about_an_asker_goes_from_the_group_with_them(group: Group) -> None:
    """An alias beside a topic is still about somebody who wanted to be forgotten, and so is what they were told."""
    group.koppi.telegram.moderated.add(ADVISORS_GROUP)
    ticket = await group.asked()
    await group.replies("Saa.")
    await group.forgets()
    deleted = group.koppi.telegram.calls["deleteMessage"]

    assert group.koppi.telegram.sees(ADVISORS_GROUP) == []
    assert deleted == 3  # the post, Väinö's reply, and that it had arrived
    assert await group.koppi.rows(schema.group_message) == []
    assert not any(ticket.alias in row.text for row in await group.koppi.rows(schema.notice))


@ON_SQLITE
async def test_what_may_not_be_deleted_any_more_is_made_to_say_nothing(group: Group) -> None:
    """After two days a bot that is no moderator can't delete its own words; it can still take them back."""
    too_old = faults.error(400, "Bad Request: message can't be deleted")
    ticket = await group.asked()
    group.koppi.telegram.fails(too_old, method="deleteMessage", times=9)
    await group.forgets()

    assert [(post.text, post.labels) for post in group.koppi.telegram.shows(ADVISORS_GROUP)] == [("Poistettu.", [])]
    assert not any(ticket.alias in row.text for row in await group.koppi.rows(schema.notice))


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
async def test_an_asker_forgotten_while_a_post_is_being_written_stops_nothing(group: Group) -> None:
    """On PostgreSQL the two cross; the loop that writes posts must live on, and look again."""
    ticket = await group.koppi.sends_to_a_person(QUESTION)
    async with group.koppi.store.write() as tx:
        await erasure.erase(tx, ticket.conversation_id)
        writing = asyncio.create_task(announce.announce(group.house))
        async with asyncio.timeout(4):  # before the database gives up waiting
            while not await _somebody_waits(tx):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.005)

    assert await writing == 0
    assert await announce.announce(group.house) == 0


async def _somebody_waits(tx: Tx) -> bool:
    return bool((await tx.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))).scalar_one())


@ON_SQLITE
async def test_a_post_that_was_on_its_way_while_its_asker_was_forgotten_goes_too(group: Group) -> None:
    """It arrives a moment after the erasure; nobody would look for it any more."""
    ticket = await group.koppi.sends_to_a_person(QUESTION)
    group.koppi.telegram.fails(faults.delay(0.15), chat=ADVISORS_GROUP)
    await announce.announce(group.house)
    async with asyncio.timeout(5):
        while not group.koppi.telegram.under_way:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)
        async with group.koppi.store.write() as tx:
            await erasure.erase(tx, ticket.conversation_id)
        while not await announce.announce(group.house):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)
    await group.settles()

    assert group.koppi.telegram.sees(ADVISORS_GROUP) == []
