"""Charts as SVG, drawn on the server: columns over time with what was expected, a heat map of the week, a bar. Pure.

Colours and letters are classes of `charts.css`, so they follow light, dark and print. Each chart says in its
label what it shows; the numbers themselves stand in the table beside it. Sizes are in units of the view box.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10

from markupsafe import Markup, escape

LETTER = 6.2  # the width of a letter on average, in the size that labels have on a narrow screen
TOP, LEFT, BOTTOM = 22, 30, 24
LEVELS = 5
WIDEST = 48  # a column
ROOM_FOR_NUMBER = 40  # beside a square of the heat map
DAYS = ("ma", "ti", "ke", "to", "pe", "la", "su")


Scale = Callable[[float], float]  # from what is told to where it stands


@dataclass(frozen=True)
class Column:
    """One stretch of time: its *name* in full and its short *label*, how many then, and between what was expected."""

    name: str
    label: str
    value: int
    expected: tuple[int, int] | None = None


@dataclass(frozen=True)
class Size:
    """How wide and high a chart is; in one that is wide more has a label."""

    width: int
    height: int


NARROW, WIDE = Size(360, 190), Size(1040, 240)
SHEET = Size(680, 170)  # as wide as a page of text or of paper, so that its letters are as large as in the text


def columns(shown: Sequence[Column], label: str, size: Size) -> Markup:
    """A column each, from the oldest on; behind them what was expected. Empty of no columns."""
    if not shown:
        return Markup("")
    most = _round_up(max(max(one.value, *(one.expected or (0,))) for one in shown))
    right, floor_at = size.width - 4, size.height - BOTTOM
    step = (right - LEFT) / len(shown)

    def x(place: float) -> float:
        return LEFT + place * step

    def y(value: float) -> float:
        return floor_at - (floor_at - TOP) * value / most

    parts = [_grid(value, y(value), right) for value in ([0, most // 2, most] if most > 1 else [0, most])]
    parts += _band(shown, x, y)
    parts += _columns(shown, x, y)
    parts += _numbers(shown, x, y)
    every = ceil(max(len(one.label) for one in shown) * LETTER * 1.25 / step)
    parts += [
        _text(x(place + 0.5), size.height - 7, one.label, "middle")
        for place, one in enumerate(shown)
        if place % every == 0 and _fits(x(place + 0.5), one.label, right)
    ]
    return _svg(size, label, parts, "is-narrow" if size == NARROW else "is-wide")


def heat_map(rows: Sequence[Sequence[int | None]], office: Mapping[int, tuple[float, float]], label: str) -> Markup:
    """A week of seven *rows*, each cut into equally long times of the day: the more, the larger and the deeper.

    None is a number that may not be told. *office* says from which hour to which people are at work, by weekday.
    """
    left, top, day_width, row_height = 26.0, 8.0, 330.0, 20.0
    size = Size(360, round(top + 7 * row_height + 24))
    most = max((number or 0 for row in rows for number in row), default=0)
    parts = []
    for day, (name, row) in enumerate(zip(DAYS, rows, strict=True)):
        y, height = top + day * row_height + 0.5, row_height - 1
        parts.append(_text(left - 6, y + 14, name, "end"))
        parts.append(_tag("rect", {"class": "field", "x": left, "y": y, "width": day_width, "height": height}))
        if day in office:
            begin, end = (left + day_width * hour / 24 for hour in office[day])
            place = {"x": begin, "y": y, "width": end - begin, "height": height}
            parts.append(_tag("rect", {"class": "office", **place}))
        parts += _cells(name, row, most, left, y, day_width / len(row), height)
    parts += [
        _text(left + day_width * hour / 24, size.height - 6, str(hour), "middle" if 0 < hour < 24 else "start")
        for hour in range(0, 24, 3)
    ]
    return _svg(size, label, parts)


def bar(value: float, most: float, before: float | None = None) -> Markup:
    """A bar as long as *value* is of *most*, with a mark where *before* was; its number stands beside it as text."""
    whole = max(most, 1)
    parts = [_tag("rect", {"class": "groove", "width": 100, "height": 10})]
    if value:
        parts.append(_tag("rect", {"class": "now", "width": max(100 * value / whole, 0.5), "height": 10}))
    if before is not None:
        at = min(max(100 * before / whole, 0.4), 99.6)
        parts.append(_tag("path", {"class": "before", "d": f"M{_number(at)} -1V11"}))
    attributes = {"class": "bar", "viewBox": "0 0 100 10", "preserveAspectRatio": "none", "aria-hidden": "true"}
    return _tag("svg", attributes, *parts)


# --- the parts of the columns ----------------------------------------------------------------------------------


def _band(shown: Sequence[Column], x: Scale, y: Scale) -> list[Markup]:
    """Where the columns were expected to end: an area for each unbroken run of those that have an expectation."""
    parts = []
    for begin, end in _runs([one.expected is not None for one in shown]):
        places = range(begin, end)
        high = _steps([(x(place), x(place + 1), y((shown[place].expected or (0, 0))[1])) for place in places], "M")
        low = _steps(
            [(x(place + 1), x(place), y((shown[place].expected or (0, 0))[0])) for place in reversed(places)], "L"
        )
        parts.append(_tag("path", {"class": "band", "d": f"{high}{low}Z"}))
    return parts


def _columns(shown: Sequence[Column], x: Scale, y: Scale) -> list[Markup]:
    width = min((x(1) - x(0)) * 0.8, WIDEST)
    return [
        _tag(
            "rect",
            {
                "class": "now",
                "x": x(place + 0.5) - width / 2,
                "y": y(one.value),
                "width": width,
                "height": y(0) - y(one.value),
            },
            _title(one),
        )
        for place, one in enumerate(shown)
        if one.value
    ]


def _numbers(shown: Sequence[Column], x: Scale, y: Scale) -> list[Markup]:
    """Each column's number over it where there is room, else that of the highest alone."""
    has_room = x(1) - x(0) >= LETTER * len(str(max(one.value for one in shown))) + 8
    highest = max(range(len(shown)), key=lambda place: shown[place].value)
    return [
        _text(x(place + 0.5), y(one.value) - 4, str(one.value), "middle", "is-number")
        for place, one in enumerate(shown)
        if one.value and (has_room or place == highest)
    ]


def _cells(
    name: str, row: Sequence[int | None], most: int, left: float, y: float, width: float, height: float
) -> list[Markup]:
    parts = []
    has_room = width >= ROOM_FOR_NUMBER
    hours = 24 // len(row)
    for place, number in enumerate(row):
        middle = left + (place + 0.5) * width - (8 if has_room else 0)
        if number is None:
            parts.append(_tag("circle", {"class": "untold", "cx": middle, "cy": y + height / 2, "r": 1.5}))
        elif number:
            level = ceil(LEVELS * number / most)
            share = 0.4 + 0.6 * level / LEVELS
            wide, high = (min(width, height) - 2) * share, (height - 2) * share
            area = {"x": middle - wide / 2, "y": y + (height - high) / 2, "width": wide, "height": high}
            said = _tag("title", {}, escape(f"{name} klo {place * hours}–{(place + 1) * hours}: {number}"))
            parts.append(_tag("rect", {"class": f"heat-{level}", **area, "rx": 2}, said))
            if has_room:
                parts.append(_text(middle + 12, y + height / 2 + 4, str(number), "start", "is-number"))
    return parts


def _grid(value: int, y: float, right: float) -> Markup:
    return _tag("path", {"class": "grid", "d": f"M{LEFT} {_number(y)}H{_number(right)}"}) + _text(
        LEFT - 5, y + 4, str(value), "end"
    )


def _title(one: Column) -> Markup:
    return _tag("title", {}, escape(f"{one.name}: {one.value}"))


def _fits(x: float, label: str, right: float) -> bool:
    return x + len(label) * LETTER / 2 <= right + 4


def _runs(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """From where to where (not included) the *flags* hold without a break."""
    edges = [place for place, (a, b) in enumerate(pairwise([False, *flags, False])) if a != b]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _round_up(most: float) -> int:
    """The next number that is good to read on an axis and whose half is whole: 2, 4, 6, 10, 20, 40, 60, 100 …"""
    if most <= 2:
        return max(1, ceil(most))
    ten = 10 ** floor(log10(most))
    return next(int(times * ten) for times in (1, 2, 4, 6, 10, 20) if times * ten >= most and times * ten % 2 == 0)


# --- SVG -------------------------------------------------------------------------------------------------------


def _svg(size: Size, label: str, parts: Sequence[Markup], kind: str = "is-any") -> Markup:
    attributes = {
        "class": f"chart {kind}",
        "viewBox": f"0 0 {size.width} {size.height}",
        "role": "img",
        "aria-label": label,
    }
    return _tag("svg", attributes, *parts)


def _text(x: float, y: float, said: str, anchor: str, kind: str = "") -> Markup:
    return _tag("text", {"x": x, "y": y, "text-anchor": anchor, **({"class": kind} if kind else {})}, escape(said))


def _steps(flats: Iterable[tuple[float, float, float]], first: str) -> str:
    """A path of level stretches, each from x to x at a y."""
    points = [f"{_number(begin)} {_number(y)}L{_number(end)} {_number(y)}" for begin, end, y in flats]
    return first + "L".join(points)


def _tag(name: str, attributes: Mapping[str, str | float], *inside: Markup) -> Markup:
    """Put together as plain text, each value escaped: a page has a thousand, and `Markup.format` takes far longer."""
    told = " ".join(
        f'{key}="{escape(value) if isinstance(value, str) else _number(value)}"' for key, value in attributes.items()
    )
    return Markup(f"<{name} {told}>{''.join(inside)}</{name}>")  # noqa: S704 -- all that is put in is escaped


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
