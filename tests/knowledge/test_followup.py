"""Which messages go on from the answer before them, and what becomes of those that may be a new question."""

import pytest

from knowledge.followup import FollowUp, among, circumstances, in_context, recognise, tells_of
from knowledge.index import Hit
from knowledge.safety import SafetySign
from knowledge.verdict import Verdict

BARE = FollowUp(is_bare=True)
NAMED = FollowUp(is_bare=False)

VAGUE = Verdict("escalate", (Hit("cv", 0.4), Hit("armeija", 0.3), Hit("asumistuki", 0.1)), 0.1)
LIKELY = Verdict("choices", (Hit("cv", 0.9), Hit("armeija", 0.05)), 0.7)
STILL = Verdict("answer", (Hit("asumistuki", 1.0), Hit("cv", 0.01)), 0.98)
BESIDE = Verdict("choices", (Hit("opintotuki", 0.6), Hit("asumistuki", 0.4)), 0.7)


@pytest.mark.parametrize(
    "text",
    [
        "entä jos oon alle 25?", "mistä sen saa?", "ja paljonko?", "Entä opiskelijana", "kuinka kauan se kestää",
        "voiko sen hakea netissä", "ja jos mulla on lapsi?", "paljonko", "MITES JOS ASUN KOTONA", "mista sita haetaan",
        "och om jag är under 25?", "hur söker jag det?", "and how much?", "what if I'm a student", "where do I get it",
    ],
)  # fmt: skip
def test_words_that_could_be_asked_about_anything_go_on_from_the_answer(text: str) -> None:
    """In three languages, with and without dots: nobody repeats what they have just asked about."""
    assert recognise(text) == BARE


def test_a_circumstance_is_found_where_an_answer_speaks_of_it() -> None:
    """A number as that number, a word in any form; "alle" and "jos" tell nothing."""
    young, studies, none = (circumstances(text) for text in ("entä jos oon alle 25?", "entä opiskelijana", "ja mistä?"))

    assert (bool(young), bool(studies), none) == (True, True, ())
    assert tells_of("Alle 25-vuotias tarvitsee lisäksi koulutuksen.", young)
    assert not tells_of("Alle 250 euroa kuussa, yli 18-vuotiaalle.", young)
    assert tells_of("Opiskelijat hakevat opintotukea.", studies)
    assert not tells_of("Hae Kelasta.", studies)


def test_after_choices_that_nobody_picked_the_same_are_offered_again() -> None:
    """ "Ja paljonko?" is about one of them; what may be a question of its own is left to itself."""
    again = among(BARE, VAGUE, ["asumistuki", "opintotuki"])

    assert again is not None
    assert (again.kind, [hit.entry_id for hit in again.hits]) == ("choices", ["asumistuki", "opintotuki"])
    assert [among(NAMED, VAGUE, ["asumistuki"]), among(BARE, LIKELY, ["asumistuki"])] == [None, None]


@pytest.mark.parametrize("text", ["entä cv", "entä toimeentulotuki?", "mites verokortti", "what about a CV?"])
def test_a_follow_up_that_names_something_may_be_a_new_question(text: str) -> None:
    """It begins as one, but the word it ends in is somebody else's."""
    assert recognise(text) == NAMED


@pytest.mark.parametrize(
    "text",
    [
        "", "?!", "67 67 67", "123456789", "Miten haen asumistukea?", "entä", "mikä on karenssi", "how big is the moon",
        "Missä se Byströmin talo on", "entä jos mä en tiedä yhtään mitä mä haluun isona tehdä", "opiskelija",
    ],
)  # fmt: skip
def test_what_stands_by_itself_is_no_follow_up(text: str) -> None:
    """A question with its own words, a number, no words at all."""
    assert recognise(text) is None


def test_a_bare_follow_up_is_about_what_was_answered() -> None:
    """ "Mistä sen saa?" after housing allowance is about housing allowance."""
    verdict = in_context(BARE, VAGUE, STILL, "asumistuki")

    assert verdict.kind == "answer"
    assert [hit.entry_id for hit in verdict.hits] == ["asumistuki", "cv", "armeija"]
    assert verdict.confidence == STILL.confidence


@pytest.mark.parametrize(
    ("follow_up", "alone", "joined", "offered"),
    [
        (NAMED, VAGUE, STILL, ["asumistuki"]),
        (NAMED, LIKELY, STILL, ["cv", "asumistuki"]),
        (BARE, LIKELY, STILL, ["cv", "asumistuki"]),
        (BARE, VAGUE, BESIDE, ["opintotuki", "asumistuki"]),
        (BARE, LIKELY, BESIDE, ["cv", "opintotuki", "asumistuki"]),
    ],
)
def test_where_anything_speaks_for_another_entry_both_are_offered(
    follow_up: FollowUp, alone: Verdict, joined: Verdict, offered: list[str]
) -> None:
    """A new question must never get the old answer."""
    verdict = in_context(follow_up, alone, joined, "asumistuki")

    assert (verdict.kind, [hit.entry_id for hit in verdict.hits]) == ("choices", offered)


@pytest.mark.parametrize("kind", ["answer", "smalltalk", "crisis"])
def test_what_is_sure_by_itself_needs_no_context(kind: str) -> None:
    """Danger and small talk are looked at first, and a sure answer is not second-guessed."""
    alone = Verdict(kind, (Hit("cv", 1.0),), 0.99)  # type: ignore[arg-type]

    assert in_context(BARE, alone, STILL, "asumistuki") is alone


def test_an_unsure_sign_of_danger_is_kept() -> None:
    """The title beside the words must not hide it."""
    sign = SafetySign("self-harm", "unsure")
    alone = Verdict("escalate", (), 0.1, safety=sign)

    assert in_context(BARE, alone, STILL, "asumistuki").safety == sign
