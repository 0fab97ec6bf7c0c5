"""The adding up of days for the figures, as the service runs it: when it starts, and once a local night."""

from datetime import date

import structlog

from admin.house import House
from bot.store import tallying
from bot.store.engine import StoreUnavailable

log = structlog.get_logger()


class AddingUp:
    """Days that are over, added up. `tick` it often: what is due is a function of the clock."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._done_to: date | None = None

    async def tick(self) -> None:
        """Add up what is due, unless that was done tonight; when the database is away, the next tick tries again."""
        house = self._house
        last_day = tallying.last_whole_day(house.clock(), house.hours.zone)
        if last_day == self._done_to:
            return
        try:
            days = await tallying.catch_up(house.store, last_day)
        except StoreUnavailable:
            log.warning("store_unavailable", loop="adding_up")
            return
        if not house.store.hub.is_stopping:
            self._done_to = last_day
            log.info("added_up", count=days)
