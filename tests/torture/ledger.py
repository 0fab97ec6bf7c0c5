"""What the world saw against what the database says, message by message: what is lost, doubled or out of order.

Pure: `tests.torture.world` fills in `Seen`, `tests.torture.kept` reads `Kept`, and `reckon` judges. No text of
anybody's stands in a finding, only what names a row.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Key = tuple[str, str]  # channel, and the channel's own key of what it brought


@dataclass(frozen=True)
class Arrival:
    """One message that Telegram took for a chat: its *number* there, and what it shows."""

    number: int
    text: str


@dataclass(frozen=True)
class Row:
    """One item of the outbox that is to appear in a chat; *texts* are the forms it may appear in."""

    id: int
    texts: frozenset[str]
    state: str
    attempts: int = 1
    uncertain: bool = False
    number: int | None = None  # which of the chat's messages it became
    reason: str = ""
    is_urgent: bool = False  # the reply to a danger, which goes before what waits

    @property
    def copies(self) -> int:
        """How many arrivals that nobody wrote down are explained: tries that were cut off before their record."""
        if self.state == "failed":
            return 2 if self.reason.startswith("perhaps delivered") else 0
        return 1 if self.uncertain and self.attempts > 1 else 0


@dataclass(frozen=True)
class Handled:
    """One item of the inbox: its state, the one decision on it, and the replies that this made, as (state, text)."""

    state: str
    decision: str | None
    decided: int
    replies: Sequence[tuple[str, str]] = ()


@dataclass
class Seen:
    """The world's ledger: what Telegram issued and took, and what the service acknowledged over HTTP.

    *advised*: advisors' acts that were answered with the page that says so, as (act, ticket); *replies*: their texts.
    *crises*: what was a cry for help, and in which chat; *deaf*: chats that have blocked the bot meanwhile.
    """

    issued: set[Key] = field(default_factory=set)
    arrivals: Mapping[str, Sequence[Arrival]] = field(default_factory=dict)
    advised: Counter[tuple[str, str]] = field(default_factory=Counter)
    replies: list[str] = field(default_factory=list)
    crises: dict[Key, str] = field(default_factory=dict)
    deaf: set[str] = field(default_factory=set)


@dataclass
class Kept:
    """What the database says, when everything has come to rest."""

    inbox: Mapping[Key, Handled] = field(default_factory=dict)
    quarantine: set[Key] = field(default_factory=set)
    outbox: Mapping[str, Sequence[Row]] = field(default_factory=dict)  # by chat, in the order of their decisions
    audit: Counter[tuple[str, str]] = field(default_factory=Counter)  # act, subject
    replies: Counter[str] = field(default_factory=Counter)  # what advisors have said
    unfinished: Sequence[str] = ()  # what still waits on any channel


@dataclass
class Reckoning:
    """What is wrong, a line each, and what is right but worth a number."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    inversions: list[str] = field(default_factory=list)
    explained: int = 0  # copies of sends that were cut off: recorded as uncertain
    failed: int = 0  # given up, which the console shows with its reason
    missed: int = 0  # of these, what has not arrived at all

    @property
    def faults(self) -> list[str]:
        """All that must not be."""
        return [*self.lost, *self.doubled, *self.inversions]


def reckon(seen: Seen, kept: Kept, crisis_texts: Sequence[str] = ()) -> Reckoning:
    """Compare the two ledgers; *crisis_texts* are how a reply to a cry for help may begin."""
    found = Reckoning()
    _received(seen, kept, found)
    _decided(kept, found)
    _advised(seen, kept, found)
    _cared(seen, kept, found, tuple(crisis_texts))
    found.lost += [f"still waits: {what}" for what in kept.unfinished]
    for chat in sorted(kept.outbox.keys() | seen.arrivals.keys()):
        _delivered(chat, kept.outbox.get(chat, ()), seen.arrivals.get(chat, ()), found)
    return found


def _received(seen: Seen, kept: Kept, found: Reckoning) -> None:
    there = kept.inbox.keys() | kept.quarantine
    found.lost += [f"never kept: {channel} {key}" for channel, key in sorted(seen.issued - there)]


def _decided(kept: Kept, found: Reckoning) -> None:
    for (channel, key), item in kept.inbox.items():
        if item.state == "open" or (item.state == "done" and item.decision is None):
            found.lost.append(f"never decided: {channel} {key}")
        elif item.state == "done" and len(item.replies) < item.decided:
            found.lost.append(f"a reply of {item.decided} is missing: {channel} {key}")
        elif item.state == "done" and len(item.replies) > item.decided:
            found.doubled.append(f"a reply more than the {item.decided} decided: {channel} {key}")


def _advised(seen: Seen, kept: Kept, found: Reckoning) -> None:
    found.lost += [f"an acknowledged {act} is not in the audit: {id_}" for act, id_ in seen.advised - kept.audit]
    for place, text in enumerate(seen.replies):
        if kept.replies[text] != 1:
            wrong = found.doubled if kept.replies[text] else found.lost
            wrong.append(f"acknowledged reply {place} is there {kept.replies[text]} times")


def _cared(seen: Seen, kept: Kept, found: Reckoning, crisis_texts: tuple[str, ...]) -> None:
    for key, chat in seen.crises.items():
        item = kept.inbox.get(key)
        if item is None or item.state != "done":
            continue  # lost already
        sent = [text for state, text in item.replies if state == "sent" or chat in seen.deaf]
        if item.decision != "crisis" or not any(text.startswith(crisis_texts) for text in sent):
            found.lost.append(f"a cry for help was answered with {item.decision}: {key[0]} {key[1]}")


def _delivered(chat: str, rows: Sequence[Row], arrivals: Sequence[Arrival], found: Reckoning) -> None:
    """Give each arrival to its row: by the number that the row bears, else to one that was cut off."""
    places = {arrival.number: place for place, arrival in enumerate(arrivals)}
    first = {}
    for row in rows:
        if row.state == "sent" and row.number in places:
            first[row.id] = places.pop(row.number)
        elif row.state == "sent":
            found.lost.append(f"recorded as sent and never arrived: outbox {row.id}")
        elif row.state == "failed":
            found.failed += 1
        else:
            found.lost.append(f"still {row.state}: outbox {row.id}")
    left = {row.id: row.copies for row in rows}
    for place in places.values():
        row = next((row for row in rows if left[row.id] and arrivals[place].text in row.texts), None)
        if row is None:
            found.doubled.append(f"arrived without an explanation: message {arrivals[place].number} of chat {chat}")
            continue
        left[row.id] -= 1
        found.explained += row.id in first
        first[row.id] = min(place, first.get(row.id, place))
    found.missed += sum(1 for row in rows if row.state == "failed" and row.id not in first)
    latest = {True: -1, False: -1}  # of the urgent, and of all
    for row in (row for row in rows if row.id in first):
        place, earlier = first[row.id], latest[row.is_urgent]
        if place < earlier:
            found.inversions.append(f"out of order: messages {place} and {earlier} of chat {chat}")
        latest[False] = max(latest[False], place)
        if row.is_urgent:
            latest[True] = max(latest[True], place)
