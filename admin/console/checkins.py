"""What came of asking first: check-ins and outcomes of the past 90 days, in numbers that name nobody."""

from datetime import timedelta

from starlette.responses import Response

from admin.console.visit import Visit
from admin.reach import replies
from bot.store import campaigns, subscriptions

LATELY = timedelta(days=90)


async def page(visit: Visit) -> Response:
    """The page."""
    async with visit.house.store.read() as read:
        reached = await replies.counted(read, visit.today - LATELY, visit.today)
        names = {one.code: one.name for one in await campaigns.everything(read)}
        standing = {kind: await subscriptions.count(read, kind) for kind in ("checkins", "outcomes")}
    entries = visit.house.bookshelf.current.library.by_id
    titles = {line.value: entries[line.value].title for line in reached.by_topic if line.value in entries}
    return visit.render(
        "checkins.html", reached=reached, standing=standing, titles=titles, names=names, days=LATELY.days
    )
