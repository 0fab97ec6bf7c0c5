"""What askers are told of their data is what the owner has decided."""

from pathlib import Path

import pytest
import yaml

from bot import privacy_notice, wording
from bot.channels.markup import as_plain_text
from bot.channels.webchat.chat import HERE
from bot.profile import DEFAULT_FILE, FILE_NAME, read_profile
from knowledge.entry import LANGUAGES, Language
from tests.support.koppi import Koppi

PAGES = HERE / "templates"
LANGUAGE = pytest.mark.parametrize("language", LANGUAGES)


@LANGUAGE
def test_the_answer_names_the_controller_and_the_days_of_service_yaml(tmp_path: Path, language: Language) -> None:
    """Whoever changes a time there changes what askers read, without remembering to."""
    content = yaml.safe_load(DEFAULT_FILE.read_text(encoding="utf-8"))
    content["retention"] |= {"texts_days": 41, "texts_at_most_days": 143, "address_days": 17}
    content["controller"] = {
        "name": {"fi": "Kunta *fi*", "sv": "Kunta *sv*", "en": "Kunta *en*"},
        "contact": {"fi": "a@fi.example", "sv": "a@sv.example", "en": "a@en.example"},
    }
    (tmp_path / FILE_NAME).write_text(yaml.safe_dump(content), encoding="utf-8")

    told = privacy_notice.in_short(read_profile(tmp_path), language)

    assert all(days in told for days in ("41", "143", "17"))
    assert f"Kunta *{language}*" in as_plain_text(told)
    assert f"a@{language}.example" in as_plain_text(told)


@LANGUAGE
def test_until_the_owner_has_named_the_controller_the_answer_says_that_it_is_to_come(
    tmp_path: Path, language: Language
) -> None:
    """A blank would look as if nobody answered for anything."""
    shipped = read_profile(tmp_path)

    assert shipped.controller.name[language].strip("[]") in privacy_notice.in_short(shipped, language)


@LANGUAGE
def test_wherever_erasing_is_promised_the_button_that_erases_is_named(tmp_path: Path, language: Language) -> None:
    """/unohda alone erases nothing: who closes the chat after it would believe that everything is gone."""
    page = (PAGES / f"privacy.{language}.html").read_text(encoding="utf-8")
    told = [line for line in page.splitlines() if "/unohda" in line]
    told.append(privacy_notice.in_short(read_profile(tmp_path), language).partition("/unohda")[2].split(".")[0])

    assert len(told) == 2
    assert all(wording.say(language, wording.BUTTON_ERASE) in sentence for sentence in told)


@LANGUAGE
def test_the_page_and_the_chat_name_the_same_readers_of_questions(tmp_path: Path, language: Language) -> None:
    """Who reads on the page that only one advisor sees their question must not learn otherwise elsewhere."""
    page = (PAGES / f"privacy.{language}.html").read_text(encoding="utf-8")
    said = privacy_notice.in_short(read_profile(tmp_path), language).replace("\n", " ").split(". ")

    assert next(sentence for sentence in said if "oordina" in sentence) in page


@LANGUAGE
def test_the_page_tells_that_a_reply_may_be_offered_to_another_advisor(language: Language) -> None:
    """Advisors are offered what was told to others: whoever it was told to is told so, and what is covered in it."""
    page = (PAGES / f"privacy.{language}.html").read_text(encoding="utf-8")
    offered = {
        "fi": "Ohjaajan vastausta voidaan ehdottaa toiselle ohjaajalle",
        "sv": "Handledarens svar kan föreslås för en annan handledare",
        "en": "An advisor's answer may be suggested to another advisor",
    }[language]
    alias = {"fi": "nimimerkki", "sv": "alias", "en": "alias"}[language]

    assert alias in page.partition(offered)[2].split(".")[0]


async def test_who_asks_for_it_reads_it(koppi: Koppi) -> None:
    """The command is in the menu, under every answer's page and in the greeting."""
    said = (await koppi.asks("/tietosuoja")).text

    assert "90 päivää" in said
    assert "180 päivää" in said
    assert "rekisterinpitäjä nimetään ennen julkaisua" in said
