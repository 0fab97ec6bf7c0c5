"""The funder's report: a year on one page to print, in figures and plain words."""

from datetime import date

from starlette.responses import Response

from admin.console import charts, period
from admin.console.overview import look, volume_of
from admin.console.visit import Visit, not_found
from admin.summaries.due import span_between
from admin.summaries.headlines import headlines
from admin.summaries.statistics import first_event_on
from admin.summaries.tables import SMALL, text_of

TOPICS, CAMPAIGNS = 8, 5


async def page(visit: Visit) -> Response:
    """The report of `?year=`; without one, of the last year that is over or else of the running one."""
    today = visit.today
    async with visit.house.store.read() as read:
        since = await first_event_on(read)
        first = since.year if since else today.year
        asked = visit.number("year", digits=4)
        year = asked if asked is not None else max(first, today.year - 1)
        if not period.EARLIEST.year <= year <= today.year:
            raise not_found()
        span = span_between(date(year, 1, 1), date(year, 12, 31))
        seen = await look(visit, read, span)
    is_over = span.last_day < today
    return visit.render(
        "year_report.html",
        year=year,
        years=range(today.year, first - 1, -1),
        until=None if is_over else today,
        seen=seen,
        figures=seen.figures,
        text_of=text_of,
        small=SMALL,
        headlines=headlines(seen.figures, is_over=is_over),
        charts=volume_of(seen, charts.SHEET, charts.NARROW),
        topics=seen.tables["topics"].rows[:TOPICS],
        campaigns=seen.tables["campaigns"].rows[:CAMPAIGNS],
        controller=visit.house.profile.controller.name["fi"],
        region=visit.house.profile.region,
    )
