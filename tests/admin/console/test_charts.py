"""The charts: what they draw of which numbers, whatever the words."""

from collections.abc import Sequence
from itertools import cycle
from xml.etree import ElementTree as ET

import pytest

from admin.console.charts import NARROW, WIDE, Column, Size, _round_up, bar, columns, heat_map
from tests.admin.console.test_tickets import HOSTILE


def _drawn(svg: str, kind: str) -> list[ET.Element]:
    return [element for element in ET.fromstring(svg).iter() if element.get("class") == kind]  # noqa: S314


def _days(values: Sequence[int], expected: tuple[int, int] | None = None) -> list[Column]:
    return [Column(f"päivä {day}", f"{day}.11.", value, expected) for day, value in enumerate(values, 1)]


@pytest.mark.parametrize("size", [NARROW, WIDE])
@pytest.mark.parametrize("number", [1, 2, 31, 160])
def test_each_day_with_questions_has_a_column_as_high_as_they_are_many(size: Size, number: int) -> None:
    """A reader compares heights; nothing may stick out of the picture."""
    svg = columns(_days([day % 4 for day in range(number)], (1, 5)), "Kysymykset", size)
    heights = [float(rect.get("height", "")) for rect in _drawn(svg, "now")]

    assert len(heights) == number - (number + 3) // 4
    assert all(
        height == pytest.approx(heights[0] * times, abs=0.2)
        for height, times in zip(heights, cycle([1, 2, 3]), strict=False)
    )
    assert len(_drawn(svg, "band")) == 1
    for text in ET.fromstring(svg).iter("text"):  # noqa: S314
        assert 0 <= float(text.get("x", "")) <= size.width
        assert 0 <= float(text.get("y", "")) <= size.height


def test_where_nothing_is_known_to_compare_with_nothing_is_drawn() -> None:
    """Days before the service began have no expectation, and a silent month has no columns."""
    silent = columns(_days([0, 0, 0]), "Ei kysymyksiä", NARROW)
    broken = [*_days([1, 1], (0, 2)), *_days([1]), *_days([1, 1], (0, 2))]

    assert [_drawn(silent, kind) for kind in ("now", "band")] == [[], []]
    assert len(_drawn(columns(broken, "Katko", NARROW), "band")) == 2
    assert columns([], "Ei mitään", NARROW) == ""


def test_the_axis_ends_at_a_number_that_is_good_to_read() -> None:
    """Its half stands on the axis, too."""
    most = (0, 1, 2, 3, 5, 7, 11, 23, 61, 99, 1001)

    assert [_round_up(one) for one in most] == [1, 1, 2, 4, 6, 10, 20, 40, 100, 100, 2000]


def test_the_busiest_hours_are_the_largest_and_deepest() -> None:
    """By size as well as colour, so that it reads in grey and on paper."""
    rows = [[0] * 24 for _ in range(7)]
    rows[0][9], rows[4][22], rows[6][23] = 1, 10, 5
    svg = heat_map(rows, {0: (9, 16)}, "Viikon tunnit")
    sizes = [float(_drawn(svg, f"heat-{level}")[0].get("width", "")) for level in (1, 3, 5)]
    by_half_days = heat_map([[None, 12], *[[0, 0]] * 6], {}, "Puolet päivistä")

    assert sizes == sorted(sizes)
    assert (len(_drawn(svg, "field")), len(_drawn(svg, "office"))) == (7, 1)
    assert [element.text for element in _drawn(by_half_days, "is-number")] == ["12"]
    assert len(_drawn(by_half_days, "untold")) == 1
    assert len(_drawn(heat_map([[0]] * 7, {}, "Ei mitään"), "field")) == 7


def test_a_bar_is_as_long_as_its_part_and_shows_where_it_was() -> None:
    """Also where there was nothing, or more than fits."""
    assert _drawn(bar(5, 20), "now")[0].get("width") == "25"
    assert _drawn(bar(0, 0, 0), "now") == []
    assert _drawn(bar(1, 2, 9), "before")[0].get("d") == "M99.6 -1V11"


def test_words_in_a_chart_stay_words() -> None:
    """A label may come from people; the picture stands in the page."""
    for text in HOSTILE:
        svg = ET.fromstring(columns([Column(text, text, 1)], text, NARROW))  # noqa: S314

        assert {element.tag for element in svg.iter()} == {"svg", "path", "text", "rect", "title"}
        assert {key for element in svg.iter() for key in element.attrib if key.startswith("on")} == set()
        assert (svg.get("aria-label"), next(svg.iter("title")).text) == (text, f"{text}: 1")
