"""What a period's figures are made of: how often each kind of event happened, and from how many people."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from admin.summaries.due import Span
from admin.summaries.small_numbers import Group
from bot.store import people
from bot.store.tallies import NONE, Cell, Dimension, Tallies, Tally


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

    def groups(self, dimension: Dimension, kinds: Collection[str]) -> dict[str, Group]:
        """Events of *kinds* by the *dimension*, all groups of them, the small ones too.

        Who comes by two channels is counted in the first only, and who did two of the kinds in either: so *askers* errs
        towards hiding.
        """
        groups = {}
        for value in {cell.value for cell in self.cells if cell.dimension == dimension and cell.kind in kinds}:
            found = [self.of(kind, dimension, value) for kind in kinds]
            groups[value] = Group(sum(one.times for one in found), max(one.at_least for one in found))
        return groups


async def measure(days: Tallies, span: Span, kinds: Mapping[Dimension, Collection[str]]) -> Measures:
    """The measures of *span*, whose tallies *days* are: by each dimension, of its *kinds* of events."""
    first, last = span.first_day, span.last_day
    unit = people.unit_of(first, last)
    found: dict[Cell, Measure] = {}
    for wanted in sorted({tuple(of_it) for of_it in kinds.values()}, key=len, reverse=True):  # few are among many
        dimensions = [dimension for dimension, of_it in kinds.items() if tuple(of_it) == wanted]
        if unit is not None:
            for cell, tally in (await days.summed(dimensions, wanted)).items():
                exactly = people.first_in(unit, tally)
                found[cell] = _measure([tally], exactly, exactly)
        else:
            for cell, of_parts in (await days.by_part(dimensions, wanted, people.parts(first, last))).items():
                found[cell] = _measure(of_parts.values(), *people.bounds(of_parts, first, last))
    return Measures(found)


def _measure(together: Collection[Tally], at_least: int, at_most: int) -> Measure:
    times, new = sum(tally.times for tally in together), sum(tally.first_ever for tally in together)
    return Measure(times, at_least, at_most, new)
