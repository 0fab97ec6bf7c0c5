"""The impact assessment says the owner's own words, the same things in each language, and what is still to be said."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from jinja2 import Environment, meta

from admin import impact_assessment
from admin.cli import main
from bot.profile import DEFAULT_FILE, FILE_NAME, ServiceProfile, parse_profile
from knowledge.entry import LANGUAGES, Language

LANGUAGE = pytest.mark.parametrize("language", LANGUAGES)
WITH_TELEGRAM_OR_WITHOUT = pytest.mark.parametrize("has_telegram", [True, False])
SHIPPED = parse_profile(DEFAULT_FILE)
DAYS = {
    "texts_days": 41,
    "texts_at_most_days": 143,
    "address_days": 17,
    "traffic_days": 23,
    "quarantine_days": 19,
    "audit_days": 777,
}
HOURS = {
    "fi": "ti 10.15–13.00, la 9.00–11.30",
    "sv": "tis 10.15–13.00, lör 9.00–11.30",
    "en": "Tue 10:15–13:00, Sat 9:00–11:30",
}


def _owned(folder: Path) -> ServiceProfile:
    """The profile of an owner who has said everything; its file is in *folder*."""
    content = yaml.safe_load(DEFAULT_FILE.read_text(encoding="utf-8"))
    content |= {
        "name": "Nuorten luukku",
        "region": "Kainuu | Vaala",
        "feedback_email": "palaute@luukku.example",
        "retention": DAYS,
        "opening_hours": {"saturday": "9:00-11:30", "tuesday": "10:15-13:00", "friday": "closed"},
        "promise_hours": 2.5,
        "controller": {
            "name": {language: f"Kunta {language}" for language in LANGUAGES},
            "contact": {language: f"Kirjaamo\nPL 1, {language}@kunta.example" for language in LANGUAGES},
        },
    }
    content["crisis"]["approved_by"] = "Sirpa Sosiaalityö"
    (folder / FILE_NAME).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return parse_profile(folder / FILE_NAME)


def _printed(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.setenv("KOPPI_DATA_DIR", str(folder))
    done = CliRunner().invoke(main, ["dpia", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def _document(language: Language, profile: ServiceProfile = SHIPPED, *, has_telegram: bool = True) -> str:
    return impact_assessment.document(profile, language, has_telegram=has_telegram, widget_origins=())


def _sections(document: str) -> dict[int, str]:
    parts = re.split(r"^## (\d+)\. ", document, flags=re.MULTILINE)[1:]
    return {int(number): text for number, text in zip(parts[::2], parts[1::2], strict=True)}


def _blanks(text: str) -> list[str]:
    return re.findall(r"\[… ([^\]]+)\]", text)


def _left(document: str) -> list[str]:
    """The list at the end."""
    return re.findall(r"^- \[ \] (.+)$", _sections(document)[12], re.MULTILINE)


@LANGUAGE
def test_the_command_fills_in_what_the_owner_has_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: Language
) -> None:
    """What stands in service.yaml is said once, there: a second copy by hand would differ after the first change."""
    _owned(tmp_path)
    monkeypatch.setenv("KOPPI_WIDGET_ORIGINS", "https://kunta.example https://nuoret.example")

    printed = _printed(tmp_path, monkeypatch, "--language", language)

    said = ["Nuorten luukku", "Kainuu \\| Vaala", f"| Kunta {language} |", "palaute@luukku.example", HOURS[language]]
    said += [f"Kirjaamo PL 1, {language}@kunta.example", "Sirpa Sosiaalityö"]
    said += ["https://kunta.example, https://nuoret.example", "2.5" if language == "en" else "2,5"]
    assert [text for text in said if text not in printed] == []
    assert [days for days in map(str, DAYS.values()) if not re.search(rf"\b{days}\b", printed)] == []


def test_it_is_in_finnish_unless_asked_for_otherwise_and_makes_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document may be wanted before the service has ever been started."""
    printed = _printed(tmp_path, monkeypatch)

    assert printed.startswith("# Tietosuojaa koskeva vaikutustenarviointi: Otappa koppi\n")
    assert list(tmp_path.iterdir()) == []


@LANGUAGE
def test_a_controller_that_is_not_named_is_a_blank_and_one_that_is_named_is_none(
    tmp_path: Path, language: Language
) -> None:
    """A placeholder that looked like an answer would be signed unread."""
    shipped, owned = _document(language), _document(language, _owned(tmp_path))

    assert SHIPPED.controller.name[language] not in shipped
    # The controller's name and contact, where feedback goes, who has approved the crisis texts:
    assert len(_left(shipped)) - len(_left(owned)) == 4
    assert _left(shipped)[:2] == _blanks(_sections(shipped)[1])[:2]
    assert not set(_left(shipped)[:2]) & set(_left(owned))


@LANGUAGE
@WITH_TELEGRAM_OR_WITHOUT
def test_it_ends_with_every_blank_once(language: Language, has_telegram: bool) -> None:
    """Whoever works through the list has worked through the document."""
    document = _document(language, has_telegram=has_telegram)

    assert _left(document) == _blanks(document)
    assert [what for what, times in Counter(_left(document)).items() if times > 1] == []


@pytest.mark.parametrize("language", ["sv", "en"])
@WITH_TELEGRAM_OR_WITHOUT
def test_each_language_has_the_same_sections_with_the_same_lists_tables_and_blanks(
    language: Language, has_telegram: bool
) -> None:
    """A risk that one translation leaves out is a risk that somebody has not weighed."""

    def shape(document: str) -> dict[int, tuple[int, ...]]:
        return {
            number: (
                len(re.findall(r"^\|", text, re.MULTILINE)),
                len(re.findall(r"^(?:-|\d+\.) ", text, re.MULTILINE)),
                len(re.findall(r"^\*\*", text, re.MULTILINE)),
                len(_blanks(text)),
            )
            for number, text in _sections(document).items()
        }

    finnish = shape(_document("fi", has_telegram=has_telegram))

    assert list(finnish) == list(range(1, 13))
    assert shape(_document(language, has_telegram=has_telegram)) == finnish


@LANGUAGE
def test_what_an_advisor_has_begun_to_write_is_told_of_with_its_time_and_how_to_get_it(language: Language) -> None:
    """A draft about somebody is data about them, sent or not."""
    word = {"fi": "luonno", "sv": "utkast", "en": "draft"}[language]
    sections = _sections(_document(language))

    assert [number for number in (4, 7, 8) if word not in sections[number]] == []


@LANGUAGE
def test_each_language_tells_every_value_it_is_given(language: Language) -> None:
    """A value that only one language tells is a fact that the others' readers miss."""
    given = impact_assessment.values(SHIPPED, language, has_telegram=True, widget_origins=())
    source = (impact_assessment.HERE / f"impact_assessment.{language}.md").read_text(encoding="utf-8")

    used = meta.find_undeclared_variables(Environment(autoescape=True).parse(source))

    assert used == {*given, "blank", "blanks"}


@LANGUAGE
def test_without_telegram_its_questions_are_not_asked(language: Language) -> None:
    """Nobody should have to weigh a transfer that does not happen."""
    with_it, without = _document(language), _document(language, has_telegram=False)

    assert "KOPPI_TELEGRAM_TOKEN" in without
    assert "KOPPI_TELEGRAM_TOKEN" not in with_it
    assert set(_left(without)) < set(_left(with_it))


def test_a_file_that_cannot_be_read_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half an assessment, or a traceback, helps nobody."""
    (tmp_path / FILE_NAME).write_text("name: ''\n", encoding="utf-8")
    monkeypatch.setenv("KOPPI_DATA_DIR", str(tmp_path))

    done = CliRunner().invoke(main, ["dpia"])

    assert done.exit_code == 1
    assert "is not valid" in done.output
