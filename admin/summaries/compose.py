"""A period's figures in words: what matters in two or three sentences, then every figure on its line. Pure.

The text is the Markdown of the FAQ with bold only, so that it reads the same in Telegram, in the console and, without
its marks, on a terminal. Finnish.
"""

from collections.abc import Callable
from datetime import date, timedelta

from babel.dates import format_date

from admin.summaries.due import Period, Span, last_whole, span_of
from admin.summaries.small_numbers import FEWEST_ASKERS
from admin.summaries.statistics import Counts, Figures
from bot.channels.markup import escape_markdown

CHANNEL_NAMES = {"telegram": "Telegram", "web": "verkkochat"}
IN_THE_LAST: dict[Period, str] = {
    "day": "edellisenä päivänä",
    "week": "edellisellä",
    "month": "edellisessä",
    "range": "edellisellä yhtä pitkällä jaksolla",
}
THE_LAST: dict[Period, str] = {
    "day": "edellinen päivä",
    "week": "edellinen viikko",
    "month": "edellinen kuukausi",
    "range": "edellinen yhtä pitkä jakso",
}
FOR_THE_NEXT: dict[Period, str] = {
    "day": "tälle päivälle",
    "week": "tälle viikolle",
    "month": "tälle kuulle",
    "range": "seuraavalle jaksolle",
}


def summary(figures: Figures, *, today: date, service: str, address: str) -> str:
    """The summary of *figures* for a reader on *today*; *service* is its name, *address* where people ask.

    A period that isn't over yet is compared with nothing, since that would always look like a fall.
    """
    is_over = figures.span.last_day < today
    before = figures.before if is_over else None
    parts = [f"**{escape_markdown(service)} · {_title(figures.span)}**"]
    if not is_over:
        parts.append("Luvut tähän asti, jakso on vielä kesken.")
    if figures.counts.questions:
        parts.append(_in_short(figures.counts, before, figures.span, today))
    else:
        parts.append(_silence(before, figures.span, today, address))
    if figures.counts != Counts():
        parts.append("\n".join(_lines(figures, before)))
    return "\n\n".join(parts)


def _title(span: Span) -> str:
    first, last = span.first_day, span.last_day
    match span.period:
        case "day":
            return f"{format_date(first, 'cccc', locale='fi')} {_dated(first)}"
        case "week":
            begins = f"{first.day}.{first.month}." if first.year == last.year else _dated(first)
            return f"viikko {first.isocalendar().week} ({begins}–{_dated(last)})"
        case "month":
            return format_date(first, "LLLL y", locale="fi")
        case "range":
            return f"{_dated(first)}–{_dated(last)}"


def _dated(day: date) -> str:
    return f"{day.day}.{day.month}.{day.year}"


def _in_short(counts: Counts, before: Counts | None, span: Span, today: date) -> str:
    questions = "1 kysymys" if counts.questions == 1 else f"{counts.questions} kysymystä"
    asked = f"{_when(span, today)} {questions}"
    if before is not None:
        asked += f", {_compared(counts.questions, before.questions)} kuin {IN_THE_LAST[span.period]}"
    outside = f"{counts.outside_hours} tuli" if counts.outside_hours else "Yksikään ei tullut"
    return (
        f"{asked}. {outside} virka-ajan ulkopuolella. Kysyjiä oli {counts.askers}. "
        f"Botti vastasi heti {counts.answered} kertaa, ja ihmiselle lähetettiin {counts.escalated}."
    )


def _compared(now: int, then: int) -> str:
    if now == then:
        return "yhtä monta"
    return f"{now - then} enemmän" if now > then else f"{then - now} vähemmän"


def _silence(before: Counts | None, span: Span, today: date, address: str) -> str:
    """No question: said plainly, with one thing to do about it."""
    said = f"{_when(span, today)} ei yhtään kysymystä"
    if before is not None and before.questions:
        said += f", {IN_THE_LAST[span.period]} {before.questions}"
    return (
        f"{said}.\n\n"
        f"**Yksi asia {FOR_THE_NEXT[span.period]}:** avaa chat osoitteessa {escape_markdown(address)} ja kokeile, "
        "että se vastaa. Jos vastaa, nuoret eivät tiedä siitä: vie osoite yhteen paikkaan, jossa he jo ovat, vaikka "
        "oppilaitoksen viestiin tai työpajan seinälle."
    )


def _when(span: Span, today: date) -> str:
    """The period as one speaks of it on *today*: "Viime viikolla" or, further back, "Viikolla 44"."""
    if span.period == "range":
        return f"{_title(span)}:"
    if span == last_whole(span.period, today):
        return {"day": "Eilen", "week": "Viime viikolla", "month": "Viime kuussa"}[span.period]
    if span == span_of(span.period, today):
        return {"day": "Tänään", "week": "Tällä viikolla", "month": "Tässä kuussa"}[span.period]
    match span.period:
        case "day":
            return f"{_dated(span.first_day)}:"
        case "week":
            return f"Viikolla {span.first_day.isocalendar().week}"
        case "month":
            return f"{format_date(span.first_day, 'LLLL', locale='fi').capitalize()}ssa"


def _lines(figures: Figures, before: Counts | None) -> list[str]:
    """Every figure on its line, the one of the period before in brackets."""

    def line(name: str, value: Callable[[Counts], object]) -> str:
        then = "" if before is None else f" ({value(before)})"
        return f"**{name}:** {value(figures.counts)}{then}"

    return [
        line("Kysymyksiä", lambda counts: counts.questions),
        line("Kysyjiä", lambda counts: counts.askers),
        line("Botti vastasi heti", lambda counts: counts.answered),
        line("Botti tarjosi vaihtoehtoja", lambda counts: counts.choices),
        line("Vaihtoehto valittiin", lambda counts: counts.picked),
        line("Botti ei löytänyt vastausta", lambda counts: counts.not_found),
        line("Lähetettiin ihmiselle", lambda counts: counts.escalated),
        line("Ihminen vastasi", lambda counts: counts.human_replies),
        line("Odotus ihmisen vastaukseen, mediaani", _wait),
        line("Virka-ajan ulkopuolella", _outside),
        line("Auttoi / ei auttanut", lambda counts: f"{counts.helped} / {counts.not_helped}"),
        f"**Kanavat:** {_channels(figures)}",
        *([] if before is None else [f"Suluissa {THE_LAST[figures.span.period]}."]),
    ]


def _outside(counts: Counts) -> str:
    if not counts.questions:
        return "0"
    return f"{counts.outside_hours}, {_percent(counts.outside_hours, counts.questions)} %"


def _percent(part: int, whole: int) -> int:
    """Rounded half up, as people do."""
    return (200 * part + whole) // (2 * whole)


def _wait(counts: Counts) -> str:
    return "–" if counts.median_wait is None else duration_in_words(counts.median_wait)


def duration_in_words(wait: timedelta) -> str:
    """Such as "alle 1 min", "35 min", "2 h 10 min" or "3 vrk 4 h"; what is left over is dropped."""
    minutes = int(wait.total_seconds()) // 60
    if minutes < 1:
        return "alle 1 min"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} vrk {hours} h" if hours else f"{days} vrk"


def _channels(figures: Figures) -> str:
    if not figures.counts.questions:
        return "–"
    if not figures.by_channel:
        return f"ei eritellä, koska jossakin on alle {FEWEST_ASKERS} kysyjää"
    shown = [f"{CHANNEL_NAMES.get(name, name)} {group.questions}" for name, group in figures.by_channel.items()]
    hidden = figures.counts.questions - sum(group.questions for group in figures.by_channel.values())
    return ", ".join([*shown, f"muut {hidden}"] if hidden else shown)
