"""Periods, days and lengths of time in words, in the reader's language. Pure."""

from datetime import date, timedelta

from babel.dates import format_date

from admin.summaries import wording
from admin.summaries.due import Span, last_whole, span_of
from admin.summaries.wording import say
from knowledge.entry import Language


def title(span: Span, language: Language) -> str:
    """Such as "viikko 47 (16.11.–22.11.2026)" or "marraskuu 2026"."""
    first, last = span.first_day, span.last_day
    begins = _without_year(first, language) if first.year == last.year else dated(first, language)
    match span.period:
        case "day":
            return f"{format_date(first, 'cccc', locale=language)} {dated(first, language)}"
        case "week":
            number = str(first.isocalendar().week)
            return say(language, wording.WEEK_TITLE, number=number, first=begins, last=dated(last, language))
        case "month":
            return format_date(first, "LLLL y", locale=language)
        case "range":
            return f"{begins}–{dated(last, language)}"


def when(span: Span, today: date, language: Language) -> str:
    """The period as one speaks of it on *today*: "Viime viikolla" or, further back, "Viikolla 44"."""
    if span.period == "range":
        return f"{title(span, language)}:"
    if span == last_whole(span.period, today):
        return say(language, wording.LATELY[span.period])
    if span == span_of(span.period, today):
        return say(language, wording.SO_FAR[span.period])
    match span.period:
        case "day":
            return f"{dated(span.first_day, language)}:"
        case "week":
            return say(language, wording.IN_WEEK, number=str(span.first_day.isocalendar().week))
        case "month":
            month = format_date(span.first_day, "LLLL", locale=language)
            spoken = say(language, wording.IN_MONTH, month=month)
            return spoken[:1].upper() + spoken[1:]


def dated(day: date, language: Language) -> str:
    """Such as 2.10.2026, in English 2 Oct 2026."""
    return format_date(day, "d MMM y", locale="en") if language == "en" else f"{day.day}.{day.month}.{day.year}"


def duration_in_words(wait: timedelta, language: Language = "fi") -> str:
    """Such as "alle 1 min", "35 min", "2 h 10 min" or "3 vrk 4 h"; what is left over is dropped."""
    minutes = int(wait.total_seconds()) // 60
    if minutes < 1:
        return say(language, wording.LESS_THAN_A_MINUTE)
    if minutes < 60:
        return say(language, wording.MINUTES, minutes=str(minutes))
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        sentence = wording.HOURS_MINUTES if minutes else wording.HOURS
        return say(language, sentence, hours=str(hours), **({"minutes": str(minutes)} if minutes else {}))
    days, hours = divmod(hours, 24)
    sentence = wording.DAYS_HOURS if hours else wording.DAYS
    return say(language, sentence, days=str(days), **({"hours": str(hours)} if hours else {}))


def _without_year(day: date, language: Language) -> str:
    return format_date(day, "d MMM", locale="en") if language == "en" else f"{day.day}.{day.month}."
