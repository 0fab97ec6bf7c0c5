"""Draws a picture: its charts as JSON on standard input, a PNG on standard output.

A program of its own, run by `drawn`: what it is drawn with takes 100 MB and a second, which the service has better use
for. It imports nothing of ours, so that it needs only its own file.
"""

import json
import sys
from typing import Any, BinaryIO, TextIO

WIDTH = 1080  # pixels: what a phone's screen has, and what Telegram leaves as it is
MARGIN = 48
GROUND, INK, QUIET, RIVER, BEFORE, LINE = "#FBFAF7", "#1B2A2F", "#55666B", "#0B5D6B", "#83949A", "#DCE1DF"
TITLE, HEADING, LABEL = 46, 38, 34  # pixels; on a phone a third of that
COLUMNS_HEIGHT = 300
SHORT_ROW, LONG_ROW = 74, 122
LABELS_WIDTH = 350  # of short labels, which stand before their bars
DIGIT = 24  # pixels: how wide one is, in bold
LETTER = 0.58  # of a label's height, about: how wide a letter is
ALL_NUMBERS = 14  # so many columns have room for a number each


def draw(picture: dict[str, Any], out: BinaryIO) -> None:
    """Write *picture*, a `picture.Picture` as a dictionary, to *out* as PNG."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure

    height = _top(picture) + sum(_height(chart) for chart in picture["charts"]) + MARGIN
    figure = Figure(figsize=(WIDTH / 100, height / 100), dpi=100, facecolor=GROUND)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)
    axes.set_axis_off()
    sheet = _Sheet(axes)
    sheet.write(MARGIN, MARGIN, picture["title"], size=TITLE, weight="bold")
    if picture["beside"]:
        sheet.write(MARGIN, MARGIN + TITLE * 1.5, picture["beside"], size=LABEL, color=QUIET)
    top = _top(picture)
    for chart in picture["charts"]:
        sheet.write(MARGIN, top + HEADING * 0.6, chart["heading"], size=HEADING, weight="bold")
        (_columns if chart["kind"] == "columns" else _bars)(sheet, chart, top + HEADING * 2.1)
        top += _height(chart)
    figure.savefig(out, format="png", facecolor=GROUND)


class _Sheet:
    """Where things are drawn, in pixels from the upper left corner."""

    def __init__(self, axes: Any) -> None:
        self._axes = axes

    def write(self, x: float, y: float, text: str, *, size: float, color: str = INK, **how: Any) -> None:
        """*text* with its upper edge at *y*; a "$" in it is a dollar and no formula."""
        how = {"ha": "left", "va": "top", **how}
        self._axes.text(x, y, text, fontsize=size * 0.72, color=color, parse_math=False, **how)

    def fill(self, x: float, y: float, width: float, height: float, color: str) -> None:
        """A rectangle."""
        from matplotlib.patches import Rectangle

        self._axes.add_patch(Rectangle((x, y), width, height, color=color, linewidth=0))


def _top(picture: dict[str, Any]) -> int:
    return MARGIN + int(TITLE * (2.9 if picture["beside"] else 1.9))


def _height(chart: dict[str, Any]) -> int:
    body = COLUMNS_HEIGHT + 110 if chart["kind"] == "columns" else len(chart["labels"]) * _row(chart)
    return int(HEADING * 2.1 + body + 30)


def _row(chart: dict[str, Any]) -> int:
    return LONG_ROW if _is_long(chart) else SHORT_ROW


def _is_long(chart: dict[str, Any]) -> bool:
    """Whether its labels need a line of their own above the bars."""
    return max(len(label) for label in chart["labels"]) * LABEL * LETTER > LABELS_WIDTH


def _columns(sheet: _Sheet, chart: dict[str, Any], top: float) -> None:
    most = max([*chart["now"], 1])
    step = (WIDTH - 2 * MARGIN) / len(chart["now"])
    foot = top + 44 + COLUMNS_HEIGHT
    is_crowded = len(chart["now"]) > ALL_NUMBERS
    sheet.fill(MARGIN, foot, WIDTH - 2 * MARGIN, 2, LINE)
    for place, (label, number) in enumerate(zip(chart["labels"], chart["now"], strict=True)):
        middle, tall = MARGIN + step * (place + 0.5), COLUMNS_HEIGHT * number / most
        sheet.fill(middle - step * 0.36, foot - tall, step * 0.72, tall, RIVER)
        if not is_crowded or number == most:
            sheet.write(middle, foot - tall - 8, str(number), size=LABEL, ha="center", va="bottom")
        if not is_crowded or place % 7 == 0:
            sheet.write(middle, foot + 12 + LABEL, label, size=LABEL, color=QUIET, ha="center", va="baseline")


def _bars(sheet: _Sheet, chart: dict[str, Any], top: float) -> None:
    before = chart["before"] or [None] * len(chart["now"])
    most = max([*chart["now"], *(number for number in before if number is not None), 1])
    is_long = _is_long(chart)
    left = MARGIN if is_long else MARGIN + LABELS_WIDTH
    room = WIDTH - MARGIN - left - (110 if chart["before"] is None else 200)  # for the numbers at the end
    for place, (label, now, then) in enumerate(zip(chart["labels"], chart["now"], before, strict=True)):
        y = top + place * _row(chart)
        if is_long:
            sheet.write(MARGIN, y, label, size=LABEL)
            y += LABEL * 1.4
        else:
            sheet.write(MARGIN, y + 20, label, size=LABEL, va="center")
        thick = 40 if then is None else 30
        sheet.fill(left, y, room * now / most, thick, RIVER)
        end = left + room * now / most + 14
        sheet.write(end, y + thick / 2, str(now), size=LABEL, va="center", weight="bold")
        if then is not None:
            end += (len(str(now)) + 0.5) * DIGIT
            sheet.write(end, y + thick / 2, f"({then})", size=LABEL, color=QUIET, va="center")
            sheet.fill(left, y + thick + 4, room * then / most, 12, BEFORE)


def main(given: TextIO, out: BinaryIO) -> None:
    """Draw what is *given*."""
    draw(json.load(given), out)


if __name__ == "__main__":
    main(sys.stdin, sys.stdout.buffer)
