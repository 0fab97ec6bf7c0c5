"""What an asker did after a tip, counted once each: remembered on their own row until the next tip, for events to tell.

Pure. In `asker.last_events`, under `LATEST`, stand the day of the latest tip, its id, and what has been counted.
"""

from datetime import date, timedelta

LATEST = "tip"
SENT = "tip_sent"
# By kind, within how many days of the tip it counts as its doing; "asked" follows from what was asked.
WITHIN = {"tip_tapped": timedelta(days=7), "tip_left": timedelta(days=7), "tip_asked": timedelta(days=1)}


def sent(last_events: dict[str, str], tip_id: str, today: date) -> None:
    """Remember that the tip has arrived."""
    last_events[LATEST] = f"{today.isoformat()} {tip_id}"


def take(last_events: dict[str, str], kind: str, today: date, tip_id: str | None = None) -> str | None:
    """The id of the tip that *kind* follows from, its first time; None where none does, or another than *tip_id*."""
    if LATEST not in last_events:
        return None
    day, latest, *taken = last_events[LATEST].split()
    is_late = today - date.fromisoformat(day) > WITHIN[kind]
    if is_late or kind in taken or tip_id not in {None, latest}:
        return None
    last_events[LATEST] += f" {kind}"
    return latest
