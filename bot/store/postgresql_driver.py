"""PostgreSQL for asyncio, with an end to every wait.

A server that stands still (stopped, swapped out, behind a firewall that has forgotten us) neither answers nor refuses.
Its own statement timeout helps nobody then, and TCP notices only after hours: without a limit on this side, whoever
asked hangs with it, and so does the pool.
"""

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

ANSWERS_WITHIN = 4.5  # seconds a statement; a little longer than the server's own limit, which tells more
PRESENT_WITHIN = 1.5  # where only "are you there?" is asked, before a connection is used again
LOOKS_EVERY = 0.1

RV = TypeVar("RV")


class Connection(psycopg.AsyncConnection[Any]):
    """psycopg's connection; what isn't answered in time raises `psycopg.OperationalError`, and ends the connection."""

    is_patient = False  # what is under way may take as long as it needs

    async def wait(self, gen: PQGen[RV], interval: float = LOOKS_EVERY, timeout: float | None = None) -> RV:  # noqa: ASYNC109 - psycopg's own
        """As psycopg's, which would wait for ever."""
        if timeout is not None:
            return await super().wait(gen, interval, timeout)
        if self.is_patient:
            return await super().wait(gen, interval)
        within = PRESENT_WITHIN if self.autocommit else ANSWERS_WITHIN  # SQLAlchemy's ping alone commits by itself
        try:
            return await super().wait(gen, interval, within)
        except psycopg.errors._WaitTimeout as silence:
            self.pgconn.finish()  # an answer that comes later would be taken for that to the next question
            raise psycopg.OperationalError("the server does not answer") from silence
