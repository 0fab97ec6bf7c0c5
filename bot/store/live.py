"""Waking those who wait, within this process: "this conversation changed", "there is something to send", "we stop".

A hint, never the truth: whoever is woken looks into the database. Another process's changes are found by looking again
after a timeout, so a missed hint delays and never loses.
"""

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, Self

from bot.store.presence import Presence

TYPING_LASTS = timedelta(seconds=60)

Side = Literal["asker", "advisor"]


class Hub:
    """Topics and who waits for each; and whether the service is stopping."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._stopping = asyncio.Event()
        self.typing = Typing(self.announce)
        self.presence = Presence(self.announce)

    @property
    def is_stopping(self) -> bool:
        """Whether the service has been told to stop: take up nothing new."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Wake everybody for the last time."""
        self._stopping.set()
        for topic in list(self._waiting):
            self.announce(topic)

    async def stopped(self) -> None:
        """Return once the service has been told to stop."""
        await self._stopping.wait()

    async def pause(self, seconds: float) -> None:
        """Wait *seconds*, or until the service stops."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    def announce(self, topic: str) -> None:
        """Wake everybody who waits for *topic*."""
        for event in self._waiting.get(topic, ()):
            event.set()

    def subscribe(self, *topics: str) -> "Subscription":
        """A subscription to *topics*; use it as a context manager, before looking at what may change."""
        return Subscription(self, topics)

    def _add(self, topics: tuple[str, ...], event: asyncio.Event) -> None:
        for topic in topics:
            self._waiting[topic].add(event)
        if self.is_stopping:
            event.set()

    def _remove(self, topics: tuple[str, ...], event: asyncio.Event) -> None:
        for topic in topics:
            self._waiting[topic].discard(event)
            if not self._waiting[topic]:
                del self._waiting[topic]


class Subscription:
    """What was announced since one last waited is remembered, so nothing falls between looking and waiting."""

    def __init__(self, hub: Hub, topics: tuple[str, ...]) -> None:
        self._hub = hub
        self._topics = topics
        self._event = asyncio.Event()

    def __enter__(self) -> Self:
        self._hub._add(self._topics, self._event)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._hub._remove(self._topics, self._event)

    async def wait(self, seconds: float) -> bool:
        """True when something was announced, or the service stops; False after *seconds* without."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


class Typing:
    """Who writes in which ticket just now: a mark that the writer's page renews and takes away, else it ends by itself.

    Kept in this process and nowhere else: no text is in it, and where several processes serve pages, a page sees only
    who writes by its own.
    """

    def __init__(self, announce: Callable[[str], None]) -> None:
        self._announce = announce
        self._marks: dict[tuple[str, Side], tuple[str, datetime]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nobody is marked."""
        return not self._marks

    @staticmethod
    def topic(ticket_id: str) -> str:
        """What is announced when somebody begins or ends writing in this ticket."""
        return f"typing:{ticket_id}"

    def begins(self, ticket_id: str, side: Side, name: str, now: datetime) -> None:
        """Mark *side* as writing, by *name*, for a minute from *now*."""
        is_news = self.who(ticket_id, side, now) != name
        running = {key: mark for key, mark in self._marks.items() if mark[1] > now}
        self._marks = running | {(ticket_id, side): (name, now + TYPING_LASTS)}
        if is_news:
            self._announce(self.topic(ticket_id))

    def ends(self, ticket_id: str, side: Side) -> None:
        """Take the mark of *side* away, if there is one."""
        if self._marks.pop((ticket_id, side), None) is not None:
            self._announce(self.topic(ticket_id))

    def who(self, ticket_id: str, side: Side, now: datetime) -> str | None:
        """The name of who writes on this *side* of the ticket; None when nobody does."""
        name, until = self._marks.get((ticket_id, side), ("", now))
        return name if until > now else None

    def seconds_left(self, ticket_id: str, side: Side, now: datetime) -> float:
        """How long the mark of *side* lasts if it isn't renewed; infinity when there is none to end."""
        _, until = self._marks.get((ticket_id, side), ("", now))
        return (until - now).total_seconds() if until > now else math.inf
