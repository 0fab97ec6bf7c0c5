"""The summaries that were written for the console, for the page of figures to list."""

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from admin.summaries.recipients import CONSOLE
from bot.channels.markup import as_web_html
from bot.store.schema import summary_run

SHOWN = 30


@dataclass(frozen=True)
class Summary:
    """A summary that was sent, and when."""

    id: int
    html: Markup
    written_at: datetime


async def newest(read: AsyncConnection) -> list[Summary]:
    """The latest of them, newest first."""
    rows = await read.execute(
        select(summary_run)
        .where(summary_run.c.recipient == CONSOLE)
        .order_by(summary_run.c.first_day.desc(), summary_run.c.id.desc())
        .limit(SHOWN)
    )
    return [Summary(row.id, as_web_html(row.text), row.created_at) for row in rows]
