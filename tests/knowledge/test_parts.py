"""Two questions in one message are two; a story is understood by its question; everything else stays one message."""

import pytest

from knowledge.index import Hit
from knowledge.parts import Reading, read_by_parts
from knowledge.safety import SafetySign
from knowledge.verdict import Verdict

VAGUE = Verdict("choices", (Hit("armeija", 0.5), Hit("cv", 0.3)), 0.4, language="fi")


def judge(part: str) -> Verdict:
    """Sure of what names housing or a CV, unsure of the rest."""
    if "asumis" in part.lower():
        return Verdict("answer", (Hit("asumistuki", 1.0),), 0.97)
    return Verdict("answer", (Hit("cv", 1.0),), 0.95) if "cv" in part.lower() else VAGUE


def ids(reading: Reading) -> tuple[str, ...]:
    """The entries that are answered."""
    first = reading.verdict.hits[0].entry_id if reading.verdict.kind == "answer" else ""
    return tuple(filter(None, (first, reading.second)))


@pytest.mark.parametrize(
    "text",
    [
        "Miten haen asumistukea? Miten teen CV:n?",
        "miten haen asumistukea ja miten teen cvn",
        "Oon muuttamassa. Miten haen asumistukea?\nEntä se CV pitäisi tehdä",
        "how do I get asumistuki and how do I make a CV",
        "hur söker jag asumistuki och hur gör jag ett cv?",
    ],
)
def test_two_questions_are_read_as_two_in_their_order(text: str) -> None:
    """Whoever asks two things wants two answers."""
    reading = read_by_parts(text, VAGUE, judge)

    assert ids(reading) == ("asumistuki", "cv")
    assert [hit.entry_id for hit in reading.verdict.hits] == ["asumistuki", "cv", "armeija"]
    assert (reading.verdict.confidence, reading.verdict.language) == (0.95, "fi")


@pytest.mark.parametrize(
    "text",
    [
        "Miten haen asumistukea?",
        "Miten haen asumistukea ja mihin lähetän asumistuen liitteet?",
        "Asumistuki ja cv",
        "Miten haen asumistukea? Kiitos!",
        "Hae asumistukea. " * 7 + "Entä CV sitten?",
        "",
    ],
)
def test_one_question_stays_one(text: str) -> None:
    """The same thing asked twice, halves of one question, a word of thanks, a list without an end."""
    sure = judge("asumistuki")

    assert read_by_parts(text, sure, judge) == Reading(sure)


def test_a_story_is_understood_by_its_question() -> None:
    """All of it together may be about anything."""
    story = "Muutin just Ouluun. Koira on kipeä ja töitä ei oo. Miten haen asumistukea? Sori pitkä viesti."

    assert ids(read_by_parts(story, VAGUE, judge)) == ("asumistuki",)


def test_a_sentence_with_its_reason_is_no_story() -> None:
    """The reason is easily taken for the question: measured, it was wrong as often as right."""
    assert ids(read_by_parts("Sain asumistukea vuoden. Lasketaanko se tuloksi?", VAGUE, judge)) == ()


@pytest.mark.parametrize("kind", ["crisis", "smalltalk"])
def test_danger_and_small_talk_are_not_taken_apart(kind: str) -> None:
    """They are about the whole of what was said."""
    whole = Verdict(kind)  # type: ignore[arg-type]

    assert read_by_parts("Miten haen asumistukea? Miten teen CV:n?", whole, judge) == Reading(whole)


def test_an_unsure_sign_of_danger_in_the_whole_is_kept() -> None:
    """The gentle line stands before both answers."""
    sign = SafetySign("self-harm", "unsure")
    whole = Verdict("choices", VAGUE.hits, 0.4, safety=sign)

    for text in ("Asumistuki tänne. CV kuntoon.", "Moi vaan. Apua nyt. Asumistuki tänne."):
        assert read_by_parts(text, whole, judge).verdict.safety == sign
