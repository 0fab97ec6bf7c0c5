"""The words of a conversation as data: what was said, what is known, what is to be done. No decisions.

`conversation.decide` turns the first two into the third; the store keeps a conversation's `State` as JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from bot.hours import Promise
from knowledge.entry import AdvisorRole, Entry, Language
from knowledge.places import Place
from knowledge.privacy import DataKind
from knowledge.verdict import Verdict

# --- what was said --------------------------------------------------------------------------------------------


Unread = Literal["photo", "voice", "sticker", "location", "file", "other"]


@dataclass(frozen=True)
class Text:
    """Words of the asker, cleaned; once read, without the personal data that stood in them.

    Attributes
        masked: the kinds of what was taken out.
        with_contacts: the same words with phone, e-mail and street address left in, if any stood there: to judge, and
            to keep where the asker has given leave.
        beside: what they stood under, and what nobody looks at.
    """

    text: str
    masked: frozenset[DataKind] = frozenset()
    with_contacts: str | None = None
    beside: Unread | None = None


@dataclass(frozen=True)
class Start:
    """The asker opened the bot; *campaign* tells by which link, when by one; *language*: see `Command`."""

    campaign: str | None = None
    language: Language | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Command:
    """A command such as /ihminen, by its Finnish name without the slash.

    *language*: of the name it was typed by, where that tells one. It is the same command by any name.
    """

    name: str
    language: Language | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Press:
    """A button pressed, as resolved from the message it stands under; *question* is what had been asked.

    *tip*: the id of the week's tip whose question it is.
    """

    verb: str
    value: str
    message_id: int
    question: "Asked | None" = None
    tip: str | None = None


@dataclass(frozen=True)
class Unreadable:
    """Something we take no notice of by design: a photo, a voice message, a sticker, a location."""

    what: Unread


@dataclass(frozen=True)
class Empty:
    """A message with nothing in it to read."""


@dataclass(frozen=True)
class Left:
    """The asker blocked the bot, or took that back."""

    gone: bool


@dataclass(frozen=True)
class Flood:
    """One message too many of an asker who sends many in a minute; *is_first*: they were not told yet."""

    is_first: bool


Said = Text | Start | Command | Press | Unreadable | Empty | Left | Flood

# --- what is known --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A question as it stands in the store: its message, its text, what the bot saw in it, and whose thread it is in.

    *ticket_id*: the ticket, open or closed, that it was sent with; None for what no person has got.
    """

    message_id: int
    text: str
    candidates: tuple[tuple[str, float], ...] = ()
    confidence: float | None = None
    ticket_id: str | None = None


@dataclass(frozen=True)
class State:
    """What a conversation remembers between messages.

    Attributes
        question_id: the message of the last question, or None before the first.
        is_writing_to_person: the next text is meant for an advisor.
        safety_until: until then short replies get the safety follow-up.
        was_told_of_masking: the asker is told once.
        topic: the entry answered last, while the talk is about it; what a follow-up goes on from.
        rated_id: the answer's message that "Auttoiko tämä?" was last answered under: each counts once.
        chose_language: the asker has chosen the conversation's language, so that no message changes it.
        contacts_let_at: when the asker tapped "Lähetä numeroni"; None once the next thing was said.
        asking_offered_at: when the bot last offered to ask how it went.
        answered_id: the message of the bot's own question that was last answered by a tap: each counts once.
    """

    question_id: int | None = None
    is_writing_to_person: bool = False
    safety_until: datetime | None = None
    was_told_of_masking: bool = False
    topic: str | None = None
    rated_id: int | None = None
    chose_language: bool = False
    contacts_let_at: datetime | None = None
    asking_offered_at: datetime | None = None
    answered_id: int | None = None

    def is_after_danger(self, now: datetime) -> bool:
        """Whether there was a danger so lately that care goes before all else."""
        return self.safety_until is not None and now <= self.safety_until


@dataclass(frozen=True)
class Plan:
    """What the bot is to ask unasked: about *what* (a moment, or the entry of an answer) on the local day *on*, or soon
    after; *campaign*: by which its asker came, of an outcome.
    """

    what: str
    on: date
    campaign: str | None = None


@dataclass(frozen=True)
class OpenTicket:
    """The ticket that is open in this conversation; *since* when, opened again or for the first time."""

    id: str
    is_claimed: bool
    since: datetime


@dataclass(frozen=True)
class ClosedTicket:
    """The conversation's latest ticket, closed."""

    id: str
    closed_at: datetime


@dataclass(frozen=True)
class Conversation:
    """One asker on one channel."""

    id: str
    alias: str
    language: Language
    channel: str
    state: State = field(default_factory=State)
    ticket: OpenTicket | None = None
    closed_ticket: ClosedTicket | None = None
    is_reachable: bool = True  # whether the channel still takes our messages to them


@dataclass(frozen=True)
class Signals:
    """What the other rooms see in what was said: the verdict, the entries it names, the people's hours.

    Attributes
        verdict: on a text (or on the label of a pressed example); None for anything else.
        goes_on: the verdict was reached by reading the text as going on from the conversation's topic.
        circumstances: what such a text says of the asker, see `knowledge.followup`.
        second: the entry that answers the other one of two questions in the text.
        wants_person: the text asks for a person and nothing else; *question* is then the one before it.
        is_lost: the text says that its writer doesn't know what to ask, and names no matter.
        is_foreign: the text is in another language than the FAQ's.
        entries: every entry the decision may need, by id.
        places: the region's services, by key.
        question: what was just asked; for anything but a text, the last question of the conversation.
        promise: when a person answers a question that is sent now.
        usual_wait: within what time half of those who asked in opening hours had an answer; None if too few have.
        examples: questions to offer to someone who doesn't know what to ask.
        popular: ids of the entries that were asked most lately, when the asker looks at the topics.
        others: by entry, how many others have asked the same lately, at least; only where they are enough to tell of.
        plans: what the asker is to be asked unasked, when they look at that.
        crisis_texts: the owner's fixed texts, by language and kind; "numbers" is the plain list for /apua.
        holdings: what is stored about the asker, in a few words, when they ask for it.
        share: what to pass on to a friend, as Markdown, where that may be said; empty while there is no link to give.
        gets_tips: whether they have subscribed to tips, when they ask for those.
        privacy_notice: who answers for their data and how long it is kept, when they ask for it.
    """

    promise: Promise
    verdict: Verdict | None = None
    goes_on: bool = False
    circumstances: Sequence[str] = ()
    second: str | None = None
    wants_person: bool = False
    is_lost: bool = False
    is_foreign: bool = False
    entries: Mapping[str, Entry] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    question: Asked | None = None
    usual_wait: timedelta | None = None
    examples: Sequence[str] = ()
    popular: Sequence[str] = ()
    others: Mapping[str, int] = field(default_factory=dict)
    plans: Sequence[Plan] = ()
    crisis_texts: Mapping[Language, Mapping[str, str]] = field(default_factory=dict)
    holdings: str = ""
    share: str = ""
    gets_tips: bool = False
    privacy_notice: str = ""


# --- what is to be done ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Button:
    """A choice under a message. *verb* and *value* stay on the server; channels only carry message and ordinal."""

    verb: str
    label: str
    value: str = ""


@dataclass(frozen=True)
class Reply:
    """One message of the bot, in the Markdown of the FAQ; *entry_id* where it is an entry's answer.

    *has_file*: the file of all that is kept of the asker goes with it.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    entry_id: str | None = None
    has_file: bool = False


@dataclass(frozen=True)
class OpenTicketWith:
    """Open a ticket for *role* with the message *question_id* as its question."""

    role: AdvisorRole
    question_id: int
    topic: str | None
    urgent: bool = False


@dataclass(frozen=True)
class JoinTicket:
    """Add messages to the open ticket: *message_id*, or what was just said."""

    message_id: int | None = None
    urgent: bool = False


@dataclass(frozen=True)
class ReopenTicket:
    """Open the closed ticket *id* again."""

    id: str


@dataclass(frozen=True)
class EndTicket:
    """Close the open ticket, by its asker's wish."""


TicketChange = OpenTicketWith | JoinTicket | ReopenTicket | EndTicket


@dataclass(frozen=True)
class Rating:
    """What the asker said to "Auttoiko tämä?" under the answer *message_id*."""

    message_id: int
    helped: bool


@dataclass(frozen=True)
class AgreeToBeAsked:
    """The asker agrees to these questions of the bot's own; no *plans* at all: to none any more."""

    kind: Literal["checkins", "outcomes"]
    plans: tuple[Plan, ...] = ()


@dataclass(frozen=True)
class Subscribing:
    """What the asker agrees to get unasked from now on, or with *ends* no longer."""

    kind: Literal["tips"]
    ends: bool = False


@dataclass(frozen=True)
class Happened:
    """An event for the figures; holds nothing of what was said. *campaign*: of what it is a late outcome of."""

    kind: str
    topic: str | None = None
    campaign: str | None = None


@dataclass(frozen=True)
class Decision:
    """Everything that follows from one thing said. *kind* names it for `koppi check` and the logs."""

    kind: str
    conversation: Conversation
    replies: tuple[Reply, ...] = ()
    ticket: TicketChange | None = None
    events: tuple[Happened, ...] = ()
    campaign: str | None = None
    reachable: bool | None = None
    rating: Rating | None = None
    asking: AgreeToBeAsked | None = None
    subscribing: Subscribing | None = None
    erase: bool = False
