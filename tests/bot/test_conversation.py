"""What the bot does next, state by state: `decide` is pure, so every rule can be asked directly."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import wording
from bot.channels.markup import as_plain_text, as_web_html
from bot.conversation import REOPEN_WITHIN, SAFETY_FOLLOW_UP, answer_text, decide, topic_at
from bot.dialogue import (
    Asked,
    ClosedTicket,
    Command,
    Conversation,
    Decision,
    Empty,
    EndTicket,
    JoinTicket,
    Left,
    OpenTicket,
    OpenTicketWith,
    Press,
    Rating,
    ReopenTicket,
    Reply,
    Said,
    Signals,
    Start,
    State,
    Text,
    Unreadable,
)
from bot.hours import Promise
from bot.profile import CRISIS_TEXTS
from knowledge import library
from knowledge.entry import LANGUAGES, Entry, Language
from knowledge.index import Hit
from knowledge.places import Place
from knowledge.privacy import DataKind
from knowledge.safety import Kind, SafetySign
from knowledge.smalltalk import SmallTalk
from knowledge.verdict import Verdict
from tests.support.knowledge import FOLDER

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
PROMISE = Promise(datetime(2026, 11, 24, 15, 0, tzinfo=UTC), is_open=True, today=NOW.date())
PROMISED = "tänään klo 15"

NEW = Conversation("c1", "Kettu 482", "fi", "telegram")
OPEN = replace(NEW, ticket=OpenTicket("t1", is_claimed=False, since=NOW - timedelta(hours=1)))
CLAIMED = replace(NEW, ticket=OpenTicket("t1", is_claimed=True, since=NOW - timedelta(hours=1)))
CLOSED = replace(NEW, closed_ticket=ClosedTicket("t1", NOW - timedelta(days=1)))
WRITING = replace(NEW, state=State(is_writing_to_person=True))
AFTER_CRISIS = replace(NEW, state=State(question_id=3, safety_until=NOW + timedelta(hours=1)))
STATES = {
    "new": NEW,
    "open": OPEN,
    "claimed": CLAIMED,
    "closed": CLOSED,
    "writing": WRITING,
    "after crisis": AFTER_CRISIS,
    "told of masking": replace(NEW, state=State(was_told_of_masking=True)),
    "sending contacts": replace(OPEN, state=State(contacts_let_at=NOW)),
    "late": replace(NEW, closed_ticket=ClosedTicket("t1", NOW - REOPEN_WITHIN - timedelta(seconds=1))),
}

HITS = (Hit("asumistuki", 0.9), Hit("toimeentulotuki", 0.06), Hit("cv", 0.01))
ANSWER = Verdict("answer", HITS, 0.99)
CHOICES = Verdict("choices", (Hit("asumistuki", 0.5), Hit("cv", 0.3), Hit("armeija", 0.2)), 0.5)
UNKNOWN = Verdict("escalate", HITS, 0.05)
ROUTED = Verdict("escalate", (Hit("cv", 0.6),), 0.4)
THANKS = Verdict("smalltalk", HITS, None, smalltalk="thanks")
SURE = Verdict("crisis", HITS, None, safety=SafetySign("self-harm", "sure"))
UNSURE = SafetySign("self-harm", "unsure")


@cache
def entries() -> dict[str, Entry]:
    """The six entries of the tests, by id."""
    return {entry.id: entry for entry in library.load(FOLDER).entries}


def signals(verdict: Verdict | None = None, question: Asked | None = None) -> Signals:
    """What the other rooms see."""
    return Signals(
        promise=PROMISE,
        verdict=verdict,
        entries=entries(),
        question=question,
        examples=("Esimerkki yksi?", "Esimerkki kaksi?"),
        crisis_texts={language: {kind: f"{kind} {language}" for kind in CRISIS_TEXTS} for language in LANGUAGES},
        privacy_notice="Tiedoistasi vastaa kunta.",
    )


def asked(verdict: Verdict, text: str = "Miten haen tätä tukea?", message_id: int = 11) -> Asked:
    """A question as the store has it."""
    return Asked(message_id, text, tuple((hit.entry_id, hit.score) for hit in verdict.hits), verdict.confidence)


def hear(conversation: Conversation, verdict: Verdict, text: str = "Miten haen tätä tukea?") -> Decision:
    """What follows from a text on which this is the verdict."""
    return decide(conversation, Text(text), signals(verdict, asked(verdict, text)), NOW)


def press(conversation: Conversation, verb: str, value: str = "", question: Asked | None = None) -> Decision:
    """What follows from a press."""
    return decide(conversation, Press(verb, value, 12, question), signals(question=question), NOW)


def texts(decision: Decision) -> list[str]:
    """What is said."""
    return [reply.text for reply in decision.replies]


def labels(decision: Decision) -> list[str]:
    """What the buttons of the one reply say."""
    (reply,) = decision.replies
    return [button.label for button in reply.buttons]


def kinds(decision: Decision) -> list[tuple[str, str | None]]:
    """The events for the figures."""
    return [(event.kind, event.topic) for event in decision.events]


# --- questions ------------------------------------------------------------------------------------------------


def test_what_the_bot_is_sure_of_is_answered_with_its_sources_and_asked_about() -> None:
    """The answer, where it is from, when it was checked, and whether it helped."""
    decision = hear(NEW, ANSWER)
    (reply,) = decision.replies

    assert reply.entry_id == "asumistuki"
    assert reply.text.startswith("**Asumistukea haetaan Kelasta.**")
    assert "(https://example.org/asumistuki) · Tarkistettu 1.11.2026" in reply.text
    assert reply.text.endswith(wording.DID_IT_HELP)
    assert labels(decision) == [wording.BUTTON_YES, wording.BUTTON_NO, wording.BUTTON_PERSON]
    assert kinds(decision) == [("asked", "asumistuki"), ("answered", "asumistuki")]


@pytest.mark.parametrize(
    ("language", "place", "source"),
    [
        ("fi", " · Torikatu 1 · 044 703 6235 · aina auki. Auttaa heti.", "Lähde: [Lähde](S) · Tarkistettu 1.11.2026"),
        ("sv", " · Torikatu 1 · 044 703 6235 · alltid öppet. Hjälper.", "Källa: [Lähde](S) · Kontrollerat 1.11.2026"),
        ("en", " · Torikatu 1 · 044 703 6235 · always open. Helps.", "Source: [Lähde](S) · Checked 1 November 2026"),
    ],
)
def test_where_to_go_and_where_it_is_from_are_told_in_the_askers_language(
    language: Language, place: str, source: str
) -> None:
    """Names stay what stands on the door and on the page; opening hours in Finnish help nobody who reads none."""
    crisis = Place(
        name="Kriisipäivystys",
        what={"fi": "Auttaa heti.", "sv": "Hjälper.", "en": "Helps."},
        municipalities=("Oulu",),
        address="Torikatu 1",
        phone="044 703 6235",
        hours={"fi": "aina auki", "sv": "alltid öppet", "en": "always open"},
        url="https://pohde.fi",
        checked=NOW.date(),
    )
    entry = entries()["asumistuki"]
    entry = entry.model_copy(update={"places": ("kriisi",)})

    local, cited = answer_text(entry, {"kriisi": crisis}, language).split("\n\n")[-3:-1]

    assert local == f"[Kriisipäivystys](https://pohde.fi){place}"
    assert cited == source.replace("Lähde](S)", f"{entry.sources[0].title}]({entry.sources[0].url})")


def test_an_answer_without_sources_is_given_all_the_same() -> None:
    """An advisor's own reply becomes an entry without any page to cite."""
    known = signals(ANSWER, asked(ANSWER))
    bare = {**entries(), "asumistuki": entries()["asumistuki"].model_copy(update={"sources": ()})}
    decision = decide(NEW, Text("?"), replace(known, entries=bare), NOW)

    assert texts(decision)[0].startswith("**Asumistukea haetaan Kelasta.**")
    assert "Tarkistettu" not in texts(decision)[0]


def test_in_another_language_a_finnish_answer_is_given_with_a_word_about_it() -> None:
    """The asker's language is followed; a missing translation is said, not hidden."""
    decision = hear(NEW, replace(ANSWER, language="sv"), "Hur söker jag bostadsbidrag?")

    assert decision.conversation.language == "sv"
    assert texts(decision)[0].startswith(wording.say("sv", wording.ONLY_IN_FINNISH))
    assert labels(decision)[0] == wording.say("sv", wording.BUTTON_YES)


def test_a_message_without_a_language_of_its_own_keeps_the_one_before() -> None:
    """ "ok" and "?" are no change of language."""
    assert hear(replace(NEW, language="en"), replace(THANKS, language=None)).conversation.language == "en"


TALKING = replace(NEW, state=State(question_id=3))  # a question has been asked in Finnish


@pytest.mark.parametrize(
    ("conversation", "text", "language"),
    [
        (NEW, "hej", "sv"),
        (TALKING, "hej", "fi"),
        (TALKING, "thanks!", "fi"),
        (TALKING, "ok cool 24", "fi"),
        (TALKING, "vad är FPA?", "sv"),
        (replace(TALKING, language="en"), "CV", "en"),
        (replace(TALKING, language="en", state=State(chose_language=True)), "Miten haen asumistukea Kelasta?", "en"),
    ],
)
def test_a_short_text_does_not_change_a_conversations_language(
    conversation: Conversation, text: str, language: Language
) -> None:
    """One word is often the same in three languages; what was chosen stays until another is chosen."""
    detected: Language = "sv" if "vad" in text or "hej" in text else "fi" if conversation.language == "en" else "en"

    assert hear(conversation, replace(ANSWER, language=detected), text).conversation.language == language


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_is_chosen_by_a_button_and_remembered(state: str, language: Language) -> None:
    """Each language in its own name, in every state."""
    asked_for = decide(STATES[state], Command("kieli"), signals(), NOW)
    button = next(button for button in asked_for.replies[0].buttons if button.value == language)
    chosen = decide(asked_for.conversation, Press(button.verb, button.value, 12), signals(), NOW)

    assert labels(asked_for) == ["Suomi", "Svenska", "English"]
    assert texts(chosen) == [wording.say(language, wording.LANGUAGE_CHOSEN)]
    assert (chosen.conversation.language, chosen.conversation.state.chose_language) == (language, True)


def test_a_language_that_nobody_made_is_not_chosen() -> None:
    """Forged, or of another version."""
    decision = press(NEW, "language", "xx")

    assert (decision.kind, decision.conversation.language) == ("stale", "fi")


@pytest.mark.parametrize("verdict", [UNKNOWN, CHOICES])
def test_another_language_gets_a_kind_word_in_three_and_the_way_to_a_person(verdict: Verdict) -> None:
    """Choices guessed from a few shared letters would only confuse; a person may speak it."""
    known = replace(signals(verdict, asked(verdict)), is_foreign=True)
    decision = decide(NEW, Text("Wie finde ich Arbeit?"), known, NOW)
    follows = press(decision.conversation, "person", question=asked(verdict))

    assert texts(decision) == ["\n\n".join(wording.say(spoken, wording.OTHER_LANGUAGE) for spoken in LANGUAGES)]
    assert [button.verb for button in decision.replies[0].buttons] == ["person"]
    assert kinds(decision) == [("asked", None), ("not_found", None)]
    assert decision.conversation.state.question_id == 11
    assert texts(follows)[0].endswith(wording.say("en", wording.OFFER, alias="Kettu 482", promise="today at 15:00"))


def test_what_is_answered_in_another_language_is_answered() -> None:
    """A word that the FAQ knows word for word is no foreign one; danger is looked at before."""
    for verdict, kind in ((ANSWER, "answer"), (SURE, "crisis")):
        assert decide(NEW, Text("?"), replace(signals(verdict, asked(verdict)), is_foreign=True), NOW).kind == kind


def test_an_unsure_bot_offers_titles_and_none_of_these() -> None:
    """Better three choices than one wrong answer."""
    decision = hear(NEW, CHOICES)

    assert labels(decision) == [
        *(entries()[id_].title for id_ in ("asumistuki", "cv", "armeija")),
        wording.BUTTON_NONE_OF_THESE,
    ]
    assert [button.value for button in decision.replies[0].buttons] == ["asumistuki", "cv", "armeija", ""]
    assert decision.ticket is None


def test_what_the_bot_does_not_know_is_said_plainly_and_offered_to_a_person() -> None:
    """No guess; what is sent, who sees it, and until when the answer comes."""
    decision = hear(NEW, UNKNOWN)

    assert texts(decision) == [wording.say("fi", wording.OFFER_NOT_FOUND, alias="Kettu 482", promise=PROMISED)]
    ways = [wording.BUTTON_DO_NOT_SEND, wording.BUTTON_SITUATIONS]
    assert labels(decision) == [wording.BUTTON_SEND_MONEY, wording.BUTTON_SEND_WORK, *ways]
    assert kinds(decision) == [("asked", None), ("not_found", None)], "a far guess is no topic"
    assert decision.ticket is None


def test_a_likely_topic_chooses_the_advisor() -> None:
    """The candidate's advisor field routes; the asker need not know who does what."""
    assert labels(hear(NEW, ROUTED))[:2] == [wording.BUTTON_SEND["tyovoimaneuvoja"], wording.BUTTON_DO_NOT_SEND]


def test_an_answer_is_what_a_follow_up_goes_on_from() -> None:
    """Until a question is about something else."""
    answered = hear(NEW, ANSWER).conversation

    assert topic_at(answered, NOW) == "asumistuki"
    assert topic_at(hear(answered, THANKS).conversation, NOW) == "asumistuki"
    assert topic_at(press(answered, "pick", "cv", asked(CHOICES)).conversation, NOW) == "cv"
    for other in (CHOICES, UNKNOWN, SURE):
        assert topic_at(hear(answered, other).conversation, NOW) is None


@pytest.mark.parametrize("state", ["open", "claimed", "writing", "after crisis"])
def test_nothing_goes_on_from_an_answer_where_words_are_meant_for_a_person(state: str) -> None:
    """Nor within a day of a danger: short words get its follow-up there."""
    talk = STATES[state]

    assert topic_at(replace(talk, state=replace(talk.state, topic="asumistuki")), NOW) is None


def test_an_answer_to_a_follow_up_says_how_it_was_read() -> None:
    """The asker can tell a misunderstanding from an answer; and a follow-up's choices keep the topic."""
    known = replace(signals(ANSWER, asked(ANSWER)), goes_on=True)
    first = decide(NEW, Text("mistä sen saa?"), known, NOW)
    second = decide(first.conversation, Text("entä cv"), replace(known, verdict=CHOICES), NOW)

    assert texts(first)[0].startswith(wording.STILL_ABOUT + "\n\n**Asumistukea haetaan Kelasta.**")
    assert topic_at(second.conversation, NOW) == "asumistuki"


def test_two_related_entries_stand_as_buttons_under_an_answer() -> None:
    """The next step is often the neighbouring topic; a third one would only push "Kysy ihmiseltä" away."""
    related = entries()["asumistuki"].model_copy(update={"related": ("gone", "toimeentulotuki", "cv", "armeija")})
    known = replace(signals(ANSWER, asked(ANSWER)), entries={**entries(), "asumistuki": related})
    reply = decide(NEW, Text("?"), known, NOW).replies[0]
    pressed = press(NEW, "related", "cv", asked(ANSWER))

    assert [(button.verb, button.label) for button in reply.buttons] == [
        ("yes", wording.BUTTON_YES),
        ("no", wording.BUTTON_NO),
        ("related", entries()["toimeentulotuki"].title),
        ("related", entries()["cv"].title),
        ("person", wording.BUTTON_PERSON),
    ]
    assert (pressed.replies[0].entry_id, kinds(pressed)) == ("cv", [("browsed", "cv")])


def test_two_questions_get_two_answers() -> None:
    """Each with its own buttons, and each counted; what goes on from two answers can't be told."""
    known = replace(signals(ANSWER, asked(ANSWER)), second="cv")
    decision = decide(NEW, Text("miten haen asumistukea ja teen cvn"), known, NOW)
    first, second = decision.replies

    assert (first.entry_id, second.entry_id) == ("asumistuki", "cv")
    assert first.text.startswith(wording.TWO_QUESTIONS + "\n\n**Asumistukea")
    assert second.text.startswith("**CV:ssä")
    assert {button.value for button in second.buttons if button.verb == "yes"} == {"cv"}
    assert kinds(decision) == [
        ("asked", "asumistuki"),
        ("answered", "asumistuki"),
        ("asked", "cv"),
        ("answered", "cv"),
    ]
    assert decision.conversation.state.topic is None


def test_while_a_ticket_waits_two_questions_get_two_answers_and_one_way_into_it() -> None:
    """Neither question is lost; the tap adds the whole message to the ticket."""
    known = replace(signals(ANSWER, asked(ANSWER)), second="cv")
    first, second = decide(OPEN, Text("miten haen asumistukea ja teen cvn"), known, NOW).replies

    assert (first.entry_id, second.entry_id) == ("asumistuki", "cv")
    assert (first.buttons, [button.verb for button in second.buttons]) == ((), ["add"])


@pytest.mark.parametrize("conversation", [CLAIMED, WRITING])
def test_two_questions_meant_for_a_person_are_not_taken_apart(conversation: Conversation) -> None:
    """The person reads both."""
    known = replace(signals(ANSWER, asked(ANSWER)), second="cv")

    assert len(decide(conversation, Text("?"), known, NOW).replies) < 2


@pytest.mark.parametrize("smalltalk", get_args(SmallTalk))
def test_small_talk_is_met_and_is_no_question(smalltalk: SmallTalk) -> None:
    """Its words must not become the question that "Kysy ihmiseltä" sends."""
    before = replace(NEW, state=State(question_id=5))
    decision = hear(before, Verdict("smalltalk", HITS, None, smalltalk=smalltalk))

    assert texts(decision) == [wording.SMALL_TALK[smalltalk]]
    assert ("person" in [button.verb for button in decision.replies[0].buttons]) == (smalltalk == "low")
    assert decision.conversation.state.question_id == 5
    assert decision.events == ()


def test_a_question_is_remembered_for_the_buttons_that_follow() -> None:
    """ "Kysy ihmiseltä" under the answer sends what was asked."""
    assert hear(NEW, ANSWER).conversation.state.question_id == 11


# --- safety ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_sure_sign_of_danger_gets_its_own_reply_first_in_every_state(state: str, kind: Kind) -> None:
    """No FAQ answer on top, no waiting, whatever else is going on."""
    decision = hear(STATES[state], replace(SURE, safety=SafetySign(kind, "sure")))

    assert texts(decision)[0].startswith(f"{kind} fi")
    assert len(texts(decision)) == 1
    assert decision.conversation.state.safety_until == NOW + SAFETY_FOLLOW_UP
    assert ("crisis", None) in kinds(decision)


@pytest.mark.parametrize("state", STATES)
def test_in_danger_somebody_is_told_when_a_person_sees_what_they_wrote(state: str) -> None:
    """Whoever writes to a person must know that this, too, went to them; and nobody may think so when it did not."""
    decision = hear(STATES[state], SURE)

    assert (wording.JOINED_TICKET in texts(decision)[0]) == (STATES[state].ticket is not None)


CRIES: dict[str, tuple[Said, dict[str, object]]] = {
    "text": (Text("x"), {}),
    "text with a number masked": (Text("x", frozenset({"iban", "phone"}), "x"), {}),
    "example pressed": (Press("ask", "x", 12), {}),
    "text that goes on": (Text("x"), {"goes_on": True}),
    "two questions": (Text("x"), {"second": "cv"}),
    "card's question pressed": (Press("draft", "x", 12), {}),
    "wish for a person": (Text("x"), {"wants_person": True}),
    "not knowing what to ask": (Text("x"), {"is_lost": True}),
    "foreign text": (Text("x"), {"is_foreign": True}),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("cry", CRIES)
@pytest.mark.parametrize("state", [*STATES, "language chosen", "talk about a topic"])
def test_danger_comes_first_in_every_state_however_it_is_said_and_in_three_languages(
    state: str, cry: str, language: Language
) -> None:
    """Nothing else that a message is, and nothing that went before, stands between somebody in danger and help."""
    talk = STATES.get(state) or replace(
        NEW, state=State(question_id=3, topic="cv", chose_language=state == "language chosen")
    )
    talk = replace(talk, language=language)
    said, seen = CRIES[cry]
    verdict = replace(SURE, language=language)
    known = replace(signals(verdict, asked(verdict, "x")), **seen)  # type: ignore[arg-type]
    decision = decide(talk, said, known, NOW)

    assert decision.kind == "crisis"
    assert texts(decision)[0].startswith(f"self-harm {language}")
    assert decision.ticket == (JoinTicket(urgent=True) if talk.ticket else None)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_what_no_machine_can_read_gets_the_emergency_number_in_every_state(state: str, language: Language) -> None:
    """A photo, a voice message, a sticker: and /apua gives all the numbers at any time."""
    talk = replace(STATES[state], language=language)

    for what in get_args(Unreadable.__annotations__["what"]):
        assert wording.say(language, wording.LIFE_AT_RISK) in texts(decide(talk, Unreadable(what), signals(), NOW))[0]
    assert texts(decide(talk, Command("apua"), signals(), NOW)) == [f"numbers {language}"]


@pytest.mark.parametrize("conversation", [NEW, WRITING, AFTER_CRISIS, CLOSED])
def test_nothing_of_a_danger_goes_to_a_person_before_the_askers_tap(conversation: Conversation) -> None:
    """They may have told a bot because it is no person."""
    decision = hear(conversation, SURE)

    assert decision.ticket is None
    assert [button.verb for button in decision.replies[0].buttons] == ["send", "keep"]


@pytest.mark.parametrize("conversation", [OPEN, CLAIMED])
def test_in_an_open_ticket_a_danger_joins_it_and_makes_it_urgent(conversation: Conversation) -> None:
    """They have opened it to a person themselves: that person must see it, at the top."""
    assert hear(conversation, SURE).ticket == JoinTicket(urgent=True)


@pytest.mark.parametrize("verdict", [THANKS, UNKNOWN, CHOICES])
@pytest.mark.parametrize("text", ["joo", "en tiiä", "ei oo mitään"])
def test_for_a_day_a_short_reply_gets_the_follow_up_and_no_guess(verdict: Verdict, text: str) -> None:
    """ "joo" after "soita 112" must not be met with a tip on CVs."""
    decision = hear(AFTER_CRISIS, verdict, text)

    assert texts(decision) == [wording.SAFETY_FOLLOW_UP]
    assert decision.conversation.state.question_id == 3
    assert [button.verb for button in decision.replies[0].buttons] == ["send", "keep"]


@pytest.mark.parametrize("ticket", [OPEN.ticket, CLAIMED.ticket])
def test_a_short_reply_after_a_danger_that_joins_a_ticket_is_said_to(ticket: OpenTicket) -> None:
    """It offers no way to send it: it has been sent."""
    decision = hear(replace(AFTER_CRISIS, ticket=ticket), THANKS, "joo")

    assert texts(decision) == [f"{wording.SAFETY_FOLLOW_UP}\n\n{wording.JOINED_TICKET}"]
    assert (decision.ticket, decision.replies[0].buttons) == (JoinTicket(), ())


@pytest.mark.parametrize("conversation", [NEW, OPEN, CLAIMED, replace(OPEN, state=State(contacts_let_at=NOW))])
@pytest.mark.parametrize("verdict", [ANSWER, UNKNOWN, THANKS, replace(UNKNOWN, safety=UNSURE)])
def test_who_writes_under_a_picture_is_told_that_nobody_sees_the_picture(
    conversation: Conversation, verdict: Verdict
) -> None:
    """Words that join a ticket must not let somebody believe that the advisor has their payslip."""
    said = Text("Tässä on mun palkkalaskelma", beside="photo")
    decision = decide(conversation, said, signals(verdict, asked(verdict, said.text)), NOW)

    assert texts(decision)[0].startswith(f"{wording.BESIDE_WORDS} {wording.LIFE_AT_RISK}")


def test_a_danger_under_a_picture_gets_its_own_reply_alone() -> None:
    """Nothing stands on top of it."""
    said = Text("otin liikaa lääkkeitä", beside="photo")

    assert texts(decide(NEW, said, signals(SURE, asked(SURE, said.text)), NOW)) == texts(hear(NEW, SURE))


def test_after_a_day_a_short_reply_is_an_ordinary_one_again() -> None:
    """The follow-up ends."""
    over = replace(NEW, state=State(safety_until=NOW - timedelta(seconds=1)))

    assert hear(over, THANKS, "joo").kind == "smalltalk"


def test_a_real_question_after_a_danger_is_answered() -> None:
    """Life goes on: who asks about money gets the answer."""
    assert hear(AFTER_CRISIS, ANSWER, "Miten haen toimeentulotukea Kelasta?").kind == "answer"


def test_what_is_sent_within_a_day_of_a_danger_is_urgent() -> None:
    """The advisor sees it first."""
    decision = press(AFTER_CRISIS, "send", "sosiaaliohjaaja", asked(SURE))

    assert isinstance(decision.ticket, OpenTicketWith)
    assert decision.ticket.urgent is True


@pytest.mark.parametrize("verdict", [ANSWER, CHOICES, UNKNOWN, THANKS])
@pytest.mark.parametrize("state", sorted(set(STATES) - {"claimed", "after crisis"}))
def test_an_unsure_sign_puts_one_gentle_line_before_what_is_said_anyway(state: str, verdict: Verdict) -> None:
    """Safety comes first in every state; an unsure sign costs one line, never the answer."""
    plain, gentle = hear(STATES[state], verdict), hear(STATES[state], replace(verdict, safety=UNSURE))

    assert texts(gentle) == [f"{wording.GENTLE_LINE}\n\n{texts(plain)[0]}"]
    assert replace(gentle, replies=()) == replace(plain, replies=())


def test_in_a_claimed_ticket_an_unsure_sign_breaks_the_bots_silence() -> None:
    """The bot is silent there except for safety: the advisor may read it tomorrow."""
    decision = hear(CLAIMED, replace(UNKNOWN, safety=UNSURE))

    assert texts(decision) == [wording.GENTLE_LINE]
    assert decision.ticket == JoinTicket()


# --- text while a ticket is open ------------------------------------------------------------------------------


def test_in_an_unclaimed_ticket_what_the_bot_is_sure_of_is_answered_and_may_be_added() -> None:
    """The answer need not wait for a person; whether the person sees the question is the asker's choice."""
    decision = hear(OPEN, ANSWER)

    assert decision.replies[0].entry_id == "asumistuki"
    assert labels(decision) == [wording.BUTTON_ADD_TO_TICKET]
    assert decision.ticket is None


@pytest.mark.parametrize("verdict", [CHOICES, UNKNOWN, THANKS])
def test_in_an_unclaimed_ticket_anything_else_joins_it_and_that_is_said(verdict: Verdict) -> None:
    """What is written after sending belongs to what was sent."""
    decision = hear(OPEN, verdict)

    assert texts(decision) == [wording.JOINED_TICKET]
    assert decision.ticket == JoinTicket()


@pytest.mark.parametrize("verdict", [ANSWER, CHOICES, UNKNOWN, THANKS])
def test_in_a_claimed_ticket_everything_joins_and_the_bot_is_silent(verdict: Verdict) -> None:
    """Two people are talking."""
    decision = hear(CLAIMED, verdict)

    assert (decision.replies, decision.ticket) == ((), JoinTicket())


def test_after_closing_a_text_is_a_new_question() -> None:
    """The old ticket stays closed unless the asker presses "Jatka"."""
    decision = hear(CLOSED, ANSWER)

    assert (decision.kind, decision.ticket) == ("answer", None)


# --- asking a person ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["sosiaaliohjaaja", "tyovoimaneuvoja"])
def test_the_askers_tap_sends_the_question_to_the_chosen_advisor(role: str) -> None:
    """And says when the answer comes."""
    decision = press(NEW, "send", role, asked(ROUTED))

    assert decision.ticket == OpenTicketWith(role, 11, "cv", urgent=False)  # type: ignore[arg-type]
    assert texts(decision) == [wording.say("fi", wording.SENT[role], promise=PROMISED)]  # type: ignore[index]
    assert kinds(decision) == [("escalated", "cv")]


def test_not_sending_sends_nothing() -> None:
    """No is no."""
    decision = press(NEW, "keep", question=asked(UNKNOWN))

    assert (texts(decision), decision.ticket) == ([wording.KEPT], None)


def test_asking_for_a_person_before_any_question_asks_for_the_question() -> None:
    """/ihminen as the first word: what is written next is offered to a person, and only offered."""
    first = decide(NEW, Command("ihminen"), signals(), NOW)
    second = hear(first.conversation, ANSWER, "Voinko jutella jostain?")

    assert texts(first) == [wording.WRITE_TO_PERSON]
    assert first.conversation.state.is_writing_to_person is True
    assert second.kind == "offer"
    assert (second.ticket, second.conversation.state.is_writing_to_person) == (None, False)


def test_in_opening_hours_the_offer_tells_how_long_it_took_others() -> None:
    """Measured, and beside the promise: half have waited longer."""
    known = replace(signals(UNKNOWN, asked(UNKNOWN)), usual_wait=timedelta(minutes=12))
    plain = wording.say("fi", wording.OFFER_NOT_FOUND, alias="Kettu 482", promise=PROMISED)

    assert texts(decide(NEW, Text("?"), known, NOW)) == [
        f"{plain} {wording.say('fi', wording.USUAL_WAIT, wait='15 minuutissa')}"
    ]


def test_outside_opening_hours_the_offer_tells_when_people_are_back() -> None:
    """And nothing of what is usual by day."""
    closed = replace(PROMISE, is_open=False, opens_at=datetime(2026, 11, 25, 9, 0, tzinfo=UTC))
    known = replace(signals(UNKNOWN, asked(UNKNOWN)), usual_wait=timedelta(minutes=12), promise=closed)
    plain = wording.say("fi", wording.OFFER_NOT_FOUND, alias="Kettu 482", promise=PROMISED)

    assert texts(decide(NEW, Text("?"), known, NOW)) == [
        f"{plain} {wording.say('fi', wording.BACK, back='huomenna klo 9')}"
    ]


@pytest.mark.parametrize("state", sorted(set(STATES) - {"claimed", "sending contacts"}))
@pytest.mark.parametrize("verdict", [ANSWER, CHOICES, UNKNOWN, THANKS])
def test_a_wish_for_a_person_in_words_is_the_command(state: str, verdict: Verdict) -> None:
    """At any moment; and what was asked before is what is offered, not the wish."""
    known = replace(signals(verdict, asked(ROUTED, message_id=5)), wants_person=True)
    wished = decide(STATES[state], Text("haluan ihmisen"), known, NOW)
    commanded = decide(STATES[state], Command("ihminen"), known, NOW)

    assert wished == commanded
    assert wished.conversation.state.question_id == STATES[state].state.question_id


def test_with_a_person_already_there_a_wish_for_one_is_theirs_to_read() -> None:
    """The bot is silent in a claimed ticket."""
    known = replace(signals(ANSWER, asked(ANSWER)), wants_person=True)
    decision = decide(CLAIMED, Text("haluan puhua ihmiselle"), known, NOW)

    assert (decision.replies, decision.ticket) == ((), JoinTicket())


def test_danger_goes_before_a_wish_for_a_person() -> None:
    """The numbers first; the way to a person stands under them."""
    assert decide(NEW, Text("?"), replace(signals(SURE, asked(SURE)), wants_person=True), NOW).kind == "crisis"


@pytest.mark.parametrize("verb", ["person", "none"])
def test_wanting_a_person_after_an_answer_offers_to_send_what_was_asked(verb: str) -> None:
    """Under an answer, or when none of the choices is right."""
    decision = press(NEW, verb, question=asked(ROUTED))

    offer = wording.say("fi", wording.OFFER, alias="Kettu 482", promise=PROMISED)
    assert texts(decision) == [f"”Miten haen tätä tukea?”\n\n{offer}"]
    assert decision.conversation.state.question_id == 11


def test_an_offer_quotes_the_question_that_would_be_sent() -> None:
    """Other messages may stand between the two; a long one is cut, and no mark or link of the asker's is one here."""
    question = asked(ROUTED, "[vuokra](https://x.example) *myöhässä*\n\n" + "a" * 300)
    (text,) = texts(decide(NEW, Command("ihminen"), signals(question=question), NOW))

    assert as_plain_text(text).startswith("”[vuokra](https://x.example) *myöhässä* aaa")
    assert "<a" not in as_web_html(text)
    assert "a" * 120 not in text


def test_a_cry_for_help_is_not_said_back() -> None:
    """Who was in danger is offered a person without having to read their own words again."""
    (text,) = texts(decide(AFTER_CRISIS, Command("ihminen"), signals(question=asked(SURE, "Haluan kuolla")), NOW))

    assert text.startswith("Lähetänkö kysymyksesi ohjaajalle?")


@pytest.mark.parametrize("verb", ["send", "person", "none", "continue"])
@pytest.mark.parametrize("conversation", [OPEN, CLAIMED])
def test_while_a_ticket_is_open_no_second_one_is_opened(verb: str, conversation: Conversation) -> None:
    """A button pressed twice, or an old one: the question is with a person already, and that is said."""
    decision = press(conversation, verb, "sosiaaliohjaaja", asked(UNKNOWN))

    assert (texts(decision), decision.ticket) == ([wording.ALREADY_SENT], None)


def test_a_question_answered_in_an_open_ticket_can_be_added_to_it() -> None:
    """ "Lisää neuvojalle" adds that very question."""
    assert press(OPEN, "add", question=asked(ANSWER)).ticket == JoinTicket(11)


def test_adding_to_a_ticket_that_is_closed_meanwhile_is_a_stale_press() -> None:
    """Nothing to add to."""
    assert texts(press(CLOSED, "add", question=asked(ANSWER))) == [wording.STALE_BUTTON]


@pytest.mark.parametrize(
    ("state", "text", "buttons"),
    [
        ("closed", wording.WAS_SENT_BEFORE, [wording.BUTTON_CONTINUE]),
        ("late", wording.TOO_LATE_TO_CONTINUE, []),
    ],
)
def test_a_question_of_a_closed_ticket_is_not_sent_again_but_continued(
    state: str, text: str, buttons: list[str]
) -> None:
    """An old "Lähetä" would take it out of the thread that the advisor's answer stands in."""
    decision = press(STATES[state], "send", "tyovoimaneuvoja", replace(asked(ROUTED), ticket_id="t1"))

    assert (texts(decision), labels(decision)) == ([text], buttons)
    assert (decision.ticket, decision.events) == (None, ())


def test_what_a_person_has_answered_is_not_offered_to_a_person_again() -> None:
    """/ihminen after a closed question is about something new."""
    decision = decide(CLOSED, Command("ihminen"), signals(question=replace(asked(ROUTED), ticket_id="t1")), NOW)

    assert texts(decision) == [wording.WRITE_TO_PERSON]
    assert decision.conversation.state.is_writing_to_person


def test_a_question_of_a_closed_ticket_is_not_added_to_another() -> None:
    """Its place is in the thread it was sent with."""
    assert press(OPEN, "add", question=replace(asked(ANSWER), ticket_id="t0")).kind == "stale"
    assert press(OPEN, "add", question=replace(asked(ANSWER), ticket_id="t1")).ticket == JoinTicket(11), "pressed twice"


def test_a_closed_ticket_is_continued_within_a_week() -> None:
    """By anyone's hand, with a new promise."""
    at_the_last_moment = replace(NEW, closed_ticket=ClosedTicket("t1", NOW - REOPEN_WITHIN))
    decision = press(at_the_last_moment, "continue")

    assert decision.ticket == ReopenTicket("t1")
    assert texts(decision) == [wording.say("fi", wording.REOPENED, promise=PROMISED)]


@pytest.mark.parametrize("conversation", [OPEN, CLAIMED])
def test_the_asker_may_end_the_talk_and_take_it_up_again(conversation: Conversation) -> None:
    """Either side ends it; one tap in error is mended by another."""
    decision = press(conversation, "end")

    assert decision.ticket == EndTicket()
    assert (texts(decision), labels(decision)) == ([wording.ENDED], [wording.BUTTON_CONTINUE])
    assert kinds(decision) == [("closed_asker", None)]


@pytest.mark.parametrize("conversation", [NEW, CLOSED])
def test_what_has_ended_already_is_not_ended_again(conversation: Conversation) -> None:
    """A button pressed twice, or after the advisor has closed it."""
    decision = press(conversation, "end")

    assert (decision.kind, decision.ticket, decision.events) == ("stale", None, ())


def test_what_goes_to_a_person_can_be_ended_from_there() -> None:
    """The way out stands where one looks."""
    for decision in (press(NEW, "send", "tyovoimaneuvoja", asked(ROUTED)), hear(OPEN, UNKNOWN)):
        assert [button.verb for button in decision.replies[-1].buttons] == ["end"]


@pytest.mark.parametrize("state", ["late", "new"])
def test_a_ticket_closed_longer_ago_is_not_continued(state: str) -> None:
    """A week late gets a kind word and a way on."""
    decision = press(STATES[state], "continue")

    assert (texts(decision), decision.ticket) == ([wording.TOO_LATE_TO_CONTINUE], None)


# --- other buttons --------------------------------------------------------------------------------------------


def test_picking_a_choice_gives_that_entry_and_is_not_asked_twice() -> None:
    """One question, one "asked" in the figures."""
    decision = press(NEW, "pick", "cv", asked(CHOICES))

    assert decision.replies[0].entry_id == "cv"
    assert kinds(decision) == [("picked", "cv")]


def test_an_answer_that_helped_is_counted() -> None:
    """What the figures call answered for good."""
    decision = press(NEW, "yes", "cv", asked(ANSWER))

    assert kinds(decision) == [("helped", "cv")]
    assert decision.rating == Rating(12, helped=True)


def test_an_answer_that_did_not_help_leads_to_likely_others_and_a_person() -> None:
    """Not to a dead end, nor to candidates that nobody would take for the answer."""
    decision = press(NEW, "no", "asumistuki", asked(CHOICES))

    assert labels(decision)[-1] == wording.BUTTON_PERSON
    assert entries()["cv"].title in labels(decision)
    assert entries()["asumistuki"].title not in labels(decision)
    assert kinds(decision) == [("not_helped", "asumistuki")]
    assert decision.rating == Rating(12, helped=False)


def test_where_no_other_candidate_is_likely_the_related_entries_are_the_other_answers() -> None:
    """A bot that was sure has no second guess, but the neighbouring topic may be the one meant."""
    related = entries()["asumistuki"].model_copy(update={"related": ("asumistuki", "armeija", "gone")})
    known = replace(signals(), entries={**entries(), "asumistuki": related})
    sure = Asked(11, "?", (("asumistuki", 1.0), ("cv", 0.0)), 0.99)
    decision = decide(NEW, Press("no", "asumistuki", 12, sure), known, NOW)

    assert labels(decision) == [entries()["armeija"].title, wording.BUTTON_PERSON]


@pytest.mark.parametrize("again", ["yes", "no"])
def test_an_answer_is_rated_once_however_often_it_is_pressed(again: str) -> None:
    """A thumb that slips twice must not make two of the figures; what is said stays the same."""
    first = press(NEW, "yes", "cv", asked(ANSWER))
    second = press(first.conversation, again, "cv", asked(ANSWER))
    other = decide(second.conversation, Press("yes", "cv", 13, asked(ANSWER)), signals(), NOW)

    assert (texts(second), second.events) == (texts(press(NEW, again, "cv", asked(ANSWER))), ())
    assert kinds(other) == [("helped", "cv")]


@pytest.mark.parametrize("verb", ["gone", "nonsense", "", "SEND", "pick"])
@pytest.mark.parametrize("state", STATES)
def test_a_button_that_is_not_there_any_more_is_answered_kindly(state: str, verb: str) -> None:
    """Forged, erased, or of an entry that no longer exists."""
    decision = press(STATES[state], verb, "no-such-entry")

    assert (texts(decision), decision.ticket, decision.events) == ([wording.STALE_BUTTON], None, ())


def test_an_example_that_is_pressed_is_a_question_like_any_other() -> None:
    """The greeting's buttons."""
    pressed = decide(NEW, Press("ask", "Miten haen asumistukea?", 4), signals(ANSWER, asked(ANSWER)), NOW)

    assert pressed.replies[0].entry_id == "asumistuki"


# --- everything else ------------------------------------------------------------------------------------------


def test_the_start_greets_with_examples_and_remembers_the_campaign() -> None:
    """Where askers come from is what the coordinator wants to know most."""
    decision = decide(NEW, Start("oulu-lehti"), signals(), NOW)

    assert texts(decision) == [wording.GREETING]
    ways = [wording.BUTTON_SITUATIONS, wording.BUTTON_TOPICS]
    assert labels(decision) == ["Esimerkki yksi?", "Esimerkki kaksi?", *ways]
    assert (decision.campaign, kinds(decision)) == ("oulu-lehti", [("came", None)])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("apua", "numbers fi"),
        ("ohje", wording.INSTRUCTIONS),
        ("tietosuoja", "Tiedoistasi vastaa kunta."),
        ("nosuchthing", wording.UNKNOWN_COMMAND),
    ],
)
@pytest.mark.parametrize("state", STATES)
def test_a_command_works_in_every_state(state: str, name: str, text: str) -> None:
    """Help above all."""
    assert texts(decide(STATES[state], Command(name), signals(), NOW)) == [text]


def test_erasing_asks_first_and_only_the_tap_erases() -> None:
    """It can't be undone."""
    first = decide(NEW, Command("unohda"), signals(), NOW)
    second = press(NEW, "erase")

    assert (first.erase, labels(first)) == (False, [wording.BUTTON_ERASE])
    assert (second.erase, texts(second)) == (True, [wording.ERASED])


@pytest.mark.parametrize("what", get_args(Unreadable.__annotations__["what"]))
def test_what_cannot_be_read_gets_its_own_word_and_the_emergency_number(what: str) -> None:
    """A voice message may be a cry for help that no machine hears."""
    decision = decide(NEW, Unreadable(what), signals(), NOW)  # type: ignore[arg-type]

    assert texts(decision) == [f"{wording.UNREADABLE[what]}\n\n{wording.LIFE_AT_RISK}"]


@pytest.mark.parametrize("gone", [True, False])
def test_blocking_the_bot_is_remembered_in_silence(gone: bool) -> None:
    """Nothing is said to a closed door."""
    decision = decide(NEW, Left(gone), signals(), NOW)

    assert (decision.replies, decision.reachable) == ((), not gone)


CODE: frozenset[DataKind] = frozenset({"identity-code"})


def test_masking_is_told_once_and_in_the_same_message() -> None:
    """Telegram takes one message a second in a chat: a second one would delay the answer."""
    first = decide(NEW, Text("tunnus 131052-308T", CODE), signals(UNKNOWN, asked(UNKNOWN)), NOW)
    second = decide(first.conversation, Text("ja uudestaan", CODE), signals(UNKNOWN, asked(UNKNOWN)), NOW)

    assert texts(first)[0].endswith(wording.MASKED)
    assert wording.MASKED not in texts(second)[0]


VERDICTS = st.sampled_from([ANSWER, CHOICES, UNKNOWN, ROUTED, THANKS, SURE, replace(CHOICES, safety=UNSURE)])
TALKS = st.sampled_from(sorted(STATES)).map(STATES.__getitem__)
VERBS = [
    "ask", "pick", "related", "open", "topics", "topic", "popular", "none", "person", "yes", "no", "send", "keep",
    "add", "continue", "contacts", "share", "erase", "gone", "language", "end",
]  # fmt: skip
SAIDS: st.SearchStrategy[Said] = st.one_of(
    st.builds(Text, st.text(min_size=1, max_size=50), st.frozensets(st.sampled_from(get_args(DataKind)))),
    st.builds(Start, st.none() | st.text(max_size=10)),
    st.builds(
        Command, st.sampled_from(["ihminen", "aiheet", "kieli", "apua", "ohje", "unohda", "tietosuoja", "jaa", "x"])
    ),
    st.builds(
        Press,
        st.sampled_from(VERBS),
        st.sampled_from(["cv", "no-such-entry", "sosiaaliohjaaja", ""]),
        st.just(12),
        st.none() | st.just(asked(CHOICES)),
    ),
    st.sampled_from([Empty(), Left(gone=True), Unreadable("sticker")]),
)


@given(TALKS, SAIDS, VERDICTS, st.sampled_from(LANGUAGES))
def test_whatever_is_said_in_whatever_state_there_is_a_decision_that_can_be_carried_out(
    conversation: Conversation, said: Said, verdict: Verdict, language: Language
) -> None:
    """Never an error, never an empty message, never a second ticket, and buttons that fit Telegram."""
    verdict = replace(verdict, language=language)
    question = said.question if isinstance(said, Press) and said.verb not in ("ask", "draft") else asked(verdict)
    decision = decide(conversation, said, signals(verdict, question), NOW)
    if conversation.ticket:
        assert not isinstance(decision.ticket, OpenTicketWith | ReopenTicket)
    for reply in decision.replies:
        assert_can_be_said(reply)


def assert_can_be_said(reply: Reply) -> None:
    """Words in it, and each button with a label."""
    assert reply.text.strip()
    assert all(button.label.strip() and button.verb for button in reply.buttons)
