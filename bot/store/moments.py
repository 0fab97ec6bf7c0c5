"""A moment as a small number, by which what belongs together is found in two tables: whole seconds since 2020."""

from datetime import UTC, datetime

SINCE = datetime(2020, 1, 1, tzinfo=UTC)


def moment(at: datetime) -> int:
    """The second that *at* lies in."""
    return int((at - SINCE).total_seconds())
