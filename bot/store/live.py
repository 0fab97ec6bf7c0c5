"""Waking those who wait, within this process: "this conversation changed", "there is something to send", "we stop".

A hint, never the truth: whoever is woken looks into the database. Another process's changes are found by looking again
after a timeout, so a missed hint delays and never loses.
"""

import asyncio
from collections import defaultdict
from typing import Self

from bot.store.presence import Presence


class Hub:
    """Topics and who waits for each; and whether the service is stopping."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._stopping = asyncio.Event()
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
        if seconds <= 0:
            return
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
