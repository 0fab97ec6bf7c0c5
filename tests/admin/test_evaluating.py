"""What `koppi evaluate` and `koppi ask --explain` show: the curve as a picture, the explanation as tables."""

import io
import xml.etree.ElementTree as ET

from rich.console import Console

from admin.explanation import show
from admin.risk_picture import HEIGHT, TOP, WIDTH, as_svg
from knowledge.explaining import Candidate, Explanation, Shared
from knowledge.index import SIGNS, Hit
from knowledge.verdict import Verdict


def test_the_curve_is_drawn_inside_the_picture_and_rises_with_the_risk() -> None:
    """A picture that can't be opened, or is upside down, misleads."""
    picture = ET.fromstring(as_svg([(0.02, 0.0), (0.5, 0.1), (1.0, 0.25)], 0.03))  # noqa: S314 (our own)
    (curve,) = picture.iter("{http://www.w3.org/2000/svg}polyline")
    points = [tuple(map(float, point.split(","))) for point in curve.attrib["points"].split()]

    assert len(points) == 3
    assert all(0 <= x <= WIDTH and TOP <= y <= HEIGHT for x, y in points)
    assert points[0][1] > points[1][1] > points[2][1]


def test_an_explanation_shows_what_was_asked_as_it_stands() -> None:
    """Square brackets in a question are not for the terminal to interpret."""
    candidate = Candidate(
        "karenssi", "Mikä on karenssi", 0.9, dict.fromkeys(SIGNS, 0.5), "[bold]karenssi", [Shared("karenssi", 0.4)]
    )
    verdict = Verdict("answer", (Hit("karenssi", 0.9),), confidence=0.97)
    out = io.StringIO()

    show(
        Explanation(verdict, ["karenssi"], [candidate], {"near": 1.25}, 0.99, 0.95, 0.15),
        Console(file=out, width=120),
    )

    for shown in ("answer", "[bold]karenssi", "karenssi 40%", "0.970", "0.950", "+1.25"):
        assert shown in out.getvalue()
