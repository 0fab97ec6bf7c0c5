"""Who speaks stands above an advisor's reply in Telegram, where all else comes from the bot."""

from datetime import timedelta

import pytest

from bot.advising import MAX_REPLY
from bot.channels.markup import TELEGRAM_LIMIT, units
from bot.signature import signature
from bot.store import accounts
from knowledge.entry import LANGUAGES, Language
from tests.support import telegram_faults as faults
from tests.support.knowledge import UNKNOWN
from tests.support.koppi import Koppi


@pytest.mark.parametrize(
    ("language", "words"),
    [("fi", "Työvoimaneuvoja Väinö"), ("sv", "Arbetskraftsrådgivare Väinö"), ("en", "Employment advisor Väinö")],
)
def test_an_advisor_is_named_by_role_and_name_in_the_askers_language(language: Language, words: str) -> None:
    """A person was promised: who it is must be readable. Nobody's role is made up."""
    assert signature(language, "tyovoimaneuvoja", "Väinö") == words
    assert signature(language, "koordinaattori", "{name}").endswith(" {name}")


def test_the_longest_reply_of_who_has_the_longest_name_is_one_message() -> None:
    """Telegram refuses one that is longer, and the asker would wait for ever."""
    for language in LANGUAGES:
        for role in ("sosiaaliohjaaja", "tyovoimaneuvoja", "koordinaattori"):
            for name in ("W" * 60, "\N{GRINNING FACE}" * 60):
                assert units(signature(language, role, name)) + len("\n") + MAX_REPLY <= TELEGRAM_LIMIT


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_name_stands_bold_above_the_words_as_they_were_written_and_is_repeated_with_them(
    koppi: Koppi,
) -> None:
    """Neither a name nor a reply is markup; where the first try failed, the second tells who speaks, too."""
    async with koppi.store.write() as tx:
        odd = await accounts.add(
            tx,
            name="Odd",
            role="sosiaaliohjaaja",
            password_hash="",
            must_change_password=False,
            now=koppi.clock(),
        )
        await accounts.show_as(tx, odd.id, "<b>Aa & *Öö*")
    ticket = await koppi.sends_to_a_person(UNKNOWN)
    await koppi.desk.claim(odd, ticket.id, koppi.later())
    await koppi.hears()
    words = "1 < 2 & **3**\n\n" + "x" * (MAX_REPLY - 20)
    koppi.telegram.fails(faults.OUT_OF_ORDER)
    await koppi.desk.reply(odd, ticket.id, words, "form-1", koppi.later())
    await koppi.settles()
    await koppi.advance(timedelta(minutes=1))
    told = await koppi.hears()

    name = "Sosiaaliohjaaja <b>Aa & *Öö*"
    assert told.text == f"{name}\n{words}"
    assert [(mark.type, mark.offset, mark.length) for mark in told.entities] == [("bold", 0, units(name))]
