"""Anything at all that people send, through the whole bot: a kind reply, no error, no stuck queue."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text as sql

from bot import wording
from bot.store import schema
from tests.support.knowledge import KNOWN, UNKNOWN
from tests.support.koppi import Koppi
from tests.support.people import AINO, BULK

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
TEXTS = {
    "one letter": "a",
    "a dot": ".",
    "spaces": " \n\t ",
    "emoji": "😭" * 5,
    "a family of emoji": FAMILY * 500,
    "right to left": "שלום, איך מקבלים תמיכה? مرحبا",
    "turned around": "\u202emiten haen tukea\u202c",
    "combining marks": "a" + "\u0301" * 300,
    "html": "<b>moi</b> <script>alert(1)</script> &lt; &#0; </a>",
    "markdown": "**moi** [x](javascript:alert(1)) `_*[]()~>#+-=|{}.!\\",
    "sql": "'; DROP TABLE message; --",
    "format": "{alias} {0} %s %n ${x} {{7*7}}",
    "control characters": "moi\x01\x02\x1b[31m\x7f",
    "nul": "mo\x00i",
    "lone surrogate": "moi \ud83d ja \udc00",
    "4096": "tukea " * 682,
    "10000 letters": "x" * 10_000,
    "10000 words": "sana " * 2_000,
    "lines": "\n" * 3000 + "moi",
    "a number": "9" * 400,
    "a command of nobody": "/qwerty asdf",
    "a slash": "/",
}


async def test_any_text_gets_a_kind_reply_and_the_next_question_its_answer(koppi: Koppi) -> None:
    """Whoever types anything at all is met, and nobody's queue gets stuck."""
    replies, answers = {}, {}
    for chat, (name, text) in zip(BULK, TEXTS.items(), strict=False):
        await koppi.says(text, chat)
        await koppi.says(KNOWN, chat)
        replies[name], answers[name] = (await koppi.hears(chat)).text, (await koppi.hears(chat)).text

    assert [name for name, reply in replies.items() if not reply.strip() or wording.FAILED in reply] == []
    assert [name for name, answer in answers.items() if "Asumistukea haetaan" not in answer] == []
    assert await koppi.rows(schema.quarantine) == []


async def test_what_is_no_text_gets_its_own_word(koppi: Koppi) -> None:
    """A picture is declined with the reason, not ignored."""
    acts = {"photo": "sends_photo", "voice": "sends_voice", "sticker": "sends_sticker"}
    acts |= {"location": "sends_location", "file": "sends_document"}
    heard = {}
    for chat, (what, act) in zip(BULK, acts.items(), strict=False):
        await getattr(koppi.telegram, act)(chat)
        heard[what] = (await koppi.hears(chat)).text

    assert [what for what, text in heard.items() if wording.UNREADABLE[what] not in text] == []


async def test_a_question_under_a_picture_is_answered(koppi: Koppi) -> None:
    """People photograph a letter and ask below it."""
    await koppi.telegram.sends_photo(AINO, caption=KNOWN)
    answer = (await koppi.hears()).text

    assert "Asumistukea haetaan" in answer
    assert wording.BESIDE_WORDS in answer


async def test_an_edited_question_is_answered_anew(koppi: Koppi) -> None:
    """The mended one is what they want to know."""
    await koppi.asks(UNKNOWN)
    await koppi.telegram.edits(AINO, KNOWN)

    assert "Asumistukea haetaan" in (await koppi.hears()).text


async def test_sending_pressed_twice_opens_one_ticket(koppi: Koppi) -> None:
    """A slow phone is pressed again."""
    await koppi.asks(UNKNOWN)
    await koppi.presses("Lähetä: työ ja opinnot")
    await koppi.presses("Lähetä: työ ja opinnot")
    replies = [(await koppi.hears()).text for _ in range(2)]

    assert len(await koppi.rows(schema.ticket)) == 1
    assert replies[0].startswith("Lähetin kysymyksesi työvoimaneuvojalle.")
    assert replies[1] == wording.ALREADY_SENT


async def test_a_forged_press_changes_nothing_and_is_answered_kindly(koppi: Koppi) -> None:
    """What a button means is looked up on the server, in this very conversation."""
    await koppi.asks("/ohje")
    forged = ["send:999999:0", "send:1:9", "erase:1:0", "", "💥", "a" * 64, "send:1:1\n", "SEND:1:1", "::", "x:-1:-1"]
    for data in forged:
        await koppi.telegram.presses_data(AINO, data)

    assert [(await koppi.hears()).text for _ in forged] == [wording.STALE_BUTTON] * len(forged)
    assert await koppi.rows(schema.ticket) == []


async def test_somebody_elses_button_does_nothing(koppi: Koppi) -> None:
    """Message ids ascend: a neighbour's is easily guessed."""
    offer = await koppi.asks(UNKNOWN)
    await koppi.asks(KNOWN, BULK[0])
    await koppi.telegram.presses_data(BULK[0], offer.buttons[0].data)
    reply = await koppi.hears(BULK[0])

    assert reply.text == wording.STALE_BUTTON
    assert await koppi.rows(schema.ticket) == []


async def test_a_press_by_somebody_who_has_never_written_is_answered_kindly(koppi: Koppi) -> None:
    """After an erasure their old buttons still stand in the chat."""
    await koppi.telegram.presses_data(AINO, "send:1:0")

    assert (await koppi.hears()).text == wording.STALE_BUTTON


async def test_an_identity_code_is_masked_before_anything_is_stored(koppi: Koppi) -> None:
    """Nobody needs it, and what is not kept can't leak. The code is of nobody: 900–999 are not given out."""
    reply = await koppi.asks("Tunnukseni on 010101-900R, miten haen tukea?")
    stored = json.dumps([row.text for row in await koppi.rows(schema.message)], ensure_ascii=False)

    assert wording.MASKED in reply.text
    assert "900R" not in stored


async def test_an_error_while_handling_ends_in_an_apology_and_the_next_message_is_answered(
    koppi: Koppi, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After five attempts; the message is kept for the operator, its words are in no log."""
    await koppi.asks(KNOWN)
    judge = type(koppi.service._knowledge()).judge

    def fail_on_marker(self: object, question: str) -> object:
        if "marker" in question:
            raise RuntimeError(question)
        return judge(self, question)  # type: ignore[arg-type]

    monkeypatch.setattr(type(koppi.service._knowledge()), "judge", fail_on_marker)
    await koppi.says("marker words")
    await koppi.says(KNOWN)
    for _ in range(5):
        await koppi.settles()
        await koppi.advance(timedelta(seconds=61))
    apology, answer = await koppi.hears(), await koppi.hears()
    (kept,) = await koppi.rows(schema.quarantine)
    written = capsys.readouterr()

    assert apology.text == wording.FAILED
    assert "Asumistukea haetaan" in answer.text
    assert "marker words" in koppi.vault.unseal(kept.body)
    assert "marker" not in written.out + written.err


# What a statement that takes too long looks like, without its taking long.
CANCELLED_FOR_A_MARKER = """
    CREATE FUNCTION too_slow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.text LIKE '%marker%' THEN
            RAISE EXCEPTION 'canceling statement due to statement timeout' USING ERRCODE = 'query_canceled';
        END IF;
        RETURN NEW;
    END $$"""


@pytest.mark.parametrize(
    "database", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)  # SQLite stops no statement
async def test_a_message_whose_statement_takes_too_long_is_given_up_and_keeps_nobody_waiting(koppi: Koppi) -> None:
    """Taken for an outage it would be tried for ever, and nobody who wrote after it would be answered."""
    async with koppi.store.write() as tx:
        await tx.execute(sql(CANCELLED_FOR_A_MARKER))
        await tx.execute(
            sql("CREATE TRIGGER too_slow BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION too_slow()")
        )
    await koppi.asks("/ohje")
    await koppi.says("marker words")
    other = await koppi.asks(KNOWN, BULK[0])
    for _ in range(5):
        await koppi.settles()
        await koppi.advance(timedelta(seconds=61))
    apology = await koppi.hears()
    (kept,) = await koppi.rows(schema.quarantine)
    async with koppi.store.write() as tx:
        await tx.execute(sql("DROP FUNCTION too_slow CASCADE"))

    assert "Asumistukea haetaan" in other.text
    assert apology.text == wording.FAILED
    assert "marker words" in koppi.vault.unseal(kept.body)
