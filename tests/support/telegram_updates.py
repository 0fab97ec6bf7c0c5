"""Telegram's queue of updates for one bot, with the quirks of the real server's source (td/tqueue, v10.0)."""

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

KEPT_SECONDS = 24 * 3600
FREQUENT_SECONDS = 0.5
ONLY_WHEN_ASKED = {"chat_member", "message_reaction", "message_reaction_count"}


class TakenOver(Exception):
    """A newer getUpdates has come; this one, the older, ends with 409."""


@dataclass(frozen=True)
class Pending:
    """An update that waits: *body* as JSON has it (anything at all, when it is malformed)."""

    update_id: int
    chat: int
    body: Any
    kept_until: float


class UpdateQueue:
    """Updates in the order they came; a call with a larger offset confirms the earlier ones, which are then gone."""

    def __init__(self, clock: Callable[[], float], first_id: int) -> None:
        self._clock = clock
        self._pending: deque[Pending] = deque()
        self._arrived = asyncio.Condition()
        self._calls = itertools.count(1)
        self._newest_call = 0
        self._last_offset: int | None = None
        self._last_answered_at = float("-inf")
        self.next_id = first_id
        self.allowed: list[str] = []  # remembered from call to call; empty means the usual kinds

    def takes(self, kind: str) -> bool:
        """Whether the bot has asked for updates of this *kind*."""
        return kind in self.allowed if self.allowed else kind not in ONLY_WHEN_ASKED

    def waiting(self) -> list[Pending]:
        """What is not confirmed yet and not older than a day."""
        while self._pending and self._pending[0].kept_until < self._clock():
            self._pending.popleft()
        return list(self._pending)

    async def add(self, update_id: int, chat: int, body: Any) -> None:
        """Put one update at the end, whatever its id."""
        async with self._arrived:
            self._pending.append(Pending(update_id, chat, body, self._clock() + KEPT_SECONDS))
            self._arrived.notify_all()

    async def get(self, offset: int, limit: int, timeout_seconds: float) -> list[Any]:
        """Confirm what is before *offset*, then wait up to *timeout_seconds* for something. Raises `TakenOver`."""
        async with self._arrived:
            call = self._newest_call = next(self._calls)
            self._arrived.notify_all()
            self._confirm(offset)
            if offset == self._last_offset and self._clock() - self._last_answered_at < FREQUENT_SECONDS:
                limit = 1  # asking for the same again at once: the real server suspects a crash and slows down
            try:
                async with asyncio.timeout(timeout_seconds):
                    await self._arrived.wait_for(lambda: self.waiting() or call != self._newest_call)
            except TimeoutError:
                return []
            if call != self._newest_call:
                raise TakenOver
            if self.waiting():
                self._last_offset, self._last_answered_at = offset, self._clock()
            return [pending.body for pending in self.waiting()[:limit]]

    def _confirm(self, offset: int) -> None:
        waiting = self.waiting()
        if not waiting:
            return
        if offset < 0:
            waiting = waiting[offset:]
            self._pending = deque(waiting)
            return
        tail = waiting[-1].update_id
        if tail - 2_000_000 <= offset <= tail + 10:  # further away it is taken for a mistake: nothing is confirmed
            self._pending = deque(pending for pending in waiting if pending.update_id >= offset)

    def drop(self, pending: Pending) -> None:
        """Forget one update: it has been delivered by webhook; and perhaps confirmed by a poll meanwhile."""
        with contextlib.suppress(ValueError):
            self._pending.remove(pending)

    def clear(self) -> None:
        """Forget everything that waits."""
        self._pending.clear()

    async def changed(self) -> None:
        """Return when something new has arrived."""
        async with self._arrived:
            await self._arrived.wait()
