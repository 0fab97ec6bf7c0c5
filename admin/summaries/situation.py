"""How things stand besides the figures of a period: what a summary names, and what it may suggest to do."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from admin.house import House
from admin.summaries.campaigns import Steps, steps
from admin.summaries.usefulness import use_of_entries
from bot.store import campaigns, revisions
from knowledge import library
from knowledge.entry import Entry, Language
from knowledge.freshness import Due, due

CAMPAIGN_HAS_TIME = timedelta(days=7)


@dataclass(frozen=True)
class Situation:
    """How things stand on a day.

    Attributes
        entries: the answers in use, by id.
        campaigns: the names of all campaigns, by code.
        running: how many of them run, besides the one that always does: passed on from friend to friend.
        idle: the names of those that have run for a week and nobody has come by, the longest running first.
        unhelpful: answers that enough people told of, with how often of ten times they helped; the worst first.
        reviews: what was to be looked at again before this day, the oldest first.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    campaigns: Mapping[str, str] = field(default_factory=dict)
    running: int = 0
    idle: Sequence[str] = ()
    unhelpful: Sequence[tuple[str, int]] = ()
    reviews: Sequence[Due] = ()

    def title(self, topic: str, language: Language) -> str:
        """What an entry is called in *language*; its id when it isn't in use any more."""
        entry = self.entries.get(topic)
        return topic if entry is None else entry.text(language)[0]


async def situation(read: AsyncConnection, house: House, today: date) -> Situation:
    """How things stand on *today*."""
    books = await _books(read, house)
    everything = await campaigns.everything(read)
    brought = await steps(read, "last")
    running = [one for one in everything if one.standing(today) == "running" and not one.is_shared]
    uses = await use_of_entries(read, today)
    told = [(entry_id, round(10 * use.helped)) for entry_id, use in uses.items() if use.helped is not None]
    return Situation(
        entries={entry.id: entry for entry in books.entries},
        campaigns={one.code: one.name for one in everything},
        running=len(running),
        idle=[
            one.name
            for one in sorted(running, key=lambda one: (one.first_day, one.code))
            if one.first_day + CAMPAIGN_HAS_TIME <= today and brought.get(one.code, Steps()) == Steps()
        ],
        unhelpful=sorted(told, key=lambda pair: (pair[1], pair[0])),
        reviews=due(
            books,
            today - timedelta(days=1),
            crisis_numbers_checked_on=house.profile.crisis.numbers_checked_on,
        ),
    )


async def _books(read: AsyncConnection, house: House) -> library.Library:
    """The answers in use; read anew where nobody is served, as on the command line."""
    if house.bookshelf.is_filled:
        return house.bookshelf.current.library
    return await asyncio.to_thread(library.load, house.bookshelf.folder, await revisions.published(read))
