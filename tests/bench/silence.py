"""The silence alarm on simulated years: how often it is wrong, and how soon it is right."""

from random import Random

from tests.admin.reach.years import Shape, all_alike, as_guessed, measure
from tests.bench.running import row

RUNS = 1000
SHAPES: dict[str, Shape] = {
    "days as guessed for a new service": as_guessed,
    "no weekends or holidays, which has to be learnt": all_alike,
}


def print_rows() -> None:
    """The rows of the table; half a minute's work."""
    for name, shape in SHAPES.items():
        curve = measure(Random(2010), RUNS, shape)
        row(f"silence alarm, 10 questions a week, {name}: false alarms a year", f"{curve.false_alarms:.2f}", "≤ 1")
        row("… a halving found within 3 weeks", f"{curve.found:.1%} of {RUNS} runs", "≥ 80 %")
