"""What is due to several askers, each by a transaction of its own: what is wrong with one keeps nobody waiting."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import structlog

from admin.house import House
from bot.store import subscriptions
from bot.store.engine import StoreUnavailable, Tx
from bot.store.subscriptions import Turn

AGAIN_AFTER = timedelta(days=1)  # whoever's could not be taken

log = structlog.get_logger()


async def take_each(
    house: House, turns: Sequence[Turn], take: Callable[[Tx, Turn], Awaitable[object]], now: datetime
) -> None:
    """*take* each of *turns*; one that can't be is put off by a day. Raises `StoreUnavailable`."""
    for turn in turns:
        try:
            async with house.store.write() as tx:
                await take(tx, turn)
        except StoreUnavailable:
            raise
        except Exception as error:  # a row of theirs that can't be read, most likely; never log what is in it
            log.error("turn_fault", kind=turn.kind, fault=type(error).__name__)
            async with house.store.write() as tx:
                await subscriptions.take(tx, turn, now + AGAIN_AFTER)
