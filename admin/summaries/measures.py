"""What a period's figures are made of: how often each kind of event happened, and from how many people."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from admin.summaries import people
from admin.summaries.due import Span
from bot.store import tallies
from bot.store.tallies import NONE, Cell, Dimension, Tally


@dataclass(frozen=True)
class Measure:
    """So often, from so many people, *new* of them for the first time ever.

    *at_least* and *at_most* are the same number in a day, week, month or year; see `people`.
    """

    times: int = 0
    at_least: int = 0
    at_most: int = 0
    new: int = 0


@dataclass(frozen=True)
class Measures:
    """The measures of a period by cell; what is not in it did not happen."""

    cells: Mapping[Cell, Measure]

    def of(self, kind: str, dimension: Dimension = "all", value: str = NONE) -> Measure:
        """The measure of one cell."""
        return self.cells.get(Cell(dimension, value, kind), Measure())

    def times(self, kind: str) -> int:
        """How often it happened at all."""
        return self.of(kind).times

    def people(self, kind: str) -> int:
        """To how many different people it happened, at least."""
        return self.of(kind).at_least

    def values(self, dimension: Dimension, kinds: Collection[str]) -> list[str]:
        """Which values of the *dimension* had any event of *kinds*, in alphabetical order."""
        return sorted({cell.value for cell in self.cells if cell.dimension == dimension and cell.kind in kinds})


async def measure(read: AsyncConnection, span: Span, dimensions: Collection[Dimension]) -> Measures:
    """The measures of *span*, by each of *dimensions*."""
    first, last = span.first_day, span.last_day
    unit = people.unit_of(first, last)
    if unit is not None:
        sums = await tallies.summed(read, first, last, dimensions)
        exactly = {cell: people.first_in(unit, tally) for cell, tally in sums.items()}
        return Measures({cell: _measure([tally], exactly[cell], exactly[cell]) for cell, tally in sums.items()})
    days = await tallies.by_day(read, first, last, dimensions)
    return Measures(
        {cell: _measure(of_days.values(), *people.bounds(of_days, first, last)) for cell, of_days in days.items()}
    )


def _measure(together: Collection[Tally], at_least: int, at_most: int) -> Measure:
    times, new = sum(tally.times for tally in together), sum(tally.first_ever for tally in together)
    return Measure(times, at_least, at_most, new)
