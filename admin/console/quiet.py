"""What an empty queue tells: how the week goes, what the bot did today, and three things worth doing meanwhile."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from admin.console.access import ACCESS
from admin.console.visit import Visit
from admin.summaries.due import last_whole
from admin.summaries.statistics import counts, first_event_on
from admin.summaries.usual import WeekSoFar, week_so_far
from bot.store import events
from knowledge.freshness import SOON, due

TO_DO = 3
UNASKED_FOR = timedelta(days=30)


@dataclass(frozen=True)
class ToDo:
    """Something to do in a quiet hour, about a *number* of questions or the answer *title*, perhaps *by* a day."""

    kind: str  # gaps, phrasings, review, unasked or try_question
    path: str
    number: int = 0
    title: str = ""
    by: date | None = None


@dataclass(frozen=True)
class Quiet:
    """The running week, what is to be reviewed within a month, and up to three things to do."""

    week: WeekSoFar
    reviews: int
    to_do: list[ToDo]


async def read_quiet(visit: Visit, read: AsyncConnection) -> Quiet:
    """What to tell when nothing waits."""
    house = visit.house
    today = visit.today
    library = house.bookshelf.current.library
    soon = due(library, today + SOON, crisis_numbers_checked_on=house.profile.crisis.numbers_checked_on)
    lately = await counts(read, last_whole("week", today))
    since = await first_event_on(read)
    unasked: list[tuple[str, str]] = []
    if since is not None and since <= today - UNASKED_FOR:
        asked = await events.most_asked(read, today - UNASKED_FOR, fewest=1, limit=len(library.entries))
        unasked = sorted((entry.title, entry.id) for entry in library.entries if entry.id not in asked)

    def all_to_do() -> Iterator[ToDo]:
        for kind, number in (("gaps", lately.not_found + lately.not_helped), ("phrasings", lately.picked)):
            if number and kind in ACCESS and visit.may(kind):
                yield ToDo(kind, f"/console/{kind}", number=number)
        if library.entries:
            next_one = min(library.entries, key=lambda entry: (entry.review_by, entry.id))
            yield ToDo("review", f"/console/faq/{next_one.id}", title=next_one.title, by=next_one.review_by)
        if unasked:
            title, id_ = unasked[today.toordinal() % len(unasked)]  # another one each day
            yield ToDo("unasked", f"/console/faq/{id_}", title=title)
        yield ToDo("try_question", "/console/faq-ask")

    return Quiet(await week_so_far(read, visit.now, house.hours.zone), len(soon), list(all_to_do())[:TO_DO])
