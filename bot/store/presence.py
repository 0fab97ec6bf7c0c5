"""Who of the advisors looks at which ticket, and who writes in it: a hint for colleagues, never a claim.

Kept in this process and nowhere else: where several processes serve pages, a page sees those whom its own one serves.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

LASTS = timedelta(seconds=60)


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

    def at(self, now: datetime) -> Present | None:
        """What there is to see of it now."""
        writes = self.writes_until is not None and self.writes_until > now
        return Present(self.name, writes) if writes or self.looks_until > now else None


class Presence:
    """The marks of who is where, each of a ticket and an account; a page renews its own, or they end by themselves."""

    TOPIC: ClassVar = "presence"

    def __init__(self, announce: Callable[[str], None]) -> None:
        self._announce = announce
        self._marks: dict[tuple[str, str], _Mark] = {}
        self._pages: Counter[tuple[str, str]] = Counter()

    def looks(self, ticket_id: str, account_id: str, name: str, now: datetime) -> None:
        """Mark that they have the ticket open, for a minute from *now*."""
        mark = self._marks.get((ticket_id, account_id), _Mark(name, now))
        self._set(ticket_id, account_id, replace(mark, looks_until=now + LASTS), now)

    def writes(self, ticket_id: str, account_id: str, name: str, now: datetime) -> None:
        """Mark that they write there, for a minute from *now*."""
        self._set(ticket_id, account_id, _Mark(name, now + LASTS, now + LASTS), now)

    def stops_writing(self, ticket_id: str, account_id: str) -> None:
        """They still look."""
        mark = self._marks.get((ticket_id, account_id))
        if mark is not None and mark.writes_until is not None:
            self._marks[ticket_id, account_id] = replace(mark, writes_until=None)
            self._announce(self.TOPIC)

    @contextmanager
    def open(self, ticket_id: str, account_id: str) -> Iterator[None]:
        """While a page shows the ticket: with the last one of this account the mark goes."""
        key = (ticket_id, account_id)
        self._pages[key] += 1
        try:
            yield
        finally:
            self._pages[key] -= 1
            if not self._pages[key]:
                del self._pages[key]
                if self._marks.pop(key, None) is not None:
                    self._announce(self.TOPIC)

    def of(self, now: datetime, *, besides: str) -> Mapping[str, Sequence[Present]]:
        """By ticket, who is there now by name, *besides* the account that asks."""
        found = defaultdict(list)
        for (ticket_id, account_id), mark in self._marks.items():
            present = mark.at(now)
            if present is not None and account_id != besides:
                found[ticket_id].append(present)
        return {ticket_id: sorted(there, key=lambda present: present.name) for ticket_id, there in found.items()}

    def seconds_left(self, now: datetime) -> float:
        """Until the next mark ends if none is renewed; infinity when there is none to end."""
        ends = [end for mark in self._marks.values() for end in (mark.looks_until, mark.writes_until) if end]
        return min(((end - now).total_seconds() for end in ends if end > now), default=math.inf)

    def _set(self, ticket_id: str, account_id: str, mark: _Mark, now: datetime) -> None:
        key = (ticket_id, account_id)
        before = self._marks.get(key)
        self._marks = {other: kept for other, kept in self._marks.items() if kept.at(now)} | {key: mark}
        if (before.at(now) if before else None) != mark.at(now):
            self._announce(self.TOPIC)
