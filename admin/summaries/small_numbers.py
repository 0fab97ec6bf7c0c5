"""What may be shown of few people: nothing by which a reader could tell what one of them did."""

from collections.abc import Mapping
from dataclasses import dataclass

FEWEST_ASKERS = 5  # a smaller group is never shown by itself: its members might be known to the reader


@dataclass(frozen=True)
class Group:
    """One line of a breakdown: how many questions, and from how many askers at least."""

    questions: int
    askers: int


def shown(people: int) -> int | None:
    """One number as it may be shown by itself: None for a group too small; nobody is a group without members.

    Only where no total is shown beside it, so that nothing can be found by subtraction.
    """
    return people if people == 0 or people >= FEWEST_ASKERS else None


def large_enough(groups: Mapping[str, Group]) -> dict[str, Group]:
    """The *groups* that may be shown, most questions first.

    Hidden are those under `FEWEST_ASKERS`, and then the smallest of the others for as long as what is hidden could be
    found by subtracting the shown from the total is too small to be shown itself.
    """
    by_size = sorted(groups.items(), key=lambda item: (item[1].askers, item[1].questions, item[0]))
    hidden = sum(group.askers < FEWEST_ASKERS for _, group in by_size)
    while 0 < hidden < len(by_size) and sum(group.askers for _, group in by_size[:hidden]) < FEWEST_ASKERS:
        hidden += 1
    shown = by_size[hidden:]
    return dict(sorted(shown, key=lambda item: (-item[1].questions, item[0])))
