"""Whole lives of a conversation, in any order of what askers, advisors and time do: what must hold holds after each."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from bot import wording
from bot.conversation import REOPEN_WITHIN, SAFETY_FOLLOW_UP, SHORT_REPLY_WORDS, decide, takes_contacts
from bot.dialogue import (
    Asked,
    Button,
    ClosedTicket,
    Command,
    Decision,
    EndTicket,
    JoinTicket,
    OpenTicket,
    OpenTicketWith,
    Press,
    ReopenTicket,
    Said,
    Text,
)
from knowledge.entry import LANGUAGES, Language
from tests.bot.test_conversation import (
    ANSWER,
    CHOICES,
    NEW,
    NOW,
    ROUTED,
    SURE,
    THANKS,
    UNKNOWN,
    UNSURE,
    asked,
    assert_can_be_said,
    signals,
)

CALM = [ANSWER, CHOICES, ROUTED, UNKNOWN, THANKS, replace(CHOICES, safety=UNSURE)]
WORDS = ["joo", "ei oo", "Miten haen tätä tukea nyt heti?", "hur söker jag det här stödet", "how do I get it"]
COMMANDS = [
    "aiheet", "tilanteet", "muistuta", "vinkit", "kieli", "ihminen", "apua", "unohda", "tietoni", "ohje", "jaa",
    "tietosuoja", "mikälie",
]  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """A button under a message of the bot, and the question that was the last when it was shown."""

    message_id: int
    button: Button
    question_id: int | None


class Life(RuleBasedStateMachine):
    """An asker, the bot and an advisor; what the store would keep is kept here."""

    shown = Bundle("shown")

    def __init__(self) -> None:
        super().__init__()
        self.talk = NEW
        self.now: datetime = NOW
        self.messages = 10
        self.questions: dict[int, Asked] = {}
        self.danger_at: datetime | None = None

    # --- what they do ---------------------------------------------------------------------------------------------

    @initialize(target=shown)
    def opens_the_bot(self) -> Shown:
        """Nothing is shown yet but a button of long ago."""
        return Shown(1, Button("pick", "Vanha", "cv"), None)

    @rule(
        target=shown,
        verdict=st.sampled_from(CALM),
        words=st.sampled_from(WORDS),
        language=st.sampled_from([*LANGUAGES, None]),
    )
    def writes(self, verdict: object, words: str, language: Language | None) -> MultipleResults[Shown]:
        """Something calm."""
        said = replace(verdict, language=language)  # type: ignore[type-var]
        before = self.talk
        is_contact = takes_contacts(before, said, self.now)  # a number may be short, and is heard with a word of thanks
        question = self._asks(said, words)
        decision = self._decide(Text(words), said, question)
        is_short = len(words.split()) <= SHORT_REPLY_WORDS and verdict is not ANSWER
        if is_contact:
            assert isinstance(decision.ticket, JoinTicket)
        elif self._is_near_danger() and is_short:
            assert wording.say(self.talk.language, wording.SAFETY_FOLLOW_UP) in decision.replies[0].text
            assert not any(reply.entry_id for reply in decision.replies), "no guess follows a danger"
        elif before.ticket is not None and before.ticket.is_claimed:
            assert isinstance(decision.ticket, JoinTicket), "what is written to a person reaches them"
            assert bool(decision.replies) == (said.safety is not None), "the bot is silent between two people"
        elif before.ticket is not None:
            buttons = [button.verb for reply in decision.replies for button in reply.buttons]
            assert isinstance(decision.ticket, JoinTicket) or "add" in buttons, "it joins the ticket or can be added"
        return self._shows(decision)

    @rule(target=shown, verdict=st.sampled_from([ANSWER, UNKNOWN]))
    def writes_with_a_number(self, verdict: object) -> MultipleResults[Shown]:
        """It is kept only where they have just tapped for it, and for one text."""
        let_at, ticket = self.talk.state.contacts_let_at, self.talk.ticket
        is_kept = takes_contacts(self.talk, verdict, self.now)  # type: ignore[arg-type]
        assert not is_kept or (ticket is not None and let_at is not None and ticket.since <= let_at)
        said = Text("soita [puhelinnumero]", frozenset({"phone"}), "soita 040 123 4567")
        decision = self._decide(said, verdict, self._asks(verdict, said.text))
        assert (decision.kind == "contacts") == is_kept
        assert self.talk.state.contacts_let_at is None, "the leave is for the next thing said, and no other"
        return self._shows(decision)

    @rule(target=shown, words=st.sampled_from(WORDS))
    def is_in_danger(self, words: str) -> MultipleResults[Shown]:
        """Whatever the state is, the kind's own words come first and no answer on top; nobody is told but by a tap."""
        decision = self._decide(Text(words), SURE, self._asks(SURE, words))
        self.danger_at = self.now
        told = [wording.say(self.talk.language, wording.JOINED_TICKET)] if self.talk.ticket else []
        assert [reply.text.split("\n\n") for reply in decision.replies] == [[f"self-harm {self.talk.language}", *told]]
        return self._shows(decision)

    @rule(target=shown, press=shown)
    def presses(self, press: Shown) -> MultipleResults[Shown]:
        """Any button that was ever shown, however late or often."""
        button = press.button
        question = self.questions.get(press.question_id or 0)
        verdict = ANSWER if button.verb in ("ask", "draft") else None
        if verdict:
            question = self._asks(verdict, button.label)
        before = self.talk
        decision = self._decide(Press(button.verb, button.value, press.message_id, question), verdict, question)
        if isinstance(decision.ticket, OpenTicketWith):
            assert button.verb == "send", "only the asker's own tap sends a question to a person"
            assert decision.ticket.question_id in self.questions
        if isinstance(decision.ticket, ReopenTicket):
            assert before.closed_ticket
            assert self.now - before.closed_ticket.closed_at <= REOPEN_WITHIN
        if decision.erase:
            assert button.verb == "erase"
            self.talk, self.questions, self.danger_at = NEW, {}, None
        if button.verb == "language" and before.language != self.talk.language:
            assert self.talk.state.chose_language
        return self._shows(decision)

    @rule(target=shown, press=consumes(shown))
    def presses_what_is_forged(self, press: Shown) -> MultipleResults[Shown]:
        """The message exists, what it carries was never ours; a question is judged, whoever wrote it."""
        verdict = UNKNOWN if press.button.verb in ("ask", "draft") else None
        question = self._asks(verdict, "no-such-entry") if verdict else None
        pressed = Press(press.button.verb, "no-such-entry", press.message_id, question)
        return self._shows(self._decide(pressed, verdict, question))

    @rule(target=shown, name=st.sampled_from(COMMANDS))
    def commands(self, name: str) -> MultipleResults[Shown]:
        """A command changes no ticket and erases nothing."""
        question = self.questions.get(self.talk.state.question_id or 0)
        decision = self._decide(Command(name), None, question)
        assert decision.ticket is None
        assert not decision.erase
        return self._shows(decision)

    @rule(target=shown, verdict=st.sampled_from([ANSWER, ROUTED, UNKNOWN]))
    def sends_what_they_wrote_to_a_person(self, verdict: object) -> MultipleResults[Shown]:
        """All the way to the tap; whatever was open before."""
        question = self._asks(verdict, "Saako iguaanin tuoda töihin?")
        self._decide(Text(question.text), verdict, question)
        offer = self._decide(Command("ihminen"), None, question)
        sends = [button for reply in offer.replies for button in reply.buttons if button.verb == "send"]
        assert bool(sends) == (self.talk.ticket is None), "an offer is a choice while there is none to join"
        for button in [*sends, *sends]:  # an impatient thumb
            self._decide(Press("send", button.value, self.messages, question), None, question)
            assert self.talk.ticket is not None
        return self._shows(offer)

    @precondition(lambda self: self.talk.ticket is not None)
    @rule(is_claimed=st.booleans())
    def an_advisor_claims_or_releases(self, is_claimed: bool) -> None:
        """In the console."""
        assert self.talk.ticket
        self.talk = replace(self.talk, ticket=replace(self.talk.ticket, is_claimed=is_claimed))

    @precondition(lambda self: self.talk.ticket is not None)
    @rule()
    def an_advisor_closes(self) -> None:
        """In the console, while the asker may be writing."""
        self._close()

    @rule(hours=st.sampled_from([12, 25, 200]))
    def time_passes(self, hours: int) -> None:
        """A night, a day or more than a week."""
        self.now += timedelta(hours=hours)

    # --- what always holds ----------------------------------------------------------------------------------------

    @invariant()
    def a_chosen_language_stays(self) -> None:
        """No message changes it; so the one of the conversation is always one we speak."""
        assert self.talk.language in LANGUAGES

    # --- what the store would do ----------------------------------------------------------------------------------

    def _asks(self, verdict: object, words: str) -> Asked:
        self.messages += 1
        question = asked(verdict, words, self.messages)  # type: ignore[arg-type]
        self.questions[self.messages] = question
        return question

    def _decide(self, said: Said, verdict: object, question: Asked | None) -> Decision:
        before = self.talk
        decision = decide(before, said, replace(signals(verdict, question), holdings="Kettu 482"), self.now)  # type: ignore[arg-type]
        for reply in decision.replies:
            assert_can_be_said(reply)
        if before.state.chose_language and not isinstance(said, Press):
            assert decision.conversation.language == before.language
        self.talk = decision.conversation
        match decision.ticket:
            case OpenTicketWith() | ReopenTicket():
                assert before.ticket is None, "one open ticket at a time"
                self.talk = replace(self.talk, ticket=OpenTicket(f"t{self.messages}", False, self.now))
                if isinstance(decision.ticket, OpenTicketWith):
                    self._is_in_ticket(decision.ticket.question_id)
            case JoinTicket(message_id):
                assert before.ticket is not None
                self._is_in_ticket(message_id or (question.message_id if question else 0))
            case EndTicket():
                assert before.ticket is not None
                self._close()
        return decision

    def _is_in_ticket(self, message_id: int) -> None:
        """What a person has got stays in that thread."""
        assert self.talk.ticket
        question = self.questions[message_id]
        assert question.ticket_id in {None, self.talk.ticket.id}, "nothing leaves the thread it was answered in"
        self.questions[message_id] = replace(question, ticket_id=self.talk.ticket.id)

    def _close(self) -> None:
        assert self.talk.ticket
        self.talk = replace(self.talk, ticket=None, closed_ticket=ClosedTicket(self.talk.ticket.id, self.now))

    def _shows(self, decision: Decision) -> MultipleResults[Shown]:
        """Every button under what was said; it can be pressed from now on."""
        self.messages += 1
        question_id = self.talk.state.question_id
        return multiple(
            *(Shown(self.messages, button, question_id) for reply in decision.replies for button in reply.buttons)
        )

    def _is_near_danger(self) -> bool:
        return self.danger_at is not None and self.now - self.danger_at <= SAFETY_FOLLOW_UP


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=30)
