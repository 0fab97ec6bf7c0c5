"""The summaries that were written for the console, for the page of figures to list."""

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from admin.summaries.due import span_of
from admin.summaries.periods import title
from admin.summaries.recipients import CONSOLE
from bot.channels.markup import as_web_html
from bot.store.schema import summary_run

SHOWN = 30


@dataclass(frozen=True)
class Summary:
    """A summary that was sent: of which period, and when."""

    id: int
    title: str
    html: Markup
    written_at: datetime


async def newest(read: AsyncConnection) -> list[Summary]:
    """Those written last, the newest first."""
    rows = await read.execute(
        select(summary_run)
        .where(summary_run.c.recipient == CONSOLE)
        .order_by(summary_run.c.created_at.desc(), summary_run.c.id.desc())
        .limit(SHOWN)
    )
    return [
        Summary(row.id, title(span_of(row.period, row.first_day), "fi"), as_web_html(row.text), row.created_at)
        for row in rows
    ]
