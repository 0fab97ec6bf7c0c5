"""The outreach calendar: what to make known when, and why; each proposal becomes a campaign by a press, or is done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from admin.console.campaigns import LASTS_BY_ITSELF, MAX_NAME
from admin.console.visit import Visit
from admin.reach import outreach, topics
from admin.reach.outreach import Proposal
from admin.summaries.due import last_whole, monday_of
from admin.summaries.periods import dated
from admin.summaries.small_numbers import FEWEST_ASKERS
from admin.summaries.statistics import first_event_on
from bot.store import audit, campaigns
from bot.store import outreach as store
from bot.store.outreach import TakenUp

OPEN_A_WEEK = 4  # proposals; the others of a week are folded away
PLACE = "Juliste ja some"
DONE = frozenset(["done", "back", "gone"])


@dataclass(frozen=True)
class Line:
    """A proposal, and what has become of it."""

    proposal: Proposal
    taken_up: TakenUp | None


@dataclass(frozen=True)
class Week:
    """What is proposed for the week that begins on *start*: the first ones, and *more*."""

    start: date
    lines: Sequence[Line]
    more: Sequence[Line]

    @property
    def end(self) -> date:
        """Its Sunday."""
        return self.start + timedelta(days=6)


async def page(visit: Visit) -> Response:
    """What the last week or month asked for, then the weeks to come."""
    async with visit.house.store.read() as read:
        wishes, calendar = await _proposals(visit, read)
        taken = await store.taken_up(read)
    return visit.render(
        "outreach.html",
        wishes=_lines(wishes, taken),
        weeks=_weeks(_lines(calendar, taken)),
        this_week=monday_of(visit.today),
        fewest=FEWEST_ASKERS,
        done=visit.query("done", known=DONE),
    )


async def make_campaign(visit: Visit) -> Response:
    """A campaign with the proposal's question, and on to its page; on to the one that there is when there is one."""
    key = visit.form.get("key", "")
    async with visit.house.store.read() as read:
        proposal = await _proposal(visit, read, key)
    if proposal is None:
        return visit.go("/console/outreach?done=gone")
    today = visit.today
    async with visit.house.store.write() as tx:
        before = (await store.taken_up(tx.connection)).get(key)
        if before is not None and before.campaign is not None:
            return visit.go(f"/console/campaigns/{before.campaign}?done=was_made")
        try:
            code = await campaigns.make(
                tx,
                name=_name(proposal),
                place=PLACE,
                first_day=today,  # what hangs early counts from the first day
                last_day=max(today, proposal.start) + LASTS_BY_ITSELF,
                questions=outreach.questions(proposal.entry),
            )
            await audit.record(tx, visit.account.id, "campaign made", code, visit.now)
        except campaigns.MadeBefore as made:
            code = made.code
        await store.note_campaign(tx, key, code)
    return visit.go(f"/console/campaigns/{code}?done=made")


async def finish(visit: Visit) -> Response:
    """Mark a proposal as done."""
    key = visit.form.get("key", "")
    async with visit.house.store.read() as read:
        proposal = await _proposal(visit, read, key)
    if proposal is None:
        return visit.go("/console/outreach?done=gone")
    async with visit.house.store.write() as tx:
        if await store.mark_done(tx, key, visit.now):
            await audit.record(tx, visit.account.id, "outreach done", key, visit.now)
    return visit.go("/console/outreach?done=done")


async def take_back(visit: Visit) -> Response:
    """It was not done after all."""
    key = visit.form.get("key", "")
    async with visit.house.store.read() as read:
        is_known = key in await store.taken_up(read)
    if is_known:
        async with visit.house.store.write() as tx:
            if await store.take_back(tx, key):
                await audit.record(tx, visit.account.id, "outreach taken back", key, visit.now)
    return visit.go("/console/outreach?done=back")


async def _proposals(visit: Visit, read: AsyncConnection) -> tuple[list[Proposal], list[Proposal]]:
    """What the last week asked for, or where it may tell nothing the last month; and the calendar."""
    today = visit.today
    entries = visit.house.bookshelf.current.library.entries
    wishes: list[Proposal] = []
    for span in (last_whole("week", today), last_whole("month", today)):
        asked, missed = [await topics.in_span(read, kinds, span) for kinds in (topics.ASKED, topics.MISSED)]
        wishes = wishes or outreach.wishes(entries, asked, missed, span)
    this_month = today.replace(day=1)
    a_year_ago = this_month.replace(year=this_month.year - 1)
    months = await topics.by_month(read, a_year_ago, this_month - timedelta(days=1))
    return wishes, outreach.calendar(entries, months, await first_event_on(read), today)


async def _proposal(visit: Visit, read: AsyncConnection, key: str) -> Proposal | None:
    """The proposal of this key, of those that are made today."""
    wishes, calendar = await _proposals(visit, read)
    return next((proposal for proposal in (*wishes, *calendar) if proposal.key == key), None)


def _lines(proposals: Sequence[Proposal], taken: Mapping[str, TakenUp]) -> list[Line]:
    return [Line(proposal, taken.get(proposal.key)) for proposal in proposals]


def _weeks(lines: Sequence[Line]) -> list[Week]:
    weeks = []
    for start, of_week in groupby(lines, key=lambda line: line.proposal.start):
        together = list(of_week)
        weeks.append(Week(start, together[:OPEN_A_WEEK], together[OPEN_A_WEEK:]))
    return weeks


def _name(proposal: Proposal) -> str:
    """What the campaign is called: the answer's title and the week's Monday."""
    when = f" ({dated(proposal.start, 'fi')})"
    return f"{proposal.title[: MAX_NAME - len(when)].rstrip()}{when}"
