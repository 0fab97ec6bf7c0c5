"""What the bot does next: `decide(conversation, said, signals, now) → Decision`. Pure: no clock, network or database.

The decision names what to say, what becomes of the ticket and which events the figures get; `service` carries it out in
one transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from babel.dates import format_date

from bot import browsing, checkins, guiding, tips, wording
from bot.dialogue import (
    AgreeToBeAsked,
    Asked,
    Button,
    Command,
    Conversation,
    Decision,
    Empty,
    EndTicket,
    Flood,
    Happened,
    JoinTicket,
    Left,
    OpenTicketWith,
    Plan,
    Press,
    Rating,
    ReopenTicket,
    Reply,
    Said,
    Signals,
    Start,
    Text,
    Unreadable,
)
from bot.hours import wait_in_words
from knowledge.entry import LANGUAGES, AdvisorRole, Entry, Language
from knowledge.followup import tells_of
from knowledge.places import Place
from knowledge.privacy import ALWAYS_MASKED, CONTACTS, PLACEHOLDERS, DataKind
from knowledge.verdict import Verdict

SAFETY_FOLLOW_UP = timedelta(hours=24)
REOPEN_WITHIN = timedelta(days=7)
CONTACTS_LEAVE = timedelta(minutes=30)
SHORT_REPLY_WORDS = 3
WORDS_THAT_TELL_A_LANGUAGE = 3  # "cv", "ok" and "thanks" are written in any of them
QUOTED = 120  # characters of a question: enough to know it by
WORTH_OFFERING = 0.02  # a candidate with a lower score only makes the right one harder to see
RELATED_SHOWN = 2
ROUTING_CONFIDENCE = 0.15  # below this the best candidate tells neither the topic nor who should answer


def decide(conversation: Conversation, said: Said, signals: Signals, now: datetime) -> Decision:
    """What follows from *said*. Safety is looked at before anything else, in every state."""
    match said:
        case Text():
            return _on_text(conversation, said, signals, now)
        case Press():
            return _on_press(_end_leave(conversation), said, signals, now)
        case Start():
            return _greet(_end_leave(conversation), said, signals)
        case Command():
            return _on_command(_end_leave(conversation), said, signals, now)
        case Unreadable():
            text = _say(conversation, wording.UNREADABLE[said.what]) + "\n\n" + _say(conversation, wording.LIFE_AT_RISK)
            return Decision("unreadable", conversation, (Reply(text),))
        case Empty():
            return Decision("empty", conversation, (Reply(_say(conversation, wording.EMPTY)),))
        case Flood():
            replies = (Reply(_say(conversation, wording.SLOW_DOWN)),) if said.is_first else ()
            return Decision("slowed", conversation, replies)
        case Left():
            left = (Happened("tip_left"),) if said.gone and signals.gets_tips else ()
            return Decision("left" if said.gone else "back", conversation, events=left, reachable=not said.gone)


def in_language_of_command(conversation: Conversation, said: Said) -> Conversation:
    """The conversation in the language of a command's name, while nothing else tells which the asker reads."""
    language = said.language if isinstance(said, Start | Command) else None
    is_known = conversation.state.chose_language or conversation.state.question_id is not None
    return conversation if language is None or is_known else replace(conversation, language=language)


def topic_at(conversation: Conversation, now: datetime) -> str | None:
    """The entry that a follow-up would go on from; None while words are meant for a person, or after a danger."""
    return conversation.state.topic if may_go_on(conversation, now) else None


def may_go_on(conversation: Conversation, now: datetime) -> bool:
    """Whether words may go on from the bot's: not while they are meant for a person, nor after a danger."""
    state = conversation.state
    return not (conversation.ticket or state.is_writing_to_person or state.is_after_danger(now))


def takes_contacts(conversation: Conversation, verdict: Verdict | None, now: datetime) -> bool:
    """Whether a text said now is kept with the contact details in it: the asker tapped, and said nothing since.

    Never a cry for help, nor what comes after the ticket was closed, even if it is opened again.
    """
    let_at, ticket = conversation.state.contacts_let_at, conversation.ticket
    if let_at is None or ticket is None or verdict is None or verdict.kind == "crisis":
        return False
    return ticket.since <= let_at and now - let_at <= CONTACTS_LEAVE


def _end_leave(conversation: Conversation) -> Conversation:
    """The leave to send contact details is for the next thing said, and no other."""
    return _remember(conversation, contacts_let_at=None)


def _on_text(conversation: Conversation, said: Text, signals: Signals, now: datetime) -> Decision:
    if takes_contacts(conversation, signals.verdict, now):
        taken = _tell_of_masking(_take_contacts(_end_leave(conversation), signals), said.masked - CONTACTS)
        return _tell_of_what_is_unread(taken, said)
    answered = _tell_of_masking(_answer_text(_end_leave(conversation), signals, now), said.masked)
    return _tell_of_what_is_unread(answered, said)


def _tell_of_what_is_unread(decision: Decision, said: Text) -> Decision:
    """First that nobody sees the picture over the words; on the reply to a danger stands nothing."""
    if said.beside is None or decision.kind == "crisis":
        return decision
    talk = decision.conversation
    line = f"{_say(talk, wording.BESIDE_WORDS)} {_say(talk, wording.LIFE_AT_RISK)}"
    first, *rest = decision.replies or (Reply(""),)
    return replace(decision, replies=(replace(first, text=f"{line}\n\n{first.text}".strip()), *rest))


def _take_contacts(conversation: Conversation, signals: Signals) -> Decision:
    """What was written for the advisor joins the ticket, whatever the bot could say to it.

    It becomes no question of the conversation's: a later button must not take it elsewhere.
    """
    verdict = _verdict(signals)
    reply = Reply(_say(conversation, wording.CONTACTS_SENT))
    joined = Decision("contacts", conversation, (reply,), JoinTicket(), (Happened("continued"),))
    return _gently(conversation, verdict, joined)


def _tell_of_masking(decision: Decision, masked: frozenset[DataKind]) -> Decision:
    """One line on what was masked, once; in a ticket with the way to send contact details, each time.

    In the last reply rather than in one more: Telegram takes one message a second in a chat.
    """
    talk = decision.conversation
    is_news = not talk.state.was_told_of_masking
    in_ticket = bool(masked & CONTACTS) and isinstance(decision.ticket, JoinTicket)
    notices = [wording.MASKED] if is_news and masked & ALWAYS_MASKED else []
    if in_ticket:
        notices.append(wording.CONTACTS_NOT_SENT)
    elif is_news and masked & CONTACTS:
        notices.append(wording.CONTACTS_MASKED)
    if not notices:
        return decision
    notice = " ".join(_say(talk, sentence) for sentence in notices)
    *before, last = decision.replies or (Reply(""),)
    told = replace(last, text=f"{last.text}\n\n{notice}".strip())
    if in_ticket:
        told = _with_contacts_button(talk, told)
    return replace(decision, conversation=_remember(talk, was_told_of_masking=True), replies=(*before, told))


def _offering_contacts(conversation: Conversation, reply: Reply, question: Asked) -> Reply:
    """*reply* to *question* going to a person, with the way to send what was masked in it."""
    if not any(PLACEHOLDERS[kind] in question.text for kind in CONTACTS):
        return reply
    told = replace(reply, text=f"{reply.text}\n\n{_say(conversation, wording.CONTACTS_NOT_SENT)}")
    return _with_contacts_button(conversation, told)


def _with_contacts_button(conversation: Conversation, reply: Reply) -> Reply:
    button = Button("contacts", _say(conversation, wording.BUTTON_SEND_CONTACTS))
    return replace(reply, buttons=(button, *reply.buttons))


def _answer_text(conversation: Conversation, signals: Signals, now: datetime) -> Decision:
    verdict = _verdict(signals)
    conversation = _in_language_of(conversation, verdict, signals)
    is_with_person = conversation.ticket is not None and conversation.ticket.is_claimed
    if signals.wants_person and verdict.kind != "crisis" and not is_with_person:
        return _gently(conversation, verdict, _on_command(conversation, Command("ihminen"), signals, now))
    if verdict.kind != "crisis" and _follows_crisis(conversation, verdict, signals, now):
        buttons = () if conversation.ticket else _send_buttons(conversation, "sosiaaliohjaaja")
        joins = _joins(conversation)
        added = f"\n\n{_say(conversation, wording.JOINED_TICKET)}" if joins else ""
        reply = Reply(_say(conversation, wording.SAFETY_FOLLOW_UP) + added, buttons)
        return Decision("crisis", conversation, (reply,), joins)
    if signals.is_lost and verdict.kind != "crisis" and conversation.ticket is None:
        return _gently(conversation, verdict, _guide(conversation, "situations", "", now))
    if signals.question is not None and verdict.kind != "smalltalk":
        conversation = _remember(conversation, question_id=signals.question.message_id)
    if verdict.kind == "crisis":
        return _care(conversation, signals, now)
    return _gently(conversation, verdict, _answer(conversation, verdict, signals))


def _answer(conversation: Conversation, verdict: Verdict, signals: Signals) -> Decision:
    if conversation.ticket is not None:
        return _in_ticket(conversation, verdict, signals)
    if conversation.state.is_writing_to_person:
        return _offer_person(_remember(conversation, is_writing_to_person=False), signals, events=("asked",))
    if signals.is_foreign and verdict.kind in ("choices", "escalate"):
        return _speak_of_languages(conversation)
    match verdict.kind:
        case "answer":
            return _give_answers(conversation, verdict, signals)
        case "choices":
            return _offer_choices(conversation, verdict, signals)
        case "smalltalk":
            text = _say(conversation, wording.SMALL_TALK.get(verdict.smalltalk or "", wording.SMALL_TALK["ok"]))
            buttons = _small_talk_buttons(conversation, signals, verdict)
            return Decision("smalltalk", conversation, (Reply(text, buttons),))
        case _:
            elsewhere = _remember(conversation, topic=None)
            return _offer_person(elsewhere, signals, events=("asked", "not_found"))


def _speak_of_languages(conversation: Conversation) -> Decision:
    """Which languages there are, in each of them; from then on English, which most such askers read best."""
    if not conversation.state.chose_language:
        conversation = replace(conversation, language="en")
    text = "\n\n".join(wording.say(language, wording.OTHER_LANGUAGE) for language in LANGUAGES)
    button = Button("person", _say(conversation, wording.BUTTON_PERSON))
    reply = Reply(text, (button,))
    return Decision("foreign", conversation, (reply,), events=(Happened("asked"), Happened("not_found")))


def _gently(conversation: Conversation, verdict: Verdict, decision: Decision) -> Decision:
    """An unsure sign of crisis puts one gentle line with where help is before the ordinary answer, or into silence."""
    if verdict.safety is None:
        return decision
    line = _say(conversation, wording.GENTLE_LINE)
    if not decision.replies:
        return replace(decision, replies=(Reply(line),))
    first, *rest = decision.replies
    return replace(decision, replies=(replace(first, text=f"{line}\n\n{first.text}"), *rest))


def _care(conversation: Conversation, signals: Signals, now: datetime) -> Decision:
    """The kind's own fixed reply, nothing on top; a person only by the asker's tap, or in a ticket they have opened."""
    safety = signals.verdict.safety if signals.verdict else None
    kind = safety.kind if safety else "self-harm"
    text = signals.crisis_texts[conversation.language][kind]
    conversation = _remember(conversation, safety_until=now + SAFETY_FOLLOW_UP, is_writing_to_person=False, topic=None)
    buttons = () if conversation.ticket else _send_buttons(conversation, "sosiaaliohjaaja")
    joins = _joins(conversation, urgent=True)
    if joins:
        text = f"{text}\n\n{_say(conversation, wording.JOINED_TICKET)}"
    return Decision("crisis", conversation, (Reply(text, buttons),), joins, (Happened("crisis"),))


def _follows_crisis(conversation: Conversation, verdict: Verdict, signals: Signals, now: datetime) -> bool:
    if not conversation.state.is_after_danger(now) or signals.question is None:
        return False
    return len(signals.question.text.split()) <= SHORT_REPLY_WORDS and verdict.kind != "answer"


def _in_ticket(conversation: Conversation, verdict: Verdict, signals: Signals) -> Decision:
    """Text while a ticket is open: the bot answers what it is sure of, and is silent once a person has taken it."""
    ticket = conversation.ticket
    if ticket is None:
        raise ValueError("there is no open ticket")
    if ticket.is_claimed:
        return Decision("joined", conversation, ticket=JoinTicket(), events=(Happened("continued"),))
    if verdict.kind == "answer":
        decision = _give_answers(conversation, verdict, signals)
        *before, last = (replace(reply, buttons=()) for reply in decision.replies)
        add = Button("add", _say(conversation, wording.BUTTON_ADD_TO_TICKET))
        return replace(decision, replies=(*before, replace(last, buttons=(add,))))
    reply = Reply(_say(conversation, wording.JOINED_TICKET), (_end_button(conversation),))
    return Decision("joined", conversation, (reply,), JoinTicket(), (Happened("continued"),))


def _give_entry(
    conversation: Conversation,
    entry: Entry,
    signals: Signals,
    event: str,
    *,
    asked: bool = True,
    goes_on: bool = False,
) -> Decision:
    text = answer_text(entry, signals.places, conversation.language, others=signals.others.get(entry.id, 0))
    if goes_on:
        text = f"{_say(conversation, wording.STILL_ABOUT)}\n\n{text}"
    buttons = (
        Button("yes", _say(conversation, wording.BUTTON_YES), entry.id),
        Button("no", _say(conversation, wording.BUTTON_NO), entry.id),
        *_related_buttons(conversation, entry, signals),
        Button("person", _say(conversation, wording.BUTTON_PERSON)),
    )
    events = (Happened("asked", entry.id),) if asked else ()
    reply = Reply(text, buttons, entry.id)
    conversation = _remember(conversation, topic=entry.id)
    return Decision("answer", conversation, (reply,), events=(*events, Happened(event, entry.id)))


def _give_answers(conversation: Conversation, verdict: Verdict, signals: Signals) -> Decision:
    """The answer the bot is sure of, and the other one where two questions were asked."""
    entry = signals.entries[verdict.hits[0].entry_id]
    if signals.second is not None:
        return _give_both(conversation, entry, signals.entries[signals.second], signals)
    told = signals.circumstances if signals.goes_on and conversation.state.topic == entry.id else ()
    if told and not _speaks_of(entry, conversation, told):
        return _know_no_more(conversation, entry, signals)
    return _give_entry(conversation, entry, signals, "answered", goes_on=signals.goes_on)


def _know_no_more(conversation: Conversation, entry: Entry, signals: Signals) -> Decision:
    """The answer just given tells nothing of what the asker added: said so, not told again word for word."""
    near = [signals.entries[id_] for id_ in entry.related if id_ in signals.entries]
    leads = [other for other in near if _speaks_of(other, conversation, signals.circumstances)]
    buttons = (
        *(Button("related", other.text(conversation.language)[0], other.id) for other in leads[:RELATED_SHOWN]),
        Button("person", _say(conversation, wording.BUTTON_PERSON)),
    )
    reply = Reply(_say(conversation, wording.KNOW_NO_MORE), buttons)
    return Decision(
        "offer", conversation, (reply,), events=(Happened("asked", entry.id), Happened("not_found", entry.id))
    )


def _speaks_of(entry: Entry, conversation: Conversation, told: Sequence[str]) -> bool:
    title, answer, _ = entry.text(conversation.language)
    return tells_of(f"{title} {answer}", told)


def _give_both(conversation: Conversation, first: Entry, second: Entry, signals: Signals) -> Decision:
    one, other = (_give_entry(conversation, entry, signals, "answered") for entry in (first, second))
    opening = replace(one.replies[0], text=f"{_say(conversation, wording.TWO_QUESTIONS)}\n\n{one.replies[0].text}")
    undecided = _remember(conversation, topic=None)
    return Decision("answer", undecided, (opening, *other.replies), events=(*one.events, *other.events))


def _related_buttons(conversation: Conversation, entry: Entry, signals: Signals) -> tuple[Button, ...]:
    related = [signals.entries[id_] for id_ in entry.related if id_ in signals.entries]
    titles = ((other.id, other.text(conversation.language)[0]) for other in related[:RELATED_SHOWN])
    return tuple(Button("related", title, id_) for id_, title in titles)


def answer_text(entry: Entry, places: Mapping[str, Place], language: Language, *, others: int = 0) -> str:
    """All that an asker of *language* gets of *entry*, as Markdown; with a word about it where only Finnish has it.

    *others*: how many have asked the same; 0 when nothing is to be told of them.
    """
    title, answer, written_in = entry.text(language)
    parts = [f"**{title}**"] if not answer.lstrip().startswith("**") else []
    if written_in != language:
        parts.insert(0, wording.say(language, wording.ONLY_IN_FINNISH))
    last = wording.say(language, wording.DID_IT_HELP)
    if others:
        last = f"{wording.say(language, wording.SAME_ASKED, count=str(others))} {last}"
    return "\n\n".join([*parts, answer_with_sources(entry, places, language), last])


def answer_with_sources(entry: Entry, places: Mapping[str, Place], language: Language) -> str:
    """The answer with local services and where it is from, as Markdown, in *language* where it is translated."""
    _, answer, _ = entry.text(language)
    local = "\n".join(_place(places[key], language) for key in entry.places if key in places)
    return "\n\n".join(filter(None, [answer.strip(), local, _sources(entry, language)]))


def _place(place: Place, language: Language) -> str:
    """A local service on one line: its page by its name, what is confirmed of how to reach it, and what it does."""
    hours = place.hours[language] if place.hours else None
    reached = [f"[{place.name}]({place.url})", *filter(None, (place.address, place.phone, hours))]
    return f"{' · '.join(reached)}. {place.what[language]}"


def _sources(entry: Entry, language: Language) -> str:
    """Links by their pages' names and the date they were checked; empty for an advisor's own words, made an entry."""
    if not entry.sources:
        return ""
    links = [f"[{source.title}]({source.url})" for source in entry.sources if source.url.startswith("http")]
    checked = min(source.checked for source in entry.sources)
    day = format_date(checked, "d MMMM y", "en_GB") if language == "en" else f"{checked:%-d.%-m.%Y}"
    line = " · ".join([*links, wording.say(language, wording.CHECKED, date=day)])
    return wording.say(language, wording.SOURCE, source=line) if links else line


def _offer_choices(conversation: Conversation, verdict: Verdict, signals: Signals) -> Decision:
    worth = [hit for hit in verdict.hits if hit.score >= WORTH_OFFERING] or verdict.hits[:1]
    entries = [signals.entries[hit.entry_id] for hit in worth]
    picks = [Button("pick", entry.text(conversation.language)[0], entry.id) for entry in entries]
    none = Button("none", _say(conversation, wording.BUTTON_NONE_OF_THESE))
    is_again = signals.goes_on and conversation.state.topic is None
    asking = wording.WHICH_OF_THESE if is_again else wording.DID_YOU_MEAN
    reply = Reply(_say(conversation, asking), (*picks, none))
    if not signals.goes_on:
        conversation = _remember(conversation, topic=None)
    return Decision(
        "choices",
        conversation,
        (reply,),
        events=(Happened("asked", entries[0].id), Happened("choices", entries[0].id)),
    )


def _offer_person(conversation: Conversation, signals: Signals, *, events: tuple[str, ...] = ()) -> Decision:
    """Consent first: what is sent, who sees it, when the answer comes. Nothing goes to a person before the tap."""
    happened = tuple(Happened(kind, _topic(signals.question)) for kind in events)
    if conversation.ticket is not None:
        return Decision("offer", conversation, (Reply(_say(conversation, wording.ALREADY_SENT)),), events=happened)
    if signals.question is None or signals.question.ticket_id is not None:  # a person has had that one
        writing = _remember(conversation, is_writing_to_person=True)
        return Decision("offer", writing, (Reply(_say(writing, wording.WRITE_TO_PERSON)),), events=happened)
    opening = wording.OFFER_NOT_FOUND if "not_found" in events else wording.OFFER
    promise = signals.promise.in_words(conversation.language)
    text = _say(conversation, opening, alias=conversation.alias, promise=promise) + _when(conversation, signals)
    if "asked" not in events and conversation.state.safety_until is None:  # it isn't just above, nor a cry for help
        text = f"{_quoted(signals.question.text)}\n\n{text}"
    buttons = _person_buttons(conversation, signals)
    if "not_found" in events:
        buttons = (*buttons, guiding.way_in(conversation.language))
    return Decision("offer", conversation, (Reply(text, buttons),), events=happened)


def _quoted(question: str) -> str:
    """The asker's own words on one line, cut where they are many, with no mark or link in them."""
    words = " ".join(question.split())
    return f"”{wording.escape_markdown(words if len(words) <= QUOTED else f'{words[:QUOTED].rstrip()} …')}”"


def _when(conversation: Conversation, signals: Signals) -> str:
    """The truth on time beside the promise: how long others have waited, or when people are back."""
    if back := signals.promise.back_in_words(conversation.language):
        return " " + _say(conversation, wording.BACK, back=back)
    if signals.promise.is_open and signals.usual_wait is not None:
        wait = wait_in_words(signals.usual_wait, conversation.language)
        return " " + _say(conversation, wording.USUAL_WAIT, wait=wait)
    return ""


def _person_buttons(conversation: Conversation, signals: Signals) -> tuple[Button, ...]:
    role = _role(signals)
    if role is not None:
        return _send_buttons(conversation, role)
    return (
        Button("send", _say(conversation, wording.BUTTON_SEND_MONEY), "sosiaaliohjaaja"),
        Button("send", _say(conversation, wording.BUTTON_SEND_WORK), "tyovoimaneuvoja"),
        Button("keep", _say(conversation, wording.BUTTON_DO_NOT_SEND)),
    )


def _send_buttons(conversation: Conversation, role: AdvisorRole) -> tuple[Button, ...]:
    return (
        Button("send", _say(conversation, wording.BUTTON_SEND[role]), role),
        Button("keep", _say(conversation, wording.BUTTON_DO_NOT_SEND)),
    )


def _further_buttons(
    conversation: Conversation, signals: Signals, now: datetime, *, is_enough: bool
) -> tuple[Button, ...]:
    """For who was helped; nothing is asked of who may be in danger, and little where there *is_enough* already."""
    if conversation.state.is_after_danger(now):
        return ()
    share = (Button("share", _say(conversation, wording.BUTTON_SHARE)),) if signals.share else ()
    offers_tips = not is_enough and not checkins.needs_care(conversation, now)
    return (*share, tips.way_in(conversation.language)) if offers_tips else share


def _end_button(conversation: Conversation) -> Button:
    return Button("end", _say(conversation, wording.BUTTON_END))


def _on_press(conversation: Conversation, press: Press, signals: Signals, now: datetime) -> Decision:
    if press.question is not None:
        conversation = _remember(conversation, question_id=press.question.message_id)
    match press.verb:
        case "ask" | "draft":
            return _tapped(press, _answer_text(conversation, signals, now))
        case "tips" | "subscribe" | "unsubscribe":
            return tips.decide(conversation, press.verb, signals)
        case "own":
            return Decision("guided", conversation, (Reply(_say(conversation, wording.OWN_WORDS)),))
        case "situations" | "situation":
            return _guide(conversation, press.verb, press.value, now)
        case "asks" | "moment" | "askat" | "followup" | "endasks":
            return _arrange_asking(conversation, press, signals)
        case "feel" | "outcome":
            return _hear_answer(conversation, press, now)
        case "pick" if press.value in signals.entries:
            return _give_entry(conversation, signals.entries[press.value], signals, "picked", asked=False)
        case "related" if press.value in signals.entries:
            return _give_entry(conversation, signals.entries[press.value], signals, "browsed", asked=False)
        case "open" if press.value in signals.entries:
            unasked = _remember(conversation, question_id=None)
            return _give_entry(unasked, signals.entries[press.value], signals, "browsed", asked=False)
        case "language":
            return _choose_language(conversation, press.value)
        case "topics" | "topic" | "popular":
            return _browse(conversation, press.verb, press.value, signals)
        case "none" | "person":
            return _offer_person(conversation, signals, events=("person_wanted",))
        case "yes":
            helped = _helped(conversation, press, signals, now)
            return _rated(press, replace(helped, rating=Rating(press.message_id, helped=True)))
        case "no":
            not_helped = _did_not_help(conversation, press, signals)
            return _rated(press, replace(not_helped, rating=Rating(press.message_id, helped=False)))
        case "send":
            return _send(conversation, press, signals, now)
        case "keep":
            return Decision("kept", conversation, (Reply(_say(conversation, wording.KEPT)),))
        case "add" if (
            conversation.ticket and press.question and press.question.ticket_id in {None, conversation.ticket.id}
        ):
            reply = _offering_contacts(conversation, Reply(_say(conversation, wording.JOINED_TICKET)), press.question)
            return Decision("joined", conversation, (reply,), JoinTicket(press.question.message_id))
        case "share" if signals.share:
            return Decision("share", conversation, (Reply(signals.share),), events=(Happened("shared"),))
        case "contacts":
            return _let_contacts(conversation, now)
        case "fetch":  # pressed where it is no link: the talk has moved to Telegram
            return _tell_holdings(conversation, signals)
        case "erase":
            reply = Reply(_say(conversation, wording.ERASED))
            return Decision("erased", conversation, (reply,), erase=True)
        case "end" if conversation.ticket:
            again = Button("continue", _say(conversation, wording.BUTTON_CONTINUE))
            reply = Reply(_say(conversation, wording.ENDED), (again,))
            return Decision("ended", conversation, (reply,), EndTicket(), (Happened("closed_asker"),))
        case "continue":
            return _continue_ticket(conversation, signals, now)
        case _:
            return Decision("stale", conversation, (Reply(_say(conversation, wording.STALE_BUTTON)),))


def _helped(conversation: Conversation, press: Press, signals: Signals, now: datetime) -> Decision:
    """Glad to hear; once in a while with the offer to ask later how it went."""
    text = _say(conversation, wording.SMALL_TALK["thanks"])
    is_again = conversation.state.rated_id == press.message_id
    offers = checkins.offers(conversation, press.value, now, is_again=is_again)
    if offers:
        text = f"{text}\n\n{_say(conversation, wording.OFFER_TO_ASK)}"
        conversation = _remember(conversation, asking_offered_at=now)
    reply = Reply(text, (*offers, *_further_buttons(conversation, signals, now, is_enough=bool(offers))))
    return Decision("helped", conversation, (reply,), events=(Happened("helped", press.value),))


def _tapped(press: Press, decision: Decision) -> Decision:
    """What follows from a question, which may be that of a tip."""
    return replace(decision, events=(*decision.events, Happened("tip_tapped", press.tip))) if press.tip else decision


def _rated(press: Press, decision: Decision) -> Decision:
    """A button pressed twice says the same again, and is counted once."""
    if decision.conversation.state.rated_id == press.message_id:
        return replace(decision, events=())
    return replace(decision, conversation=_remember(decision.conversation, rated_id=press.message_id))


def _did_not_help(conversation: Conversation, press: Press, signals: Signals) -> Decision:
    candidates = press.question.candidates if press.question else ()
    worth = [id_ for id_, score in candidates if score >= WORTH_OFFERING]
    rated = signals.entries.get(press.value)
    other_ids = dict.fromkeys([*worth, *(rated.related if rated else ())])
    others = [signals.entries[id_] for id_ in other_ids if id_ != press.value and id_ in signals.entries]
    buttons = [Button("pick", entry.text(conversation.language)[0], entry.id) for entry in others[:2]]
    buttons.append(Button("person", _say(conversation, wording.BUTTON_PERSON)))
    reply = Reply(_say(conversation, wording.WHAT_WOULD_HELP), tuple(buttons))
    return Decision("not_helped", conversation, (reply,), events=(Happened("not_helped", press.value),))


def _send(conversation: Conversation, press: Press, signals: Signals, now: datetime) -> Decision:
    question = press.question
    if conversation.ticket is not None:
        return Decision("offer", conversation, (Reply(_say(conversation, wording.ALREADY_SENT)),))
    if question is None:
        return _offer_person(conversation, signals)
    if question.ticket_id is not None:  # an old button: sent anew it would leave the thread that its answer stands in
        return _lead_back(conversation, question.ticket_id, wording.WAS_SENT_BEFORE, now)
    role: AdvisorRole = "sosiaaliohjaaja" if press.value == "sosiaaliohjaaja" else "tyovoimaneuvoja"
    until = conversation.state.safety_until
    topic = _topic(question)
    text = _say(conversation, wording.SENT[role], promise=signals.promise.in_words(conversation.language))
    reply = _offering_contacts(conversation, Reply(text, (_end_button(conversation),)), question)
    return Decision(
        "sent",
        _remember(conversation, is_writing_to_person=False),
        (reply,),
        OpenTicketWith(role, question.message_id, topic, urgent=until is not None and now <= until),
        (Happened("escalated", topic),),
    )


def _let_contacts(conversation: Conversation, now: datetime) -> Decision:
    """The next text may hold contact details; pressed again it may anew, and after the ticket's end it leads on."""
    closed = conversation.closed_ticket
    if conversation.ticket is None:
        return _lead_back(conversation, closed.id if closed else None, wording.CONTACTS_TOO_LATE, now)
    reply = Reply(_say(conversation, wording.WRITE_CONTACTS))
    return Decision("contacts", _remember(conversation, contacts_let_at=now), (reply,))


def _lead_back(conversation: Conversation, ticket_id: str | None, sentence: str, now: datetime) -> Decision:
    """*sentence* on a ticket that is closed, with "Jatka" while that opens this one again."""
    closed = conversation.closed_ticket
    if closed is None or closed.id != ticket_id or now - closed.closed_at > REOPEN_WITHIN:
        return Decision("stale", conversation, (Reply(_say(conversation, wording.TOO_LATE_TO_CONTINUE)),))
    button = Button("continue", _say(conversation, wording.BUTTON_CONTINUE))
    return Decision("stale", conversation, (Reply(_say(conversation, sentence), (button,)),))


def _continue_ticket(conversation: Conversation, signals: Signals, now: datetime) -> Decision:
    closed = conversation.closed_ticket
    if conversation.ticket is not None:
        return Decision("offer", conversation, (Reply(_say(conversation, wording.ALREADY_SENT)),))
    if closed is None or now - closed.closed_at > REOPEN_WITHIN:
        return Decision("stale", conversation, (Reply(_say(conversation, wording.TOO_LATE_TO_CONTINUE)),))
    text = _say(conversation, wording.REOPENED, promise=signals.promise.in_words(conversation.language))
    reply = Reply(text, (_end_button(conversation),))
    return Decision("sent", conversation, (reply,), ReopenTicket(closed.id), (Happened("reopened"),))


def _choose_language(conversation: Conversation, value: str) -> Decision:
    language = next((language for language in LANGUAGES if language == value), None)
    if language is None:
        return Decision("stale", conversation, (Reply(_say(conversation, wording.STALE_BUTTON)),))
    chosen = replace(_remember(conversation, chose_language=True), language=language)
    return Decision("language", chosen, (Reply(_say(chosen, wording.LANGUAGE_CHOSEN)),))


def _browse(conversation: Conversation, verb: str, value: str, signals: Signals) -> Decision:
    language, reply = conversation.language, None
    if verb == "topic":
        reply = browsing.entries_of(signals, language, value)
    elif verb == "popular":
        reply = browsing.popular(signals, language)
    reply = reply or browsing.topics(signals, language, browsing.page_number(value))
    return Decision("topics", conversation, (reply,))


def _guide(conversation: Conversation, verb: str, value: str, now: datetime) -> Decision:
    """The situations, or one of them; what was asked before is no more what a person is asked about from there."""
    language, is_in_danger = conversation.language, conversation.state.is_after_danger(now)
    unasked = _remember(conversation, question_id=None, is_writing_to_person=False, topic=None)
    if verb == "situation":
        card = guiding.questions(language, conversation.channel, value, is_in_danger=is_in_danger)
        if card is not None:
            return Decision("guided", unasked, (card,), events=(Happened("situation", value),))
    reply = guiding.cards(language, value, is_in_danger=is_in_danger)
    return Decision("guided", unasked, (reply,), events=(Happened("situations"),))


def _arrange_asking(conversation: Conversation, press: Press, signals: Signals) -> Decision:
    """What the bot may ask of itself later: shown, chosen by the asker's own taps, or ended by one."""
    language, channel, today = conversation.language, conversation.channel, signals.promise.today
    moment, _, when = press.value.partition(":")
    plans: tuple[Plan, ...] = ()
    if press.verb == "endasks":
        ended = Reply(_say(conversation, wording.CHECKINS_ENDED))
        asking = AgreeToBeAsked("checkins")
        return Decision("asking", conversation, (ended,), asking=asking, events=(Happened("asking_ended"),))
    if press.verb == "followup" and press.value in signals.entries:
        plans = checkins.outcome_plans(press.value, today)
    elif press.verb in ("moment", "askat") and moment in checkins.MOMENTS:
        choices = checkins.MOMENTS[moment].whens
        when = when if when in choices else choices[0]
        on = checkins.day_of(when, today)
        if press.verb == "moment" and len(choices) > 1:
            return Decision("asking", conversation, (checkins.whens(language, moment),))
        plans = (Plan(moment, on),) if on else ()
    if not plans:
        return Decision("asking", conversation, (checkins.menu(language, channel, signals.plans),))
    asking = AgreeToBeAsked("outcomes" if press.verb == "followup" else "checkins", plans)
    reply = checkins.agreed(language, channel, plans)
    return Decision("asking", conversation, (reply,), asking=asking, events=(Happened("asking_agreed", plans[0].what),))


def _hear_answer(conversation: Conversation, press: Press, now: datetime) -> Decision:
    """A tap under the bot's own question; pressed twice it says the same again, and is counted once."""
    answer, _, about = press.value.partition(":")
    if press.verb == "outcome" and answer in checkins.OUTCOMES:
        topic, _, campaign = about.partition(":")
        reply = checkins.heard_outcome(conversation, answer)
        event = Happened(f"outcome_{answer}", topic or None, campaign or None)
    elif press.verb == "feel" and answer in wording.BUTTON_FEELINGS:
        reply = checkins.heard_feeling(conversation, answer, about, now)
        event = Happened(f"checkin_{answer}", about or None)
    else:
        return Decision("stale", conversation, (Reply(_say(conversation, wording.STALE_BUTTON)),))
    is_new = conversation.state.answered_id != press.message_id
    changes: dict[str, object] = {"answered_id": press.message_id}
    if answer in ("stuck", "ask", "not_yet"):  # what comes next is a new matter, not what was asked weeks ago
        changes |= {"question_id": None, "topic": None}
    return Decision("asking", _remember(conversation, **changes), (reply,), events=(event,) if is_new else ())


def _greet(conversation: Conversation, said: Start, signals: Signals) -> Decision:
    reply = Reply(_say(conversation, wording.GREETING), _example_buttons(conversation, signals))
    return Decision("greeting", conversation, (reply,), events=(Happened("came"),), campaign=said.campaign)


def _on_command(conversation: Conversation, command: Command, signals: Signals, now: datetime) -> Decision:
    match command.name:
        case "aiheet":
            return _browse(conversation, "topics", "", signals)
        case "vinkit":
            return tips.decide(conversation, "tips", signals)
        case "tilanteet":
            return _guide(conversation, "situations", "", now)
        case "muistuta":
            return _arrange_asking(conversation, Press("asks", "", 0), signals)
        case "kieli":
            buttons = tuple(Button("language", wording.LANGUAGE_NAMES[language], language) for language in LANGUAGES)
            reply = Reply(_say(conversation, wording.CHOOSE_LANGUAGE), buttons)
            return Decision("language", conversation, (reply,))
        case "ihminen":
            return _offer_person(conversation, signals, events=("person_wanted",))
        case "apua":
            numbers = signals.crisis_texts[conversation.language]["numbers"]
            return Decision("help_now", conversation, (Reply(numbers),))
        case "unohda":
            button = Button("erase", _say(conversation, wording.BUTTON_ERASE))
            return Decision("erasing", conversation, (Reply(_say(conversation, wording.ERASE_CONFIRM), (button,)),))
        case "tietoni":
            return _tell_holdings(conversation, signals)
        case "ohje":
            return Decision("instructions", conversation, (Reply(_say(conversation, wording.INSTRUCTIONS)),))
        case "jaa" if signals.share:
            return Decision("share", conversation, (Reply(signals.share),), events=(Happened("shared"),))
        case "tietosuoja":
            return Decision("privacy", conversation, (Reply(signals.privacy_notice),))
        case _:
            return Decision("unknown_command", conversation, (Reply(_say(conversation, wording.UNKNOWN_COMMAND)),))


def _tell_holdings(conversation: Conversation, signals: Signals) -> Decision:
    """What is kept, in a few words; all of it in a file, which Telegram brings and a page lets one fetch."""
    if conversation.channel == "telegram":
        file = Reply(_say(conversation, wording.HOLDINGS_CAPTION), has_file=True)
        return Decision("holdings", conversation, (Reply(signals.holdings), file))
    button = Button("fetch", _say(conversation, wording.BUTTON_FETCH))
    return Decision("holdings", conversation, (Reply(signals.holdings, (button,)),))


# --- small helpers of the above -------------------------------------------------------------------------------


def _verdict(signals: Signals) -> Verdict:
    if signals.verdict is None:
        raise ValueError("a text is decided on with its verdict")
    return signals.verdict


def _say(conversation: Conversation, sentence: str, **values: str) -> str:
    return wording.say(conversation.language, sentence, **values)


def _remember(conversation: Conversation, **changes: object) -> Conversation:
    return replace(conversation, state=replace(conversation.state, **changes))  # type: ignore[arg-type]


def _in_language_of(conversation: Conversation, verdict: Verdict, signals: Signals) -> Conversation:
    """The conversation in the language of what was just said, where that is evidence enough to change it."""
    state = conversation.state
    if verdict.language is None or state.chose_language or signals.is_foreign:
        return conversation
    said = signals.question.text if signals.question else ""
    is_short = sum(any(map(str.isalpha, word)) for word in said.split()) < WORDS_THAT_TELL_A_LANGUAGE
    has_begun = state.question_id is not None
    return conversation if has_begun and is_short else replace(conversation, language=verdict.language)


def _joins(conversation: Conversation, *, urgent: bool = False) -> JoinTicket | None:
    return JoinTicket(urgent=urgent) if conversation.ticket else None


def _small_talk_buttons(conversation: Conversation, signals: Signals, verdict: Verdict) -> tuple[Button, ...]:
    if verdict.smalltalk == "low":
        return (Button("person", _say(conversation, wording.BUTTON_PERSON)),)
    return _example_buttons(conversation, signals) if verdict.smalltalk == "greeting" else ()


def _example_buttons(conversation: Conversation, signals: Signals) -> tuple[Button, ...]:
    examples = (Button("ask", example, example) for example in signals.examples)
    lost = guiding.way_in(conversation.language)
    return (*examples, lost, Button("topics", _say(conversation, wording.BUTTON_TOPICS), "0"))


def _topic(question: Asked | None) -> str | None:
    """What a question is about, if that can be told at all: a far guess would mislead advisors and figures."""
    if question is None or not question.candidates or (question.confidence or 0.0) < ROUTING_CONFIDENCE:
        return None
    return question.candidates[0][0]


def _role(signals: Signals) -> AdvisorRole | None:
    entry = signals.entries.get(_topic(signals.question) or "")
    return entry.advisor if entry else None
