"""Who looks at which ticket just now, and who writes in it: a hint for colleagues and for its asker, never a claim.

One kind of mark for all: of a ticket and whoever is there, an account or the asker. A page renews its own, or it ends
by itself after a minute. Kept in this process and written nowhere, and no text is in it; where several processes serve
pages on one database, `presence_sharing` tells each what the others' marks are.
"""

import json
import math
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

LASTS = timedelta(seconds=60)
RETOLD_AFTER = timedelta(seconds=20)  # a mark that is renewed: often enough for one who has missed it
ASKER = "asker"  # instead of an account

Key = tuple[str, str]  # a ticket, and an account or the asker


@dataclass(frozen=True)
class Present:
    """Somebody who has a ticket open; *writes*: just now, in its box."""

    name: str
    writes: bool


@dataclass(frozen=True)
class _Mark:
    name: str
    looks_until: datetime
    writes_until: datetime | None = None
    for_asker: str = ""  # as whom its asker sees them; nobody, where they need not

    @property
    def ends(self) -> datetime:
        return max(self.looks_until, self.writes_until or self.looks_until)

    def writes_at(self, now: datetime) -> bool:
        return self.writes_until is not None and self.writes_until > now

    def at(self, now: datetime) -> Present | None:
        """What there is to see of it now."""
        writes = self.writes_at(now)
        return Present(self.name, writes) if writes or self.looks_until > now else None

    def tells_asker(self, now: datetime) -> str | None:
        """Who writes to the asker now."""
        return self.for_asker if self.for_asker and self.writes_at(now) else None


class Presence:
    """The marks of who is where."""

    TOPIC: ClassVar = "presence"
    TO_TELL: ClassVar = "presence to tell"

    def __init__(self, announce: Callable[[str], None]) -> None:
        self._announce = announce
        self._marks: dict[Key, _Mark] = {}
        self._pages: Counter[Key] = Counter()
        self._id = secrets.token_hex(8)
        self._to_tell: dict[Key, None] | None = None
        self._told_until: dict[Key, datetime] = {}

    @staticmethod
    def topic(ticket_id: str) -> str:
        """What is announced when somebody begins or ends writing to this ticket's asker, or the asker does."""
        return f"presence:{ticket_id}"

    # --- marks ------------------------------------------------------------------------------------------------

    def looks(self, ticket_id: str, who: str, name: str, now: datetime) -> None:
        """Mark that they have the ticket open, for a minute from *now*."""
        mark = self._marks.get((ticket_id, who), _Mark(name, now))
        self._set((ticket_id, who), replace(mark, looks_until=now + LASTS), now)

    def writes(self, ticket_id: str, who: str, name: str, now: datetime, *, to_asker: str = "") -> None:
        """Mark that they write there, for a minute from *now*; *to_asker*: as whom the asker sees it as well."""
        self._set((ticket_id, who), _Mark(name, now + LASTS, now + LASTS, to_asker), now)

    def stops_writing(self, ticket_id: str, who: str, now: datetime) -> None:
        """An advisor still looks."""
        mark = self._marks.get((ticket_id, who))
        if mark is not None and mark.writes_until is not None:
            self._set((ticket_id, who), None if who == ASKER else replace(mark, writes_until=None), now)

    @contextmanager
    def open(self, ticket_id: str, who: str) -> Iterator[None]:
        """While a page shows the ticket: with the last one of this account the mark goes."""
        key = (ticket_id, who)
        self._pages[key] += 1
        try:
            yield
        finally:
            self._pages[key] -= 1
            if not self._pages[key]:
                del self._pages[key]
                if (mark := self._marks.get(key)) is not None:
                    self._set(key, None, mark.ends - LASTS)

    # --- what there is to see -----------------------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """Whether nobody is marked."""
        return not self._marks

    def of(self, now: datetime, *, besides: str) -> Mapping[str, Sequence[Present]]:
        """By ticket, which advisors are there now by name, *besides* the account that asks."""
        found = defaultdict(list)
        for (ticket_id, who), mark in self._marks.items():
            present = mark.at(now)
            if present is not None and who not in {besides, ASKER}:
                found[ticket_id].append(present)
        return {ticket_id: sorted(there, key=lambda present: present.name) for ticket_id, there in found.items()}

    def asker_writes(self, ticket_id: str, now: datetime) -> bool:
        """Whether the asker of this ticket writes."""
        mark = self._marks.get((ticket_id, ASKER))
        return mark is not None and mark.writes_at(now)

    def writer_to_asker(self, ticket_id: str, now: datetime) -> str | None:
        """The name of who writes to the asker of this ticket; None when nobody does."""
        names = (mark.tells_asker(now) for (of_ticket, _), mark in self._marks.items() if of_ticket == ticket_id)
        return next((name for name in names if name is not None), None)

    def seconds_left(self, now: datetime, ticket_id: str | None = None) -> float:
        """Until the next mark, or the next of this ticket, ends if none is renewed; infinity when there is none."""
        ends = (
            end
            for (of_ticket, _), mark in self._marks.items()
            if ticket_id in {None, of_ticket}
            for end in (mark.looks_until, mark.writes_until)
            if end is not None and end > now
        )
        return min(((end - now).total_seconds() for end in ends), default=math.inf)

    # --- of several processes -----------------------------------------------------------------------------------

    def begin_telling(self) -> None:
        """From now on remember what is to be told to other processes."""
        self._to_tell = {}

    def take_changes(self, now: datetime) -> list[str]:
        """What the others have to `hear`: of each mark that has changed since the last time, how it is now."""
        changed, self._to_tell = list(self._to_tell or ()), {}
        return [self._in_words(key, now) for key in changed]

    def hear(self, told: str, now: datetime) -> None:
        """Take over what another process has told; its own words come back to each, and mean nothing to it."""
        try:
            said = json.loads(told)
            key = (str(said["ticket"]), str(said["who"]))
            looks, writes = (timedelta(seconds=float(said[what])) for what in ("looks", "writes"))
            if said["from"] == self._id:
                return
            mark = _Mark(str(said["name"]), now + looks, now + writes if writes else None, str(said["to_asker"]))
        except (ValueError, KeyError, TypeError, OverflowError):  # of another version, while an upgrade is under way
            return
        ours = self._marks.get(key)
        if self._pages[key] and ours is not None and ours.looks_until > mark.looks_until:
            # Closed there, open here: for the others to hear again.
            mark = replace(mark, name=ours.name, looks_until=ours.looks_until)
            self._told_until.pop(key, None)
            self._set(key, mark, now)
        else:
            self._keep(key, mark if mark.at(now) else None, now)

    def _in_words(self, key: Key, now: datetime) -> str:
        mark = self._marks.get(key, _Mark("", now))
        left = [max(0.0, (end - now).total_seconds()) if end else 0.0 for end in (mark.looks_until, mark.writes_until)]
        ticket_id, who = key
        return json.dumps(
            {
                "from": self._id,
                "ticket": ticket_id,
                "who": who,
                "name": mark.name,
                "looks": left[0],
                "writes": left[1],
                "to_asker": mark.for_asker,
            }
        )

    def _set(self, key: Key, mark: _Mark | None, now: datetime) -> None:
        """Keep *mark* as of our own pages: what of it is news, or was told long ago, is to be told."""
        is_news = self._keep(key, mark, now)
        if self._to_tell is None:
            return
        is_old = mark is not None and mark.ends >= self._told_until.get(key, mark.ends - LASTS) + RETOLD_AFTER
        if is_news or is_old:
            self._to_tell[key] = None
            self._told_until = {of: until for of, until in self._told_until.items() if of in self._marks}
            if mark is not None:
                self._told_until[key] = mark.ends
            self._announce(self.TO_TELL)

    def _keep(self, key: Key, mark: _Mark | None, now: datetime) -> bool:
        """Keep *mark*, or with None forget it, and announce what is shown anew; whether anything is."""
        nobody = _Mark("", now)
        before, after = self._marks.get(key, nobody), mark or nobody
        self._marks = {other: kept for other, kept in self._marks.items() if kept.at(now) and other != key}
        if mark is not None:
            self._marks[key] = mark
        ticket_id, who = key
        is_seen_by_staff = before.at(now) != after.at(now)
        is_seen_by_asker = before.tells_asker(now) != after.tells_asker(now)
        if is_seen_by_staff:
            self._announce(self.TOPIC if who != ASKER else self.topic(ticket_id))
        if is_seen_by_asker:
            self._announce(self.topic(ticket_id))
        return is_seen_by_staff or is_seen_by_asker
