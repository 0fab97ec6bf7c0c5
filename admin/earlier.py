"""Replies to questions like the one that an advisor has before them: an index in this process, kept in step.

It holds no text, only keys of the features in the questions of the newest closed tickets, and forgets a question as
soon as it is erased, forgotten or open again. What is shown is read from the store each time: what isn't there any more
is never shown, however late the index hears of it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from time import monotonic

import structlog

from bot.store import earlier, erasure, tickets
from bot.store.earlier import Asked
from bot.store.engine import Store, StoreUnavailable
from knowledge.earlier import Earlier, Near, Question, read_keys
from knowledge.features import Keys

MOST = 5_000  # tickets: 55 a day for the 90 days that texts are kept; docs/retrieval.md tells what they cost
BATCH = 100  # questions read at once
REST = 10  # times as long as a look has taken it rests before the next
LOOK_AGAIN_SECONDS = 1.0
LOOK_ANYWAY_SECONDS = 60.0  # what the night's deleting has taken is told by nobody

log = structlog.get_logger()


class EarlierReplies:
    """The closed tickets in reach of `like`; none until the first `refresh`."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._asked: Sequence[Asked] = ()
        self._keys: dict[int, Keys] = {}
        self._index = Earlier.of(())

    def __len__(self) -> int:
        """How many questions are kept."""
        return len(self._keys)

    def like(self, texts: Mapping[str, Mapping[str, float]], *, k: int) -> list[tuple[str, Near]]:
        """The *k* closed tickets whose questions are likest any of *texts*: their ids and how like they are.

        *texts*: each with the chance of each entry that it is about it, see `knowledge.earlier.topics_of`.
        """
        asked, index = self._asked, self._index
        best: dict[str, Near] = {}
        for text, topics in texts.items():
            for near in index.like(text, topics, k=k):
                ticket_id = asked[near.place].ticket_id
                if ticket_id not in best or best[ticket_id].score < near.score:
                    best[ticket_id] = near
        return sorted(best.items(), key=lambda found: (-found[1].score, found[1].place))[:k]

    async def refresh(self, store: Store) -> bool:
        """Take up what has been closed, drop what is gone; True when something changed. Raises `StoreUnavailable`."""
        async with store.read() as read:
            asked = await earlier.asked(read, self._most)
        if asked == self._asked:
            return False
        new = [one.message_id for one in asked if one.message_id not in self._keys]
        for start in range(0, len(new), BATCH):
            async with store.read() as read:
                texts = await earlier.texts(read, new[start : start + BATCH])
            self._keys |= await asyncio.to_thread(_read_all, texts)
        asked = [one for one in asked if one.message_id in self._keys]  # else it went just now: the next look knows
        self._keys = {one.message_id: self._keys[one.message_id] for one in asked}
        questions = [Question(self._keys[one.message_id], one.topic) for one in asked]
        self._index, self._asked = await asyncio.to_thread(Earlier.of, questions), asked
        return True

    async def watch(self, store: Store) -> None:
        """Refresh whenever a ticket changes or somebody is erased, here or in another process, until we stop."""
        with store.hub.subscribe(tickets.TOPIC, erasure.TOPIC) as news:
            seen, looked_at = -1, 0.0
            while not store.hub.is_stopping:
                began = monotonic()
                try:
                    async with store.read() as read:
                        number = await earlier.number(read)
                    if number != seen or began - looked_at >= LOOK_ANYWAY_SECONDS:
                        await self.refresh(store)
                        seen, looked_at = number, began
                except StoreUnavailable:
                    log.warning("store_unavailable", loop="earlier replies")
                await store.hub.pause(REST * (monotonic() - began))
                await news.wait(LOOK_AGAIN_SECONDS if store.is_shared else LOOK_ANYWAY_SECONDS)


def _read_all(texts: dict[int, str]) -> dict[int, Keys]:
    return {message_id: read_keys(text) for message_id, text in texts.items()}
