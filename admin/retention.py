"""The nightly deleting, as the service runs it: once a local night in one process, made up for after a downtime."""

import secrets
from datetime import datetime, timedelta

import structlog

from admin.house import House
from bot.store import leases, retention
from bot.store.engine import StoreUnavailable

LEASE = "retention"
LEASE_LASTS = timedelta(hours=1)

log = structlog.get_logger()


class Nightly:
    """What is kept no longer than it may be. `tick` it often: what is due is a function of the clock."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._owner = secrets.token_hex(16)
        self._done_at: datetime | None = None

    async def tick(self) -> None:
        """Delete what is due, unless that was done tonight; when the database is away, the next tick tries again."""
        house, now = self._house, self._house.clock()
        try:
            if count := await retention.set_aside_unhandled(house.store, now):
                log.error("unhandled_for_a_day", items=count)
            if not retention.is_due(now, house.hours.zone, self._done_at):
                return
            if not await leases.hold(house.store, LEASE, self._owner, now, LEASE_LASTS):
                return  # another process is at it; then there is little left for this one
            forgotten = await retention.forget(house.store, house.profile.retention, now)
            await leases.give_back(house.store, LEASE, self._owner)
        except StoreUnavailable:
            log.warning("store_unavailable", loop="retention")
            return
        if not house.store.hub.is_stopping:
            self._done_at = now
            log.info("forgotten", **forgotten)
