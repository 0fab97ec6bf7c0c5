"""The figures as named tables: what the page, the files for a spreadsheet and the year's report all show. Pure.

Every table is made here and nowhere else, so a figure is equal wherever it is read. Titles are Finnish.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import TypeVar

from admin.summaries.due import monday_of
from admin.summaries.periods import dated, duration_in_words
from admin.summaries.small_numbers import FEWEST_ASKERS, Group, large_enough, shown
from admin.summaries.statistics import Counts, Day, Figures, Share
from admin.summaries.wording import CHANNELS
from bot.store.tallies import IN_OFFICE_HOURS, NONE, OUTSIDE_OFFICE_HOURS

LANGUAGE_NAMES = {"fi": "suomi", "sv": "ruotsi", "en": "englanti"}
OFFICE_NAMES = {IN_OFFICE_HOURS: "Virka-aikana", OUTSIDE_OFFICE_HOURS: "Virka-ajan ulkopuolella"}
OUTCOME_NAMES = {
    "answered": "Sai vastauksen",
    "guided": "Ohjattiin palveluun",
    "authority": "Ohjattiin viranomaiselle",
    "no_reply": "Asiakas ei enää vastannut",
    "other": "Muu",
    "asker": "Asiakas lopetti keskustelun",
}
WEEKDAYS = ("maanantai", "tiistai", "keskiviikko", "torstai", "perjantai", "lauantai", "sunnuntai")
MONTHS = (
    "tammikuu", "helmikuu", "maaliskuu", "huhtikuu", "toukokuu", "kesäkuu",
    "heinäkuu", "elokuu", "syyskuu", "lokakuu", "marraskuu", "joulukuu",
)  # fmt: skip
MOST_DAYS_BY_DAY, MOST_DAYS_BY_WEEK = 62, 190
BEFORE = "Edellinen jakso"
NOTHING_NEAR = "Ei lähellä mitään vastausta"
OTHERS = "others"  # what the row of all that is not told apart is about
SMALL = f"Ryhmää, jossa on alle {FEWEST_ASKERS} kysyjää, ei eritellä."

Key = TypeVar("Key")
Value = str | int | date | timedelta | Share | None  # None: there is nothing to tell, shown as a dash


@dataclass(frozen=True)
class Row:
    """One line of a table; *about* names what it tells of: an entry's id, a campaign's code, a figure."""

    cells: Sequence[Value]
    about: str = ""


@dataclass(frozen=True)
class Table:
    """One table: its short *key* in addresses and files, what it tells, and on how many cases it rests (*note*)."""

    key: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Row]
    note: str


@dataclass(frozen=True)
class Names:
    """What people call the entries and the campaigns that figures know by id and code."""

    entries: Mapping[str, str]
    campaigns: Mapping[str, str]


@dataclass(frozen=True)
class Figure:
    """One of the key figures: its name, how many, and of how many; both None where there is nothing to tell."""

    name: str
    number: Callable[[Counts], Value]
    of: Callable[[Counts], int | None] = lambda _counts: None


def people(counts: Counts) -> Value:
    """How many askers: a number, or from how many to how many, "17–21"."""
    if counts.askers_at_most > counts.askers:
        return f"{counts.askers}–{counts.askers_at_most}"
    return counts.askers


def exactly(counts: Counts) -> int | None:
    """How many askers; None where that isn't known exactly, so that no share of it can be told."""
    return None if counts.askers_at_most > counts.askers else counts.askers


# By what they tell of. Where *of* is told, *number* is a part of it or rests on it.
KEY_FIGURES: Mapping[str, Figure] = {
    "questions": Figure("Kysymyksiä", lambda counts: counts.questions),
    "askers": Figure("Kysyjiä", people),
    "new_askers": Figure("Ensi kertaa kysyneitä", lambda counts: counts.new_askers, exactly),
    "returned": Figure("Palasi 30 päivän kuluessa", lambda counts: counts.returned, exactly),
    "outside": Figure("Virka-ajan ulkopuolella", lambda counts: counts.outside_hours, lambda counts: counts.questions),
    "answered": Figure("Botti vastasi heti", lambda counts: counts.answered, lambda counts: counts.questions),
    "choices": Figure("Botti tarjosi vaihtoehtoja", lambda counts: counts.choices, lambda counts: counts.questions),
    "picked": Figure("Vaihtoehto valittiin", lambda counts: counts.picked),
    "not_found": Figure(
        "Botti ei löytänyt vastausta", lambda counts: counts.not_found, lambda counts: counts.questions
    ),
    "escalated": Figure("Lähetettiin ihmiselle", lambda counts: counts.escalated, lambda counts: counts.questions),
    "replies": Figure("Ihminen vastasi", lambda counts: counts.human_replies),
    "wait": Figure("Odotus ihmisen vastaukseen, mediaani", lambda counts: counts.median_wait, lambda c: c.waits),
    "promises": Figure("Vastattiin luvatussa ajassa", lambda counts: counts.promises_kept, lambda c: c.promises),
    "helped": Figure("Auttoi", lambda counts: counts.helped, lambda counts: counts.helped + counts.not_helped),
}


def tables(figures: Figures, names: Names, expected: Mapping[date, tuple[int, int]]) -> list[Table]:
    """Every table of *figures*, in the order of the page; *expected*: between which a day's questions were to be."""
    counts = figures.counts
    return [
        _key_figures(figures),
        _funnel(figures),
        *_volume(figures, expected),
        _hours(figures),
        _breakdown("topics", "Aiheet", "Aihe", figures.by_topic, counts, names.entries, NOTHING_NEAR),
        _rising(figures, names),
        _gaps(figures, names),
        _campaigns(figures, names),
        _breakdown("channels", "Kanavat", "Kanava", figures.by_channel, counts, CHANNELS),
        _breakdown("languages", "Kielet", "Kieli", figures.by_language, counts, LANGUAGE_NAMES),
        _breakdown("office", "Virka-aika", "Milloin", figures.by_office_hours, counts, OFFICE_NAMES),
        _outcomes(counts),
    ]


def text_of(value: Value) -> str:
    """A value as people read it, the same on the page, in CSV and in the report."""
    match value:
        case None:
            return "–"
        case Share():
            return "–" if value.percent is None else f"{value.percent} %"
        case timedelta():
            return duration_in_words(value)
        case date():
            return dated(value, "fi")
    return str(value)


def _key_figures(figures: Figures) -> Table:
    periods = (figures.counts, figures.before, figures.last_year)
    rows = []
    for key, figure in KEY_FIGURES.items():
        cells: list[Value] = [figure.name]
        for counts in periods:
            cells += _told(figure, counts)
        rows.append(Row(cells, key))
    heads = ("Jakso", "Edellinen", "Vuosi sitten")
    return Table(
        "figures",
        "Tärkeimmät luvut",
        ["Luku", *(f"{head}{more}" for head in heads for more in ("", ", kaikista", ", osuus"))],
        rows,
        "Kaikista kertoo, kuinka moneen tapaukseen luku perustuu.",
    )


def _told(figure: Figure, counts: Counts | None) -> list[Value]:
    """How many, of how many, and which part that is."""
    if counts is None:
        return [None, None, None]
    number, of = figure.number(counts), figure.of(counts)
    return [number, of, _part(number, of) if isinstance(number, int) else None]


def _part(cases: int, of: int | None) -> Share | None:
    """The share, where there is one: people helped today may have asked yesterday."""
    return Share(cases, of) if of and cases <= of else None


def _funnel(figures: Figures) -> Table:
    now, then = figures.funnel, figures.funnel_before
    steps: list[tuple[str, str, bool]] = [
        ("heard", "Kampanjalinkki avattiin", False),
        ("visited", "Verkkochat avattiin", False),
        ("came", "Tuli keskusteluun", False),
        ("asked", "Kysyi", False),
        ("answered", "Sai heti vastauksen", True),
        ("choices", "Sai vaihtoehtoja", True),
        ("person", "Lähetti kysymyksen ihmiselle", True),
        ("helped", "Sai apua", True),
        ("returned", "Palasi 30 päivän kuluessa", True),
    ]
    return Table(
        "funnel",
        "Kuulemisesta apuun",
        ["Vaihe", "Määrä", "Osuus kysyneistä", BEFORE],
        [
            Row(
                [
                    name,
                    getattr(now, step),
                    _part(getattr(now, step), now.asked) if is_part else None,
                    getattr(then, step) if then else None,
                ],
                step,
            )
            for step, name, is_part in steps
        ],
        "Avaukset ovat kertoja, muut ihmisiä"
        + ("" if exactly(figures.counts) is not None else ", vähintään näin monta")
        + ". Sai apua: sanoi vastauksen auttaneen, tai ohjaaja sulki kysymyksen: sai vastauksen.",
    )


def _volume(figures: Figures, expected: Mapping[date, tuple[int, int]]) -> list[Table]:
    """By day, and of a long period by week or by month, too."""
    note = f"Perustuu {figures.counts.questions} kysymykseen."
    columns = ["Päivä", "Kysymyksiä", "Kysyjiä", "Odotettu vähintään", "Odotettu enintään"]
    days = [
        Row([day.day, day.questions, day.askers, *expected.get(day.day, (None, None))], day.day.isoformat())
        for day in figures.by_day
    ]
    found = [Table("days", "Kysymykset päivittäin", columns, days, note)]
    if len(days) > MOST_DAYS_BY_WEEK:
        months = [
            Row([f"{MONTHS[month - 1]} {year}", questions], f"{year}-{month:02}")
            for (year, month), questions in _summed(figures.by_day, lambda day: (day.year, day.month))
        ]
        found.append(Table("months", "Kysymykset kuukausittain", ["Kuukausi", "Kysymyksiä"], months, note))
    elif len(days) > MOST_DAYS_BY_DAY:
        weeks = [
            Row([f"viikko {monday.isocalendar().week}, alkaa {text_of(monday)}", questions], monday.isoformat())
            for monday, questions in _summed(figures.by_day, monday_of)
        ]
        found.append(Table("weeks", "Kysymykset viikoittain", ["Viikko", "Kysymyksiä"], weeks, note))
    return found


def _summed(days: Sequence[Day], part: Callable[[date], Key]) -> list[tuple[Key, int]]:
    """The questions of each *part* of the *days*, in order."""
    return [(key, sum(day.questions for day in together)) for key, together in groupby(days, lambda day: part(day.day))]


def _hours(figures: Figures) -> Table:
    hours = figures.hours
    if hours is None:
        return Table("hours", "Viikon tunnit", ["Viikonpäivä"], [], "")
    starts = range(0, 24, hours.width)
    return Table(
        "hours",
        "Viikon tunnit",
        [
            "Viikonpäivä",
            *("Kysymyksiä" if hours.width == 24 else f"klo {start}–{start + hours.width}" for start in starts),
        ],
        [Row([name, *row]) for name, row in zip(WEEKDAYS, hours.cells, strict=True)],
        f"Perustuu {hours.of} kysymykseen. Viiva: alle {FEWEST_ASKERS} kysymystä, tai luku paljastaisi sellaisen.",
    )


def _breakdown(
    key: str,
    title: str,
    what: str,
    groups: Mapping[str, Group],
    counts: Counts,
    names: Mapping[str, str],
    none: str = "Ei mitään",
) -> Table:
    """The groups that are shown, and how many questions the others have together."""
    rows = [
        Row([none if name == NONE else names.get(name, name), group.questions, group.askers], name)
        for name, group in groups.items()
    ]
    hidden = counts.questions - sum(group.questions for group in groups.values())
    if rows and hidden:
        rows.append(Row(["Muut", hidden, None], OTHERS))
    return Table(key, title, [what, "Kysymyksiä", "Kysyjiä"], rows, f"Perustuu {counts.questions} kysymykseen. {SMALL}")


def _rising(figures: Figures, names: Names) -> Table:
    rows = [Row([_topic(one.topic, names), one.questions, one.before], one.topic) for one in figures.rising]
    note = f"Perustuu {figures.counts.questions} kysymykseen. Aihe nousee, kun kasvu tuskin on sattumaa."
    if figures.before is None:
        note = "Edellistä jaksoa ei ole, joten nousua ei voi laskea."
    return Table("rising", "Nousussa", ["Aihe", "Kysymyksiä", BEFORE], rows, note)


def _gaps(figures: Figures, names: Names) -> Table:
    return Table(
        "gaps",
        "Puutteet",
        ["Lähin aihe", "Ilman hyvää vastausta", "Kysymyksiä", "Osuus"],
        [
            Row([_topic(gap.topic, names), gap.lacking, gap.questions, _part(gap.lacking, gap.questions)], gap.topic)
            for gap in figures.gaps
        ],
        f"Perustuu {figures.lacking} kysymykseen, joihin ei ollut vastausta tai se ei auttanut. {SMALL}",
    )


def _campaigns(figures: Figures, names: Names) -> Table:
    funnels = figures.funnels.get("campaign", {})
    rows = []
    for code, group in figures.by_campaign.items():
        steps = funnels[code]
        name = "Ilman kampanjaa" if code == NONE else names.campaigns.get(code, code)
        opened = None if code == NONE else steps.heard
        rows.append(
            Row([name, group.questions, opened, shown(steps.came), shown(steps.asked), shown(steps.helped)], code)
        )
    return Table(
        "campaigns",
        "Kampanjat",
        ["Kampanja", "Kysymyksiä", "Avattiin", "Tuli", "Kysyi", "Sai apua"],
        rows,
        f"Perustuu {figures.counts.questions} kysymykseen. Viimeisimmän linkin mukaan 30 päivän ajan. {SMALL}",
    )


def _outcomes(counts: Counts) -> Table:
    groups = large_enough({outcome: Group(times, times) for outcome, times in counts.closed.items()})
    total = sum(counts.closed.values())
    hidden = total - sum(group.questions for group in groups.values())
    rows = [Row([OUTCOME_NAMES.get(outcome, outcome), group.questions], outcome) for outcome, group in groups.items()]
    return Table(
        "outcomes",
        "Miten ihmisen hoitamat kysymykset päättyivät",
        ["Päättyi", "Kysymyksiä"],
        [*rows, *([Row(["Muut", hidden], OTHERS)] if rows and hidden else [])],
        f"Perustuu {total} suljettuun kysymykseen. {SMALL}",
    )


def _topic(topic: str, names: Names) -> str:
    return NOTHING_NEAR if topic == NONE else names.entries.get(topic, topic)
