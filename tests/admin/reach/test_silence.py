"""Silence is noticed soon, and chance is not called silence more often than about once a year."""

from datetime import date, timedelta
from random import Random

from admin.reach import school_year
from admin.reach.silence import SETTLES_IN, Watch, watch
from tests.admin.reach.years import as_guessed, measure, poisson

MONDAY = date(2025, 9, 1)
QUIET_FROM = 60


def _days(*parts: tuple[int, float], seed: int = 2010) -> dict[date, int]:
    """So many days with so many questions a day, one part after the other."""
    dice = Random(seed)
    rates = [rate for days, rate in parts for _ in range(days)]
    return {MONDAY + timedelta(days=offset): poisson(dice, rate) for offset, rate in enumerate(rates)}


def _watch(history: dict[date, int]) -> Watch:
    return watch(history, max(history), school_year.shipped())


def test_a_halving_is_found_within_three_weeks_and_false_alarms_are_rare() -> None:
    """At ten questions a week: what `make bench` measures on many years, seen on a few of them."""
    curve = measure(Random(2010), 15, as_guessed)

    assert curve.false_alarms < 1.5
    assert curve.found > 0.65


def test_a_silence_is_noticed_once_and_told_with_its_chance() -> None:
    """One message an episode: with the days it lasted, what came, and how often chance does that."""
    history = _days((QUIET_FROM, 1.5), (12, 0.0))

    found = _watch(history)

    (quiet,) = found.quiet_times
    assert quiet == found.now
    assert quiet.came == 0
    assert quiet.probability < 0.005
    assert abs((quiet.began_on - MONDAY).days - QUIET_FROM) <= 4
    assert 5 <= quiet.days <= 11
    assert quiet == _watch({day: count for day, count in history.items() if day <= quiet.noticed_on}).now


def test_when_questions_come_again_the_silence_is_over() -> None:
    """The recovery is noted; the quiet days have not become what is expected."""
    found = _watch(_days((QUIET_FROM, 1.5), (12, 0.0), (30, 1.5)))

    (quiet,) = found.quiet_times
    assert (quiet.ended_as, found.now) == ("recovered", None)
    assert quiet.ended_on is not None
    after = found.expectation.of(date(2025, 12, 3))  # a Wednesday of term
    assert after is not None
    assert after > 1.2


def test_what_stays_low_becomes_the_new_usual() -> None:
    """A service half its size is not in alarm for ever, and a further fall is noticed against the new level."""
    found = _watch(_days((120, 6.0), (200, 2.0), (14, 0.0)))

    first, second = found.quiet_times
    assert (first.ended_as, second.ended_as) == ("settled", None)
    assert first.ended_on is not None
    assert first.ended_on - first.noticed_on >= SETTLES_IN
    assert second.expected / second.days < 3


def test_a_growing_service_and_a_holiday_raise_no_alarm() -> None:
    """Midsummer is quiet every year; a good autumn makes no bad winter."""
    dice = Random(7)
    history = {}
    for offset in range(320):
        day = MONDAY + timedelta(days=offset)
        history[day] = poisson(dice, (1.4 + offset / 200) * as_guessed(day))

    assert _watch(history).quiet_times == ()


def test_a_service_without_questions_has_no_usual_to_fall_from() -> None:
    """A new service hears "too early to tell", never an alarm each day."""
    assert _watch(_days((100, 0.0))).quiet_times == ()
    assert _watch(_days((100, 0.0))).figure is None
    assert None is watch({}, MONDAY, school_year.shipped()).figure
