"""A clock that tests set: it goes on by itself, so that order and pauses are real, and jumps when told to."""

import time
from datetime import UTC, datetime, timedelta

A_TUESDAY_MORNING = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)  # 10:00 in Helsinki, a working day


class Clock:
    """Call it for the time; *speed* makes its seconds shorter than real ones."""

    def __init__(self, begins: datetime = A_TUESDAY_MORNING, *, speed: float = 1.0) -> None:
        self._begins = begins
        self._speed = speed
        self._started = time.monotonic()
        self._jumped = timedelta()

    def __call__(self) -> datetime:
        elapsed = timedelta(seconds=(time.monotonic() - self._started) * self._speed)
        return self._begins + self._jumped + elapsed

    def advance(self, by: timedelta) -> None:
        """Jump ahead."""
        self._jumped += by
