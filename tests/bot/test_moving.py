"""A web chat that goes on in Telegram: everything comes along, once, and by its own asker's wish alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from admin.invariants import violations
from bot import wording
from bot.channels.webchat import NAME as WEB
from bot.store import conversations, erasure, moving, schema, tickets
from bot.vault import Vault
from tests.support.clock import Clock
from tests.support.knowledge import KNOWN, UNKNOWN
from tests.support.koppi import Koppi
from tests.support.people import AINO

TOKEN = "t" * 43
SULO = AINO + 1


async def a_web_chat(koppi: Koppi, *, with_ticket: bool = True) -> str:
    """A conversation on the web, with a question for an advisor; returns the code that leads to Telegram."""
    lookup = koppi.vault.lookup(WEB, TOKEN)
    now = koppi.clock()
    async with koppi.store.write() as tx:
        talk = await conversations.begin(
            tx, koppi.vault, channel=WEB, lookup=lookup, address_text=TOKEN, language="sv", now=now
        )
        question = await conversations.add_message(tx, talk.id, "asker", "Får man ta leguanen med?", now)
        if with_ticket:
            await tickets.open_ticket(
                tx,
                conversation_id=talk.id,
                role="tyovoimaneuvoja",
                question_id=question,
                topic=None,
                urgent=False,
                promised_at=now + timedelta(hours=6),
                now=now,
            )
    return moving.make_code(koppi.vault, talk.id, now)


async def replies(koppi: Koppi, text: str) -> None:
    (ticket,) = await koppi.rows(schema.ticket)
    await koppi.desk.reply(koppi.vaino, ticket.id, text, "a-key", koppi.later())
    assert "Väinö" in (await koppi.hears()).text


async def test_the_advisors_reply_comes_to_telegram_when_the_asker_has_gone_on_there(koppi: Koppi) -> None:
    """That is what the button is for: Telegram tells when the answer comes."""
    code = await a_web_chat(koppi)
    await koppi.says(f"/start {code}")
    assert (await koppi.hears()).text == wording.say("sv", wording.MOVED_HERE)
    await replies(koppi, "Nej.")

    assert "Nej." in (await koppi.hears()).text
    (talk,) = await koppi.rows(schema.conversation)
    assert talk.channel == "telegram"
    assert next(row.text for row in await koppi.rows(schema.message)) == "Får man ta leguanen med?"
    assert [row.first_campaign for row in await koppi.rows(schema.asker)] == [None]


async def test_who_already_talks_to_the_bot_in_telegram_gets_the_web_chat_into_that(koppi: Koppi) -> None:
    """One asker, one conversation, one place to look: nothing is left behind under another alias."""
    await koppi.asks(KNOWN)
    code = await a_web_chat(koppi)
    await koppi.says(f"/start {code}")
    assert (await koppi.hears()).text == wording.MOVED_HERE
    await replies(koppi, "Nej.")

    assert "Nej." in (await koppi.hears()).text
    assert len(await koppi.rows(schema.asker)) == len(await koppi.rows(schema.conversation)) == 1
    assert {row.conversation_id for row in await koppi.rows(schema.message)} == {
        row.id for row in await koppi.rows(schema.conversation)
    }
    await koppi.settles()
    assert await violations(koppi.store, koppi.clock()) == []


async def test_two_open_questions_stay_where_they_are(koppi: Koppi) -> None:
    """A conversation has one open ticket; moving must not lose the other."""
    await koppi.sends_to_a_person(UNKNOWN)
    code = await a_web_chat(koppi)
    await koppi.says(f"/start {code}")

    assert (await koppi.hears()).text == wording.MOVE_REFUSED
    assert len(await koppi.rows(schema.conversation)) == 2


async def test_a_code_works_once_and_only_for_an_hour(koppi: Koppi) -> None:
    """A link that is left in a browser's history moves nobody's conversation later."""
    code = await a_web_chat(koppi)
    await koppi.says(f"/start {code}")
    await koppi.hears()
    await koppi.says(f"/start {code}", SULO)
    assert (await koppi.hears(SULO)).text == wording.MOVE_FAILED

    assert moving.read_code(koppi.vault, code, koppi.clock() + timedelta(hours=2)) is None


@pytest.mark.parametrize("place", [6, 20, 30, 53])
def test_a_code_with_one_letter_changed_is_no_code(vault: Vault, clock: Clock, place: int) -> None:
    """Neither the conversation in it nor its hour can be exchanged without the key."""
    code = moving.make_code(vault, "0123456789abcdef" * 2, clock())
    other = code[:place] + ("A" if code[place] != "A" else "B") + code[place + 1 :]

    assert moving.read_code(vault, code, clock()) == "0123456789abcdef" * 2
    assert moving.read_code(vault, other, clock()) is None


@pytest.mark.parametrize("code", ["jatka-" + "A" * 48, "jatka-", "jatka-ä"])
async def test_a_made_up_code_moves_nothing_and_is_no_campaign(koppi: Koppi, code: str) -> None:
    """Guessing is answered kindly, and doesn't stand in the figures as a poster that works."""
    await koppi.says(f"/start {code}")

    assert (await koppi.hears()).text == wording.MOVE_FAILED
    assert [row.first_campaign for row in await koppi.rows(schema.asker)] == [None]


async def test_erasing_in_telegram_erases_what_came_from_the_web(koppi: Koppi) -> None:
    """The promise covers the whole way somebody has come."""
    code = await a_web_chat(koppi)
    await koppi.says(f"/start {code}")
    await koppi.hears()
    (talk,) = await koppi.rows(schema.conversation)
    async with koppi.store.write() as tx:
        await erasure.erase(tx, talk.id)

    for table in (schema.asker, schema.address, schema.message, schema.ticket):
        assert await koppi.rows(table) == []


@pytest.mark.parametrize("has_chosen", [False, True])
async def test_a_language_chosen_on_the_web_goes_along_into_a_chat_that_is_there(
    koppi: Koppi, has_chosen: bool
) -> None:
    """Who has asked for Swedish must not be answered in Finnish because the chat in Telegram once began so."""
    await koppi.asks(KNOWN)
    code = await a_web_chat(koppi, with_ticket=False)
    async with koppi.store.write() as tx:
        talk = await conversations.find(tx.connection, channel=WEB, lookup=koppi.vault.lookup(WEB, TOKEN))
        assert talk is not None
        chosen = replace(talk, state=replace(talk.state, chose_language=has_chosen))
        await conversations.save(tx, chosen, koppi.clock())
    await koppi.says(f"/start {code}")

    assert (await koppi.hears()).text == wording.say("sv" if has_chosen else "fi", wording.MOVED_HERE)
