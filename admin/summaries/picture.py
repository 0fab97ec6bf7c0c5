"""What the picture shows that goes with a summary, and the same in words for who doesn't see it. Pure.

Bars and columns only, each with its number; what was before stands beside it in grey. `drawing` draws it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from babel.dates import format_date

from admin.summaries import wording
from admin.summaries.due import Span, span_of
from admin.summaries.periods import title
from admin.summaries.situation import Situation
from admin.summaries.statistics import Figures
from admin.summaries.wording import say
from bot.store.tallies import NONE
from bot.wording import escape_markdown
from knowledge.entry import Language

MOST_TOPICS = 3
LONGEST_LABEL = 48  # letters that stand in one line of the picture


@dataclass(frozen=True)
class Chart:
    """Numbers with their labels, as *columns* side by side or as *bars* below each other; *before* beside them."""

    kind: Literal["columns", "bars"]
    heading: str
    labels: tuple[str, ...]
    now: tuple[int, ...]
    before: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Picture:
    """The charts of a period; *beside* says what stands in grey, where anything does."""

    title: str
    beside: str
    charts: tuple[Chart, ...]


def name(span: Span, language: Language) -> str:
    """By which name the picture of *span* is asked for; see `named`."""
    return f"{span.period}:{span.first_day}:{language}"


def named(text: str) -> tuple[Span, Language]:
    """The period and language of a picture's name. Raises ValueError for what is none."""
    period, first_day, language = text.split(":")
    if period not in {"day", "week", "month"} or language not in {"fi", "sv", "en"}:
        raise ValueError(text)
    return span_of(period, date.fromisoformat(first_day)), language  # type: ignore[arg-type,return-value]


def of(figures: Figures, situation: Situation, language: Language) -> Picture:
    """The picture of *figures*: when they asked, how far they came, what the bot knew, what about."""
    has_past = figures.before is not None and figures.funnel_before is not None
    period = figures.span.period
    beside = say(language, wording.PICTURE_BESIDE, before=say(language, wording.PICTURE_BEFORE[period]))
    charts = [
        _days(figures, language),
        _chart(language, wording.PICTURE_OF_WAY, wording.STEPS, figures.funnel, figures.funnel_before),
        _chart(language, wording.PICTURE_OF_ANSWERS, wording.ANSWERS, figures.counts, figures.before),
        _topics(figures, situation, language),
    ]
    head = title(figures.span, language)
    return Picture(
        head[:1].upper() + head[1:], beside if has_past else "", tuple(chart for chart in charts if chart is not None)
    )


def words(picture: Picture, language: Language) -> str:
    """What the picture shows, as Markdown; within what Telegram takes below a picture."""
    told = "; ".join(f"{chart.heading[:1].lower()}{chart.heading[1:]}: {_numbers(chart)}" for chart in picture.charts)
    shown = f"{picture.title}, {picture.beside}: {told}" if picture.beside else f"{picture.title}: {told}"
    return escape_markdown(say(language, wording.PICTURE, shown=shown))


def _numbers(chart: Chart) -> str:
    then = chart.before or (None,) * len(chart.now)
    return ", ".join(
        f"{label}{':' if label.isdigit() else ''} {now}" + ("" if before is None else f" ({before})")
        for label, now, before in zip(chart.labels, chart.now, then, strict=True)
    )


def _days(figures: Figures, language: Language) -> Chart | None:
    """A column a day; a single day needs none."""
    if figures.span.period == "day" or not figures.counts.questions:
        return None
    label: Callable[[date], str] = (
        (lambda day: format_date(day, "ccc", locale=language))
        if figures.span.period == "week"
        else (lambda day: str(day.day))
    )
    days = figures.by_day
    heading = say(language, wording.PICTURE_OF_DAYS)
    return Chart("columns", heading, tuple(label(one.day) for one in days), tuple(one.questions for one in days))


def _chart(language: Language, heading: str, names: Mapping[str, str], now: object, before: object | None) -> Chart:
    """A bar for each of *names*, by the figures that are called so."""
    return Chart(
        "bars",
        say(language, heading),
        tuple(say(language, label) for label in names.values()),
        tuple(getattr(now, figure) for figure in names),
        None if before is None else tuple(getattr(before, figure) for figure in names),
    )


def _topics(figures: Figures, situation: Situation, language: Language) -> Chart | None:
    topics = [(topic, group) for topic, group in figures.by_topic.items() if topic != NONE][:MOST_TOPICS]
    if not topics:
        return None
    labels = tuple(_short(situation.title(topic, language)) for topic, _ in topics)
    heading = say(language, wording.PICTURE_OF_TOPICS)
    return Chart("bars", heading, labels, tuple(group.questions for _, group in topics))


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1].rstrip()}…"
