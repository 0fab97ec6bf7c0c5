"""How many tickets each view of the queue has, counted once for every change of it.

Every page of the console shows these numbers, and to count 100,000 tickets takes longer than all else on it.
"""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import tickets
from bot.store.tickets import Counts

KEPT = timedelta(minutes=1)  # what the night's deleting has taken is told by nobody


class QueueCounts:
    """The numbers as they were counted last, in this process."""

    def __init__(self) -> None:
        self._counted: tuple[str, datetime, Counts] | None = None

    async def seen_by(self, account_id: str, read: AsyncConnection, number: str, now: datetime) -> dict[str, int]:
        """How many tickets each view has for whoever has this account.

        *number*: of the queue's latest change, read before this; then what was kept for it can't be older than it says.
        """
        if self._counted is None or self._counted[0] != number or now - self._counted[1] >= KEPT:
            self._counted = number, now, await tickets.count(read)
        return self._counted[2].seen_by(account_id)
