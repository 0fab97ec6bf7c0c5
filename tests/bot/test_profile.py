"""`service.yaml`: what the owner decides, read and checked in words."""

from datetime import date, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from bot.profile import CRISIS_TEXTS, DEFAULT_FILE, FILE_NAME, InvalidProfile, read_profile
from knowledge.entry import LANGUAGES

HELSINKI = ZoneInfo("Europe/Helsinki")


def write(folder: Path, **changes: object) -> Path:
    """The default profile with *changes* in *folder*; returns the folder."""
    content = yaml.safe_load(DEFAULT_FILE.read_text(encoding="utf-8")) | changes
    (folder / FILE_NAME).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return folder


def test_the_first_start_makes_the_file_and_later_ones_keep_the_owners_changes(tmp_path: Path) -> None:
    """The owner edits this very file."""
    first = read_profile(tmp_path)
    write(tmp_path, name="Toinen")

    assert first.name == "Otappa koppi"
    assert read_profile(tmp_path).name == "Toinen"


def test_a_field_that_stands_twice_is_told_instead_of_guessed(tmp_path: Path) -> None:
    """With two sets of opening hours in the file, whichever was taken could be the one the owner thought replaced."""
    write(tmp_path)
    with (tmp_path / FILE_NAME).open("a", encoding="utf-8") as file:
        file.write("opening_hours: {}\n")

    with pytest.raises(InvalidProfile, match=r"opening_hours stands twice\n.*line \d+"):
        read_profile(tmp_path)


def test_the_shipped_texts_cover_every_kind_of_danger_in_every_language(tmp_path: Path) -> None:
    """A missing text would leave someone in danger without an answer."""
    texts = read_profile(tmp_path).crisis.texts

    assert set(texts) == set(LANGUAGES)
    assert all(set(texts[language]) >= CRISIS_TEXTS for language in LANGUAGES)
    assert all("112" in text for language in LANGUAGES for text in texts[language].values())


def test_a_file_from_before_exploitation_was_noticed_gives_the_text_on_violence(tmp_path: Path) -> None:
    """An update must neither keep the service from starting nor give a text that the owner hasn't read."""
    crisis = yaml.safe_load(DEFAULT_FILE.read_text(encoding="utf-8"))["crisis"]
    for texts in crisis["texts"].values():
        del texts["exploitation"]

    texts = read_profile(write(tmp_path, crisis=crisis)).crisis.texts

    assert all(texts[language]["exploitation"] == texts[language]["violence"] for language in LANGUAGES)


def test_the_text_on_self_harm_speaks_to_who_fears_for_another_too(tmp_path: Path) -> None:
    """Half of those who write of it write about a friend, a child or a colleague."""
    texts = read_profile(tmp_path).crisis.texts

    for language, words in (("fi", "huolissasi toisesta"), ("sv", "orolig för någon annan"), ("en", "somebody else")):
        assert words in texts[language]["self-harm"]


def test_the_shipped_texts_are_not_approved_by_anybody_yet(tmp_path: Path) -> None:
    """Approval is the owner's; shipping it would be a lie."""
    assert read_profile(tmp_path).crisis.approved_by == ""


def test_the_shipped_file_names_no_controller_and_says_so(tmp_path: Path) -> None:
    """Who answers for personal data is the owner's to say; until then a placeholder stands there, not a blank."""
    shipped = read_profile(tmp_path)

    assert shipped.to_be_filled() == [
        *(f"controller.{field}.{language}" for field in ("name", "contact") for language in LANGUAGES),
        "feedback_email",
    ]
    assert all(name.startswith("[") and name.endswith("]") for name in shipped.controller.name.values())


def test_what_is_filled_in_is_asked_for_no_more(tmp_path: Path) -> None:
    """A reminder that stays when all is done is soon read by nobody."""
    filled = dict.fromkeys(LANGUAGES, "Oulun kaupunki")
    profile = read_profile(
        write(tmp_path, controller={"name": filled, "contact": filled}, feedback_email="palaute@ouka.example")
    )

    assert profile.to_be_filled() == []


def test_a_file_without_retention_times_keeps_the_shipped_ones(tmp_path: Path) -> None:
    """What askers are promised must hold for an owner who has never thought of it."""
    content = yaml.safe_load(DEFAULT_FILE.read_text(encoding="utf-8"))
    shipped = read_profile(tmp_path).retention
    del content["retention"]
    (tmp_path / FILE_NAME).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")

    assert read_profile(tmp_path).retention == shipped
    assert (shipped.texts_days, shipped.texts_at_most_days, shipped.address_days) == (90, 180, 30)
    assert (shipped.traffic_days, shipped.quarantine_days, shipped.audit_days) == (30, 7, 730)


def test_opening_hours_and_exceptions_are_read_as_local_times(tmp_path: Path) -> None:
    """As written: 9:00-16:00, closed, and a shorter day by its date."""
    folder = write(
        tmp_path,
        opening_hours={"monday": "9:00-16:00", "tuesday": "closed"},
        exceptions={date(2026, 12, 23): "9:00 – 12:00", date(2026, 11, 30): "closed"},
        promise_hours=3.5,
    )
    hours = read_profile(folder).hours(HELSINKI)

    assert hours.weekdays == {0: (time(9), time(16))}
    assert hours.exceptions == {date(2026, 12, 23): (time(9), time(12)), date(2026, 11, 30): None}
    assert hours.promise == timedelta(hours=3.5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"opening_hours": {"monday": "from nine"}}, "is not an opening time; write 9:00-16:00 or closed"),
        ({"opening_hours": {"monday": "16:00-9:00"}}, "closes before it opens"),
        ({"opening_hours": {"monday": "9:00-25:00"}}, "opening_hours.monday"),
        ({"opening_hours": {"maanantai": "9:00-16:00"}}, "opening_hours"),
        ({"opening_hours": {}}, "too few open hours in the next 60 days"),
        ({"opening_hours": {"monday": "9:00-9:15"}}, "for a promise of 6"),
        ({"promise_hours": 0}, "promise_hours"),
        ({"promis_hours": 6}, "promis_hours"),
        ({"controller": {"name": {"fi": "Oulu"}, "contact": {"fi": "x"}}}, "lacks sv, en"),
        ({"retention": {"texts_days": 1}}, "retention.texts_days"),
        ({"retention": {"texts_days": 90, "texts_at_most_days": 60}}, "no text may outlive texts_at_most_days"),
        ({"crisis": {"approved_by": "", "numbers_checked_on": date(2026, 11, 1), "texts": {}}}, "lack"),
    ],
)
def test_a_fault_is_told_in_words_with_its_place(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    """The owner is no programmer."""
    with pytest.raises(InvalidProfile, match=words):
        read_profile(write(tmp_path, **changes))


@pytest.mark.parametrize("text", ["name: [", "", "- a\n- list\n"])
def test_what_is_no_profile_at_all_is_refused(tmp_path: Path, text: str) -> None:
    """A file that an editor has left half-written must not start a service without crisis texts."""
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(InvalidProfile):
        read_profile(tmp_path)
