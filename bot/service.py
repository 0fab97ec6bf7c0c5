"""One inbox item: read, decide, write, in one transaction.

What needs no lock (parsing, masking, the verdict) comes before it; nothing inside awaits the network.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

import structlog

from bot import meters, privacy_notice, probing, sharing, tips, wording
from bot.advising import Desk
from bot.channels import telegram
from bot.channels.incoming import Incoming, InGroup, MoveHere, Pressed, StaffSaid, Unparsable, calls_for_help
from bot.channels.markup import split
from bot.channels.webchat import posts
from bot.channels.webchat.pace import Pace
from bot.conversation import decide, in_language_of_command, may_go_on, takes_contacts, topic_at
from bot.delivery import Delivery, Slot
from bot.dialogue import (
    Asked,
    Command,
    Conversation,
    Decision,
    EndTicket,
    Flood,
    JoinTicket,
    Left,
    OpenTicketWith,
    Press,
    ReopenTicket,
    Reply,
    Said,
    Signals,
    Subscribing,
    Text,
)
from bot.holdings import Holdings
from bot.hours import OpeningHours
from bot.profile import ServiceProfile
from bot.sharing import WaysIn
from bot.staff_chats import StaffChats
from bot.store import (
    audit,
    campaigns,
    checkins,
    conversations,
    erasure,
    events,
    held_back,
    inbox,
    moving,
    outbox,
    subscriptions,
    tickets,
)
from bot.store.engine import Store, Tx
from bot.store.inbox import InboxItem
from bot.vault import Vault, WrongKey
from knowledge import followup, foreign, parts, privacy, wishes
from knowledge.base import KnowledgeBase
from knowledge.entry import Entry, Language
from knowledge.library import Library
from knowledge.verdict import Verdict

WAITS_SINCE = timedelta(weeks=4)
WAITS_MOST = 300  # the latest: more change little, and the asker waits while they are read
WAITS_FEWEST = 10  # by fewer than so many nobody can tell what is usual
WAITS_KEPT = timedelta(minutes=10)
MESSAGES_A_MINUTE = 20  # of one asker; whoever may be in danger, or writes to a person, is never asked to wait
POPULAR_SINCE = timedelta(days=30)
POPULAR_FEWEST = 5  # answers: what fewer have asked might tell of one of them
POPULAR_SHOWN = 6
POPULAR_KEPT = timedelta(minutes=10)
HELP_IN_DANGER = ("crisis", "help_now")  # decisions whose replies go before all else that waits in the chat

log = structlog.get_logger()

PARSERS: dict[str, Callable[[str], Incoming | None]] = {
    telegram.NAME: telegram.parse,
    posts.NAME: posts.parse,
}


@dataclass(frozen=True)
class _Understood:
    """What a text asks, as far as it can be told without the lock; see the fields of `Signals`."""

    verdict: Verdict | None
    goes_on: bool = False
    circumstances: tuple[str, ...] = ()
    second: str | None = None
    wants_person: bool = False
    is_lost: bool = False
    is_foreign: bool = False


class Service:
    """Handles what channels bring. *knowledge* gives the current knowledge base, which may change while running.

    *ways_in*: where a friend of an asker's gets in; without it nothing is offered to pass on.
    *others*: what is known at the moment of how many have asked the same.
    With *delivery* in the same process, a first reply goes out as soon as it is committed; else it waits in the outbox.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        knowledge: Callable[[], KnowledgeBase],
        profile: ServiceProfile,
        hours: OpeningHours,
        delivery: Delivery | None = None,
        ways_in: WaysIn | None = None,
        others: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        self._store = store
        self._vault = vault
        self._knowledge = knowledge
        self._profile = profile
        self._hours = hours
        self._delivery = delivery
        self._ways_in = ways_in
        self._others = others
        self._holdings = Holdings(store, profile, hours.zone)
        self._staff = StaffChats(store, vault, Desk(store, hours))
        self._probe = probing.sender(vault)
        self._pace = Pace(MESSAGES_A_MINUTE, timedelta(minutes=1))
        self._told_to_wait = Pace(1, timedelta(minutes=1))
        self._usual_wait: timedelta | None = None
        self._usual_wait_until: datetime | None = None
        self._popular: list[str] = []
        self._popular_until: datetime | None = None

    async def handle(self, item: InboxItem, now: datetime) -> None:
        """Take the one decision on *item*. What can't be parsed goes to quarantine; other errors are the caller's."""
        try:
            incoming = PARSERS[item.channel](self._vault.unseal(item.sealed))
        except (Unparsable, WrongKey) as error:
            await self._end(item, partial(inbox.give_up, reason=str(error), now=now))
            log.warning("unparsable", channel=item.channel, item=item.id)
            return
        if incoming is None:
            await self._end(item, partial(inbox.done, kind="ignored", replies=0, now=now))
            return
        if isinstance(incoming.said, InGroup):
            await self._speak_in_group(item, incoming.address, _first_guess(incoming.language), now)
        elif isinstance(incoming.said, StaffSaid):
            await self._staff.handle(item, incoming.address, incoming.said, now)
        elif isinstance(incoming.said, MoveHere):
            await self._move_here(item, incoming.address, incoming.said.code, _first_guess(incoming.language), now)
        else:
            said_at = incoming.said_at or item.received_at
            await self._converse(item, incoming, incoming.said, said_at, now)

    async def _end(self, item: InboxItem, end: Callable[[Tx, InboxItem], Awaitable[None]]) -> None:
        """Do with *item* what takes no answer, in a commit that others share: there may be thousands."""

        async def write(tx: Tx, _nothing: None) -> None:
            if await inbox.claim(tx, item):
                await end(tx, item)

        await self._store.together(write, nullcontext)

    async def apologise(self, item: InboxItem, now: datetime) -> None:
        """Give *item* up after too many errors: into quarantine, with a word to the asker if they can be found."""
        async with self._store.write() as tx:
            if not await inbox.claim(tx, item):
                return
            await inbox.give_up(tx, item, reason="handling failed", now=now)
            talk = await conversations.find(tx.connection, channel=item.channel, lookup=item.sender)
            if talk is not None:
                await self._say(tx, None, item, talk, [Reply(wording.say(talk.language, wording.FAILED))], now)

    async def _converse(
        self,
        item: InboxItem,
        incoming: Incoming,
        heard: Said | Pressed,
        said_at: datetime,
        now: datetime,
    ) -> None:
        said = await self._resolve(item, heard)
        to_judge = _to_judge(said)
        knowledge = self._knowledge()  # once: a new one may take its place before the verdict is carried out
        understood = _Understood(None)
        if to_judge is not None:
            with meters.judging.time():
                understood = await self._understand(item, to_judge, knowledge, now)

        async def answer(tx: Tx, slot: Slot | None) -> bool:
            return await self._answer(tx, slot, item, incoming, said, knowledge.library, understood, said_at, now)

        if await self._store.together(answer, partial(self._room, item.channel, incoming.address)):
            await self._store.empty_log()

    async def _answer(
        self,
        tx: Tx,
        slot: Slot | None,
        item: InboxItem,
        incoming: Incoming,
        said: Said,
        library: Library,
        understood: _Understood,
        said_at: datetime,
        now: datetime,
    ) -> bool:
        """Decide on *said* and carry it out; whether somebody was erased by it."""
        verdict = understood.verdict
        if not await inbox.claim(tx, item):
            return False
        talk = await conversations.find(tx.connection, channel=item.channel, lookup=item.sender)
        if talk is None and isinstance(said, Left):  # somebody erased, or never met: nobody to remember
            await inbox.done(tx, item, kind="ignored", replies=0, now=now)
            return False
        if talk is None:
            talk = await self._begin(tx, item, incoming.address, _first_guess(incoming.language), now)
        talk = in_language_of_command(talk, said)
        if self._is_too_much(item, talk, said, said_at):
            said = Flood(self._told_to_wait.allows(item.sender, item.key, said_at))
        is_probe = item.sender == self._probe  # what the service asks itself is nobody's question
        asked = None if is_probe else await self._asked(tx, talk, said, verdict, now)
        of = None if understood.wants_person else asked
        signals = await self._signals(tx, talk, said, library, understood, of, now)
        decision = decide(talk, said, signals, now)
        decision = replace(decision, campaign=decision.campaign or incoming.campaign)
        await self._carry_out(tx, slot, item, decision, asked, now)
        if verdict is not None:
            tx.after(meters.verdicts.labels(verdict.kind).inc)
        return decision.erase

    async def _begin(self, tx: Tx, item: InboxItem, address: str, language: Language, now: datetime) -> Conversation:
        """A new asker's conversation, at the address that *item* came from."""
        return await conversations.begin(
            tx,
            self._vault,
            channel=item.channel,
            lookup=item.sender,
            address_text=address,
            language=language,
            now=now,
        )

    def _is_too_much(self, item: InboxItem, talk: Conversation, said: Said, said_at: datetime) -> bool:
        """Whether this is one message too many of its sender's; the web chat refuses those at its door.

        Paced by when it was said: what waited out an outage comes all at once, and none of it was a flood.
        """
        is_for_person = talk.ticket is not None or talk.state.is_writing_to_person
        is_never = is_for_person or talk.state.is_after_danger(said_at)
        if item.channel != telegram.NAME or isinstance(said, Left | Press) or is_never:
            return False
        return not self._pace.allows(item.sender, item.key, said_at) and not _calls_for_help(said)

    def _room(self, channel: str, address: str) -> AbstractContextManager[Slot | None]:
        """Room for the first reply that a transaction decides on, which is sent right after the commit."""
        return self._delivery.slot(channel, address) if self._delivery else nullcontext()

    async def _resolve(self, item: InboxItem, heard: Said | Pressed) -> Said:
        """What was said, with personal data masked and a pressed button looked up in this very conversation."""
        if isinstance(heard, Text):
            return _mask(heard)
        if not isinstance(heard, Pressed):
            return heard
        async with self._store.read(brief=True) as read:
            talk = await conversations.find(read, channel=item.channel, lookup=item.sender)
            found = await conversations.button(read, talk.id, heard.message_id, heard.ordinal) if talk else None
            if found is None or talk is None:
                return Press("gone", "", heard.message_id)
            button, question_id = found
            question = await conversations.question(read, talk.id, question_id)
        if button.verb == tips.QUESTION:
            tip, asked = tips.read_value(button.value)
            return Press("ask", asked, heard.message_id, question, tip)
        return Press(button.verb, button.value, heard.message_id, question)

    async def _understand(self, item: InboxItem, text: str, knowledge: KnowledgeBase, now: datetime) -> _Understood:
        """What *text* asks: by itself, as going on from what was answered before, or part by part."""
        alone = knowledge.judge(text)
        if alone.kind in ("choices", "escalate") and wishes.is_lost(text):  # no gap in the FAQ, whatever came near
            return _Understood(replace(alone, kind="smalltalk", smalltalk="ok"), is_lost=True)
        follow_up = followup.recognise(text) if alone.kind in ("choices", "escalate") else None
        about, language = await self._context(item, knowledge.library, now) if follow_up else ([], "fi")
        if follow_up and len(about) == 1:
            entry, told = about[0], followup.circumstances(text)
            joined = knowledge.judge(f"{entry.text(language)[0]} {text}")
            verdict = followup.in_context(follow_up, alone, joined, entry.id)
            return _Understood(verdict, goes_on=True, circumstances=told)
        if follow_up and about and (again := followup.among(follow_up, alone, [entry.id for entry in about])):
            return _Understood(again, goes_on=True)
        reading = parts.read_by_parts(text, alone, knowledge.judge)
        return _Understood(
            reading.verdict,
            second=reading.second,
            wants_person=wishes.wants_person(text),
            is_foreign=foreign.is_foreign(text),
        )

    async def _context(self, item: InboxItem, library: Library, now: datetime) -> tuple[list[Entry], Language]:
        """What was answered last in the sender's conversation, or else offered just now; and their language."""
        async with self._store.read(brief=True) as read:
            talk = await conversations.find(read, channel=item.channel, lookup=item.sender)
            if talk is None or not may_go_on(talk, now):
                return [], "fi"
            topic = topic_at(talk, now)
            ids = [topic] if topic else await conversations.offered(read, talk.id)
        return [entry for id_ in ids if (entry := library.get(id_))], talk.language

    async def _asked(
        self, tx: Tx, talk: Conversation, said: Said, verdict: Verdict | None, now: datetime
    ) -> Asked | None:
        """Write down what was asked, with what the bot saw in it; contact details only by the asker's leave."""
        is_by_leave = isinstance(said, Text) and takes_contacts(talk, verdict, now)
        text = _to_keep(said, is_by_leave=is_by_leave)
        if text is None or verdict is None:
            return None
        hits = tuple((hit.entry_id, round(hit.score, 4)) for hit in verdict.hits)
        seen: dict[str, object] = {
            "kind": verdict.kind,
            "hits": [list(hit) for hit in hits],
            "confidence": verdict.confidence,
        }
        if is_by_leave:
            seen["contacts"] = True
        message_id = await conversations.add_message(tx, talk.id, "asker", text, now, verdict=seen)
        return Asked(message_id, text, hits, verdict.confidence)

    async def _signals(
        self,
        tx: Tx,
        talk: Conversation,
        said: Said,
        library: Library,
        understood: _Understood,
        asked: Asked | None,
        now: datetime,
    ) -> Signals:
        question = asked
        if question is None and isinstance(said, Press):
            question = said.question
        if question is None:
            question = await conversations.question(tx.connection, talk.id, talk.state.question_id)
        return Signals(
            promise=self._hours.promise_at(now),
            verdict=understood.verdict,
            goes_on=understood.goes_on,
            circumstances=understood.circumstances,
            second=understood.second,
            wants_person=understood.wants_person,
            is_lost=understood.is_lost,
            is_foreign=understood.is_foreign,
            entries=library.by_id,
            places=library.places,
            question=question,
            usual_wait=await self._usual_wait_at(tx, now),
            examples=self._profile.examples.get(talk.language, ()),
            popular=await self._popular_at(tx, said, now),
            others=self._others(),
            plans=await checkins.standing(tx.connection, talk.id) if _looks_at_plans(said) else (),
            crisis_texts=self._profile.crisis.texts,
            holdings=await self._holdings.in_short(tx.connection, talk) if _asks_for_holdings(said) else "",
            share=self._share(talk) if _may_share(said) else "",
            gets_tips=_asks_for_tips(said) and "tips" in await subscriptions.standing(tx.connection, talk.id),
            privacy_notice=privacy_notice.in_short(self._profile, talk.language)
            if said == Command("tietosuoja")
            else "",
        )

    async def _carry_out(
        self, tx: Tx, slot: Slot | None, item: InboxItem, decision: Decision, asked: Asked | None, now: datetime
    ) -> None:
        talk = decision.conversation
        if decision.erase:
            await self._erase(tx, item, decision, now)
            return
        around = events.Circumstances(now, self._hours, talk.channel, talk.language)
        owner = await conversations.save(tx, talk, now)
        happenings = [events.Happening(event.kind, event.topic, campaign=event.campaign) for event in decision.events]
        today = now.astimezone(self._hours.zone).date()
        has_come = decision.campaign is not None and await campaigns.touch(tx, talk.id, decision.campaign, today)
        if has_come and not any(happening.kind == "came" for happening in happenings):
            happenings.insert(0, events.Happening("came"))  # by a link to the web chat, which nobody is known to open
        if item.sender != self._probe:
            await events.record(tx, talk.id, happenings, around, owner=None if has_come else owner)
        match decision.ticket:
            case OpenTicketWith(role, question_id, topic, urgent):
                await tickets.open_ticket(
                    tx,
                    conversation_id=talk.id,
                    role=role,
                    question_id=question_id,
                    topic=topic,
                    urgent=urgent,
                    promised_at=self._hours.promise_at(now).at,
                    now=now,
                )
            case JoinTicket(message_id, urgent) if talk.ticket:
                joining = message_id or (asked.message_id if asked else None)
                if joining is not None:
                    await conversations.join_ticket(tx, joining, talk.ticket.id)
                await tickets.joined(tx, talk.ticket.id, urgent=urgent)
            case EndTicket() if talk.ticket:
                await tickets.end(tx, talk.ticket.id, now)
            case ReopenTicket(ticket_id):
                await tickets.reopen(tx, ticket_id, self._hours.promise_at(now).at, now)
            case _:
                pass
        if decision.subscribing is not None:
            await self._subscribe(tx, talk, decision.subscribing, now)
        # Who says anything takes our messages again, whatever the channel told us of an earlier one.
        is_reachable = decision.reachable is not False
        if is_reachable != talk.is_reachable:
            await conversations.set_reachable(tx, talk.id, reachable=is_reachable)
        await self._hold_back(tx, decision)
        if decision.asking is not None and decision.asking.plans:
            await checkins.agree(tx, talk.id, decision.asking.kind, decision.asking.plans, self._hours.zone, now)
        elif decision.asking is not None:
            await checkins.stop(tx, talk.id)
        if decision.rating is not None:
            await conversations.rate(tx, talk.id, decision.rating)
        messages = [message for reply in decision.replies for message in _in_messages(reply)]
        await self._say(tx, slot, item, talk, messages, now, is_urgent=decision.kind in HELP_IN_DANGER)
        await inbox.done(tx, item, kind=decision.kind, replies=len(messages), now=now)

    async def _hold_back(self, tx: Tx, decision: Decision) -> None:
        """What waits to go unasked is for nobody who has said no, and not for who is in danger: see `checkins.fate`."""
        talk, until = decision.conversation, decision.conversation.state.safety_until
        if decision.reachable is False:
            await held_back.withdraw(tx, talk.id, "tip", "checkins", "outcomes")
        if decision.subscribing is not None and decision.subscribing.ends:
            await held_back.withdraw(tx, talk.id, "tip")
        if decision.asking is not None and not decision.asking.plans:
            await held_back.withdraw(tx, talk.id, "checkins", "outcomes")
        if decision.kind == "crisis" and until is not None:
            await held_back.withdraw(tx, talk.id, "tip", "outcomes")
            opening = wording.say(talk.language, wording.GENTLE_LINE)
            await held_back.put_off(tx, talk.id, "checkins", until + timedelta(minutes=1), opening)

    async def _subscribe(self, tx: Tx, talk: Conversation, wish: Subscribing, now: datetime) -> None:
        if wish.ends:
            await subscriptions.end(tx, talk.id, wish.kind)
        else:
            await subscriptions.begin(tx, talk.id, wish.kind, now, due_at=now)

    async def _erase(self, tx: Tx, item: InboxItem, decision: Decision, now: datetime) -> None:
        talk = decision.conversation
        sealed = await erasure.erase(tx, talk.id)
        await audit.record(tx, None, "erased by the asker", talk.id, now)
        if sealed is not None and talk.channel == telegram.NAME:
            await outbox.add_last_word(
                tx,
                key=inbox.reply_key(item),
                text=decision.replies[0].text,
                channel=talk.channel,
                sealed_address=sealed,
                now=now,
            )
        await inbox.done(tx, item, kind=decision.kind, replies=1, now=now)
        await inbox.forget_sender(tx, item)

    async def _usual_wait_at(self, tx: Tx, now: datetime) -> timedelta | None:
        """The median wait of questions sent in opening hours; looked up every few minutes, not for every message."""
        if self._usual_wait_until is None or now >= self._usual_wait_until:
            ended = await tickets.waits(tx.connection, now - WAITS_SINCE, most=WAITS_MOST)
            seconds = [(replied - began).total_seconds() for began, replied in ended if self._hours.is_open(began)]
            self._usual_wait = timedelta(seconds=median(seconds)) if len(seconds) >= WAITS_FEWEST else None
            self._usual_wait_until = now + WAITS_KEPT
        return self._usual_wait

    async def _popular_at(self, tx: Tx, said: Said, now: datetime) -> list[str]:
        """What is asked most lately, where the asker is looking at the topics; counted every few minutes."""
        looks = said == Command("aiheet") or (isinstance(said, Press) and said.verb in ("topics", "topic", "popular"))
        if not looks:
            return []
        if self._popular_until is None or now >= self._popular_until:
            since = now.astimezone(self._hours.zone).date() - POPULAR_SINCE
            self._popular = await events.most_asked(tx.connection, since, fewest=POPULAR_FEWEST, limit=POPULAR_SHOWN)
            self._popular_until = now + POPULAR_KEPT
        return self._popular

    def _share(self, talk: Conversation) -> str:
        """What this conversation's asker may pass on."""
        if self._ways_in is None:
            return ""
        return sharing.ready(self._ways_in, talk.channel, talk.language, self._profile.name)

    async def _say(
        self,
        tx: Tx,
        slot: Slot | None,
        item: InboxItem,
        talk: Conversation,
        replies: Sequence[Reply],
        now: datetime,
        *,
        is_urgent: bool = False,
    ) -> None:
        for ordinal, reply in enumerate(replies):
            message_id = await conversations.add_message(
                tx,
                talk.id,
                "bot",
                reply.text,
                now,
                buttons=reply.buttons,
                entry_id=reply.entry_id,
                question_id=talk.state.question_id,
            )
            queued: dict[str, Any] = {
                "key": inbox.reply_key(item, ordinal),
                "message_id": message_id,
                "conversation_id": talk.id,
                "channel": talk.channel,
                "inbox_id": item.id,
                "act": "file" if reply.has_file else "send",
                "is_urgent": is_urgent,
                "now": now,
            }
            if slot is not None and ordinal == 0:
                slot.item = await outbox.add_reply(
                    tx, text=reply.text, buttons=reply.buttons, address=slot.address, **queued
                )
            else:
                await outbox.add_message(tx, ordinal=ordinal, **queued)

    async def _speak_in_group(self, item: InboxItem, address: str, language: Language, now: datetime) -> None:
        """Say in a group that the bot works in private; of groups nothing is remembered."""
        text, sealed = wording.say(language, wording.ONLY_IN_PRIVATE), self._vault.seal(address)
        async with self._store.write() as tx:
            if not await inbox.claim(tx, item):
                return
            await outbox.add_last_word(
                tx, key=inbox.reply_key(item), text=text, channel=item.channel, sealed_address=sealed, now=now
            )
            await inbox.done(tx, item, kind="group", replies=0, now=now)

    async def _move_here(self, item: InboxItem, address: str, code: str, language: Language, now: datetime) -> None:
        """A web chat goes on in this chat, or its asker hears why it doesn't."""
        async with self._store.write() as tx:
            if not await inbox.claim(tx, item):
                return
            talk = await conversations.find(tx.connection, channel=item.channel, lookup=item.sender)
            moved = await moving.move(
                tx, self._vault, code=code, channel=item.channel, lookup=item.sender, address_text=address, now=now
            )
            if isinstance(moved, Conversation):
                talk, sentence = moved, wording.MOVED_HERE
            else:
                sentence = wording.MOVE_REFUSED if moved == moving.REFUSED else wording.MOVE_FAILED
            if talk is None:
                talk = await self._begin(tx, item, address, language, now)
            await self._say(tx, None, item, talk, [Reply(wording.say(talk.language, sentence))], now)
            await inbox.done(tx, item, kind="move", replies=1, now=now)


def _in_messages(reply: Reply) -> list[Reply]:
    """*reply* as messages of a channel's length, the buttons under the last: each is paced and retried by itself."""
    *before, last = split(reply.text, is_answer=reply.entry_id is not None)
    return [*(replace(reply, text=text, buttons=(), has_file=False) for text in before), replace(reply, text=last)]


def _asks_for_holdings(said: Said) -> bool:
    return said == Command("tietoni") or (isinstance(said, Press) and said.verb == "fetch")


def _asks_for_tips(said: Said) -> bool:
    """Or says by blocking the bot that they want no more."""
    if isinstance(said, Left):
        return said.gone
    return said == Command("vinkit") or (isinstance(said, Press) and said.verb in ("tips", "subscribe", "unsubscribe"))


def _may_share(said: Said) -> bool:
    return said == Command("jaa") or (isinstance(said, Press) and said.verb in ("yes", "share"))


def _looks_at_plans(said: Said) -> bool:
    return said == Command("muistuta") or (isinstance(said, Press) and said.verb == "asks")


def _calls_for_help(said: Said) -> bool:
    return said == Command("apua") or (isinstance(said, Text) and calls_for_help(said.text))


def _mask(said: Text) -> Text:
    """*said* without any personal data, and with the contact details in it left standing."""
    masked, spans = privacy.mask(said.text, privacy.EVERYTHING)
    kinds = frozenset(span.kind for span in spans)
    return Text(masked, kinds, privacy.mask(said.text)[0] if kinds & privacy.CONTACTS else None, said.beside)


def _to_judge(said: Said) -> str | None:
    """What was written, or the example that was pressed.

    With the contact details, which tell the bot nothing: in their place it would read words that nobody wrote.
    """
    return _to_keep(said, is_by_leave=True)


def _to_keep(said: Said, *, is_by_leave: bool) -> str | None:
    """The question in *said* as it is stored."""
    if isinstance(said, Text):
        return (said.with_contacts if is_by_leave else None) or said.text
    if isinstance(said, Press) and said.verb in ("ask", "draft"):
        return said.value
    return None


def _first_guess(code: str | None) -> Language:
    """A new asker's language by that of their device: many Finns keep theirs in English, so that says nothing."""
    return "sv" if code == "sv" else "fi"
