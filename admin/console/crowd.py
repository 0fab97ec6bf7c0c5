"""Which questions those may see together who may not know whose they are: never those of few, in whatever lists.

A list of few people's questions would tell which belong to one of them; so would what one list holds and another does
not. Of each question its reader may learn the channel and the language only where five askers at least share both.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cached_property

from admin.summaries.small_numbers import FEWEST_ASKERS
from bot.store.narrowing import ALL, Narrowing
from bot.store.questions import Origin

_Cell = tuple[str, str]  # channel and language


class Crowd:
    """The questions of a time that overlaps with no other that is shown, by their ids."""

    def __init__(self, asked: Mapping[int, Origin]) -> None:
        self._asked = asked

    def of(self, only: Narrowing, met: Collection[int]) -> set[int] | None:
        """Those to show of the questions *only* means, of which *met* came so and are about that topic.

        None when there may be some, of too few askers; questions of small groups are left out of what is narrowed by
        channel or language.
        """
        wanted = {cell for cell in self._askers if _is_wanted(only, cell)}
        may_tell = wanted if only.channel is None and only.language is None else wanted & self._told_apart
        shown = {number for number in met if number in self._asked and _cell(self._asked[number]) in may_tell}
        if not shown and may_tell == wanted:
            return shown
        return shown if len({self._asked[number].asker_id for number in shown}) >= FEWEST_ASKERS else None

    def wider(self, only: Narrowing, met: Collection[int]) -> Narrowing | None:
        """What shows something where *only* is too narrow, as little wider as can be; None when nothing does."""
        for wider, those in (
            (replace(only, language=None), met),
            (replace(only, channel=None), met),
            (replace(only, channel=None, language=None), met),
            (ALL, self._asked),
        ):
            if self.of(wider, those):
                return wider
        return None

    @cached_property
    def _askers(self) -> Mapping[_Cell, set[str]]:
        found: dict[_Cell, set[str]] = defaultdict(set)
        for origin in self._asked.values():
            found[_cell(origin)].add(origin.asker_id)
        return found

    @cached_property
    def _told_apart(self) -> set[_Cell]:
        """The groups that are large enough, less the smallest of them where what is left over would not be."""
        by_size = sorted(self._askers, key=lambda cell: (len(self._askers[cell]), cell))
        hidden = sum(len(self._askers[cell]) < FEWEST_ASKERS for cell in by_size)
        while 0 < hidden < len(by_size) and len(self._together(by_size[:hidden])) < FEWEST_ASKERS:
            hidden += 1
        return set(by_size[hidden:])

    def _together(self, cells: Collection[_Cell]) -> set[str]:
        return set().union(*(self._askers[cell] for cell in cells))


def _cell(origin: Origin) -> _Cell:
    return origin.channel, origin.language


def _is_wanted(only: Narrowing, cell: _Cell) -> bool:
    channel, language = cell
    return only.channel in (None, channel) and only.language in (None, language)
