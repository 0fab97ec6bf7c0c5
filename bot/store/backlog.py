"""How much waits at a place, and since when."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Backlog:
    """*oldest*: since when the first of *count* items waits; None when none does."""

    count: int
    oldest: datetime | None

    def age(self, now: datetime) -> float:
        """Seconds that the oldest has waited; 0 when none waits."""
        return max(0.0, (now - self.oldest).total_seconds()) if self.oldest else 0.0
