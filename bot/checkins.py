"""The bot asks first, by consent: the moments to choose from, what it asks then, and whether it may now. Pure.

At most one such message a fortnight, check-ins and outcomes together; none while a person has the asker's question, nor
within a day after a danger. For a month after one, a check-in begins with where help is, and nobody is asked "what came
of it". See docs/checkins.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from babel.dates import format_date

from bot import guiding, wording
from bot.dialogue import Button, Conversation, Plan, Reply
from knowledge.entry import Language
from knowledge.situations import situations

FORTNIGHT = timedelta(days=14)
OUTCOME_AFTER = (timedelta(days=14), timedelta(days=30))
OFFERED_AGAIN_AFTER = timedelta(days=30)
CARE_AFTER_DANGER = timedelta(days=30)
TOO_LATE = timedelta(days=30)  # to ask what was to be asked then
LISTENS_FOR = FORTNIGHT  # after the last message the address stays, so that its buttons work

OUTCOMES = ("job", "applied", "service", "not_yet")
NO_OUTCOMES = frozenset(  # nothing comes of asking about the service itself, and of a crisis nobody is asked that
    {"kriisiapu", "mika-otappa-koppi", "kuka-vastaa", "anonymiteetti-ja-tiedot", "ihmisen-kanssa"}
)


@dataclass(frozen=True)
class Moment:
    """A turning point: *whens*, from which the asker chooses, and the situations that *jumissa* leads to."""

    whens: tuple[str, ...]
    situations: tuple[str, str, str]


MOMENTS: dict[str, Moment] = {
    "later": Moment(("two-weeks",), ("tyonhaku", "rahat", "en-jaksa")),
    "graduation": Moment(("may", "christmas", "month"), ("koulu-loppui", "tyonhaku", "suunta")),
    "ending": Moment(("two-weeks", "month", "three-months"), ("tyo-loppui", "tyonhaku", "rahat")),
    "jobless": Moment(("tomorrow", "week", "two-weeks"), ("tyo-loppui", "rahat", "tyonhaku")),
    "joint": Moment(("march", "june"), ("suunta", "koulu-loppui", "koulu-kesken")),
    "summer": Moment(("january", "march", "may"), ("ei-kokemusta", "tyonhaku", "toissa-pielessa")),
}
_AFTER: dict[str, timedelta] = {
    "tomorrow": timedelta(days=1),
    "week": timedelta(days=7),
    "two-weeks": FORTNIGHT,
    "month": timedelta(days=30),
    "three-months": timedelta(days=91),
}
_SEASONS: dict[str, tuple[int, int]] = {  # month and day: near enough in every year
    "january": (1, 20),
    "march": (3, 5),
    "may": (5, 25),
    "june": (6, 22),
    "christmas": (12, 15),
}


def day_of(when: str, today: date) -> date | None:
    """The local day that *when* names from *today* on, never today itself; None for what is no such choice."""
    if when in _AFTER:
        return today + _AFTER[when]
    if when not in _SEASONS:
        return None
    this_year = date(today.year, *_SEASONS[when])
    return this_year if this_year > today else date(today.year + 1, *_SEASONS[when])


# --- choosing -------------------------------------------------------------------------------------------------


def menu(language: Language, channel: str, plans: Sequence[Plan]) -> Reply:
    """What the bot would ask and when, to choose from; and the way to end what has been agreed to."""

    def say(sentence: str, **values: str) -> str:
        return wording.say(language, sentence, **values)

    parts = [say(wording.CHECKINS)]
    if channel == "web":
        parts.append(say(wording.CHECKINS_ON_WEB))
    if plans:
        days = ", ".join(dict.fromkeys(_day(plan.on, language) for plan in sorted(plans, key=lambda plan: plan.on)))
        parts.append(say(wording.CHECKINS_STANDING, days=days))
    moments = (Button("moment", say(wording.MOMENTS[moment]), moment) for moment in MOMENTS)
    end = (end_button(language),) if plans else ()
    return Reply("\n\n".join(parts), (*moments, *end))


def whens(language: Language, moment: str) -> Reply:
    """The times to choose from for a *moment* that has several."""
    buttons = (
        Button("askat", wording.say(language, wording.WHENS[when]), f"{moment}:{when}")
        for when in MOMENTS[moment].whens
    )
    return Reply(wording.say(language, wording.CHECKIN_WHEN), tuple(buttons))


def agreed(language: Language, channel: str, plans: Sequence[Plan]) -> Reply:
    """What was agreed to, in words, with the one tap that ends it."""
    days = wording.say(language, wording.AND).join(_day(plan.on, language) for plan in plans)
    parts = [wording.say(language, wording.CHECKIN_AGREED, days=days)]
    if channel == "web":
        parts.append(wording.say(language, wording.CHECKINS_ON_WEB))
    return Reply("\n\n".join(parts), (end_button(language),))


def outcome_plans(entry_id: str, today: date) -> tuple[Plan, ...]:
    """When to ask what came of an answer."""
    return tuple(Plan(entry_id, today + after) for after in OUTCOME_AFTER)


def end_button(language: Language) -> Button:
    """One tap, and the bot asks nothing any more."""
    return Button("endasks", wording.say(language, wording.BUTTON_END_ASKING))


def offers(talk: Conversation, entry_id: str | None, now: datetime, *, is_again: bool = False) -> tuple[Button, ...]:
    """What to offer after the entry helped, or a person: nothing within a month of the last offer or of a danger.

    *is_again*: the same button was pressed again, and shall say the same.
    """
    last = talk.state.asking_offered_at
    if (last is not None and now - last < OFFERED_AGAIN_AFTER and not is_again) or needs_care(talk, now):
        return ()
    later = Button("asks", wording.say(talk.language, wording.BUTTON_CHECKINS))
    if not entry_id or entry_id in NO_OUTCOMES:
        return (later,)
    return (Button("followup", wording.say(talk.language, wording.BUTTON_FOLLOW_UP), entry_id), later)


# --- asking ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PutOff:
    """Not now; not before *until*."""

    until: datetime


Fate = Literal["ask", "drop"] | PutOff


def fate(kind: str, plan: Plan, talk: Conversation, last_asked_on: date | None, now: datetime, today: date) -> Fate:
    """What becomes of a plan whose day has come; *last_asked_on*: when its asker was last asked anything unasked."""
    if today - plan.on > TOO_LATE:
        return "drop"
    until = talk.state.safety_until
    if until is not None and talk.state.is_after_danger(now):
        return PutOff(until + timedelta(minutes=1))
    if kind == "outcomes" and needs_care(talk, now):
        return "drop"
    if talk.ticket is not None:
        return PutOff(now + timedelta(days=1))
    if last_asked_on is not None and today < last_asked_on + FORTNIGHT:
        return PutOff(now + (last_asked_on + FORTNIGHT - today))
    return "ask"


def needs_care(talk: Conversation, now: datetime) -> bool:
    """Whether there was a danger in this conversation within a month."""
    until = talk.state.safety_until
    return until is not None and now - until < CARE_AFTER_DANGER


def question(kind: str, plan: Plan, talk: Conversation, now: datetime) -> Reply:
    """The message itself. Who else sees the phone reads the chosen moment at most, never what was asked about."""

    def say(sentence: str) -> str:
        return wording.say(talk.language, sentence)

    if kind == "outcomes":
        about = f"{plan.what}:{plan.campaign or ''}"
        taps = tuple(Button("outcome", say(wording.BUTTON_OUTCOMES[id_]), f"{id_}:{about}") for id_ in OUTCOMES)
        return Reply(say(wording.OUTCOME_ASK), (*taps, end_button(talk.language)))
    moment = plan.what if plan.what in MOMENTS else "later"
    parts = [say(wording.CHECKIN_ASKS[moment]), say(wording.CHECKIN_WHY)]
    if needs_care(talk, now):
        parts.insert(0, say(wording.GENTLE_LINE))
    feelings = tuple(Button("feel", say(label), f"{id_}:{moment}") for id_, label in wording.BUTTON_FEELINGS.items())
    return Reply("\n\n".join(parts), (*feelings, end_button(talk.language)))


# --- what they answer -----------------------------------------------------------------------------------------


def heard_feeling(talk: Conversation, feeling: str, moment: str, now: datetime) -> Reply:
    """What follows on *hyvin*, *jumissa* or *haluan kysyä*: always a way on, from *jumissa* three situations to it."""

    def say(sentence: str) -> str:
        return wording.say(talk.language, sentence)

    again = Button("moment", say(wording.BUTTON_ASK_AGAIN), "later")
    if feeling == "good":
        return Reply(say(wording.FEELS_GOOD), (again, end_button(talk.language)))
    if feeling == "ask":
        person = Button("person", say(wording.BUTTON_PERSON))
        return Reply(say(wording.OWN_WORDS), (guiding.way_in(talk.language), person))
    ids = list(MOMENTS.get(moment, MOMENTS["later"]).situations)
    if needs_care(talk, now) and "en-jaksa" not in ids:
        ids = ["en-jaksa", *ids[:2]]
    cards = tuple(Button("situation", situations()[id_].title[talk.language], id_) for id_ in ids)
    draft = situations()[ids[0]].questions[0].text(talk.language)
    ways = (Button("own", say(wording.BUTTON_OWN_WORDS)), again)
    text = say(wording.FEELS_STUCK)
    if needs_care(talk, now):
        text = f"{say(wording.GENTLE_LINE)}\n\n{text}"
    return Reply(text, (*cards, Button("draft", draft, draft), *ways))


def heard_outcome(talk: Conversation, outcome: str) -> Reply:
    """Thanks; and who has got nowhere yet is met with a way on."""
    person = Button("person", wording.say(talk.language, wording.BUTTON_PERSON))
    ways = (guiding.way_in(talk.language), person) if outcome == "not_yet" else ()
    return Reply(wording.say(talk.language, wording.HEARD_OUTCOMES[outcome]), ways)


def _day(on: date, language: Language) -> str:
    return format_date(on, "d MMMM", "en_GB") if language == "en" else f"{on.day}.{on.month}."
