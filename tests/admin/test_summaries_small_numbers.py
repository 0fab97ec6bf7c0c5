"""Which groups of a breakdown are shown, and what a reader could work out of the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.summaries.small_numbers import FEWEST_ASKERS, Group, large_enough, shown


def _group(askers: int) -> Group:
    return Group(questions=2 * askers, askers=askers)


@pytest.mark.parametrize(
    ("askers", "told"),
    [
        ({}, {}),
        ({"a": 5}, {"a"}),
        ({"a": 4}, set()),
        ({"a": 9, "b": 5}, {"a", "b"}),
        ({"a": 9, "b": 4}, set()),
        ({"a": 9, "b": 7, "c": 4}, {"a"}),
        ({"a": 9, "b": 7, "c": 4, "d": 1}, {"a", "b"}),
        ({"a": 9, "b": 7, "c": 2, "d": 2}, {"a"}),
        ({"a": 9, "b": 0}, set()),
    ],
)
def test_small_groups_are_hidden_with_what_would_give_them_away(askers: dict[str, int], told: set[str]) -> None:
    """Four askers of one channel can be found by subtracting the others from the total, which is always shown."""
    groups = {name: _group(number) for name, number in askers.items()}

    assert {name: groups[name] for name in told} == large_enough(groups)


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 12)))
def test_nothing_that_is_hidden_can_be_found_by_subtraction(askers: dict[str, int]) -> None:
    """Whatever the groups: what a reader can work out is never one group alone, nor fewer than five people."""
    groups = {name: _group(number) for name, number in askers.items()}
    told = large_enough(groups)
    hidden = [group for name, group in groups.items() if name not in told]

    assert all(group.askers >= FEWEST_ASKERS for group in told.values())
    if hidden and told:
        assert len(hidden) > 1
        assert sum(group.askers for group in hidden) >= FEWEST_ASKERS
    if all(group.askers >= FEWEST_ASKERS for group in groups.values()):
        assert groups == told


def test_fewer_than_five_people_are_not_told_apart() -> None:
    """With three, a reader may know which three; nobody is none."""
    assert [shown(number) for number in (0, 1, 4, 5, 60)] == [0, None, None, 5, 60]
