"""When the bot may write to somebody who has not just written to it: pure functions of a moment and the owner's hours.

Local hours of the day; never on a Sunday or a public holiday, unless the owner says so. To answer is always allowed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.hours import LOOK_AHEAD_DAYS, Opening, is_public_holiday

SUNDAY = 6


@dataclass(frozen=True)
class UnaskedHours:
    """The hours in which what was subscribed to may come; *on_holidays*: on Sundays and public holidays, too."""

    zone: ZoneInfo
    hours: Opening
    on_holidays: bool = False

    def allows(self, now: datetime) -> bool:
        """Whether *now* (aware) is in them."""
        return self.next_allowed(now) == now

    def next_allowed(self, now: datetime) -> datetime:
        """*now* itself where it is in these hours, else the moment at which the next of them begin."""
        begin, end = self.hours
        local = now.astimezone(self.zone)
        for ahead in range(LOOK_AHEAD_DAYS):
            day = local.date() + timedelta(days=ahead)
            if not self.on_holidays and (day.weekday() == SUNDAY or is_public_holiday(day)):
                continue
            if ahead == 0 and begin <= local.time() < end:
                return now
            if ahead or local.time() < begin:
                return datetime.combine(day, begin, self.zone)
        raise ValueError(f"no day for it within {LOOK_AHEAD_DAYS} days of {local.date()}")
