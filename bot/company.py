"""How many others have asked the same, at hand for every answer: looked up now and then, never while an asker waits."""

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from bot.store import company
from bot.store.engine import Store, StoreUnavailable

LOOK_AGAIN_SECONDS = 3600.0
TRY_AGAIN_SECONDS = 60.0

log = structlog.get_logger()


class Company:
    """Holds `others`: by entry, how many others there are at least; empty until it was first looked up."""

    def __init__(self) -> None:
        self.others: Mapping[str, int] = {}

    async def watch(self, store: Store, zone: ZoneInfo, clock: Callable[[], datetime]) -> None:
        """Look up every hour until the service stops."""
        while not store.hub.is_stopping:
            pause = LOOK_AGAIN_SECONDS
            try:
                async with store.read() as read:
                    self.others = await company.others(read, clock().astimezone(zone).date())
            except StoreUnavailable:
                log.warning("store_unavailable", loop="company")
                pause = TRY_AGAIN_SECONDS
            await store.hub.pause(pause)
