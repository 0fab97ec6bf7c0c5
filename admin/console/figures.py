"""The figures: the week that runs, and every summary that was written for the console."""

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy import select
from starlette.responses import Response

from admin.console.visit import Visit
from admin.summaries import compose, due, send, statistics
from bot.channels.markup import as_web_html
from bot.store.schema import summary_run

SHOWN = 30


@dataclass(frozen=True)
class Summary:
    """A summary that was sent, and when."""

    id: int
    html: Markup
    written_at: datetime


async def page(visit: Visit) -> Response:
    """The running week as it stands, then the summaries, newest first."""
    house = visit.house
    today = visit.now.astimezone(house.hours.zone).date()
    async with house.store.read() as read:
        this_week = await statistics.figures(read, due.span_of("week", today))
        rows = await read.execute(
            select(summary_run)
            .where(summary_run.c.recipient == send.CONSOLE)
            .order_by(summary_run.c.first_day.desc(), summary_run.c.id.desc())
            .limit(SHOWN)
        )
        summaries = [Summary(row.id, as_web_html(row.text), row.created_at) for row in rows]
    text = compose.summary(this_week, today=today, service=house.profile.name, address=house.settings.address)
    return visit.render("figures.html", this_week=as_web_html(text), summaries=summaries)
