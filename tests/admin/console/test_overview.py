"""The overview: the same figure wherever it is read, whatever the period and whoever reads."""

import csv
import html
import re
from datetime import date, timedelta
from io import BytesIO, StringIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import insert, select

from admin.console import period
from admin.summaries.compose import summary
from admin.summaries.due import span_between, span_of
from admin.summaries.statistics import figures
from bot.store import campaigns, schema
from bot.store.schema import event, summary_run
from tests.admin.console.office import Office
from tests.admin.console.test_tickets import HOSTILE

PAGE = "/console/figures"
FIRSTS = ("first_of_day", "first_of_week", "first_of_month", "first_of_year")
FIRSTS_OF_CAMPAIGN = ("first_of_campaign", "first_of_first_campaign")
on_one_database = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


async def _happen(office: Office, day: date, code: str | None, **kinds: int) -> None:
    """So many events of each kind, each by somebody else who never came again; outside office hours every third."""
    rows = [
        {
            "kind": kind,
            "at": office.clock(),
            "local_day": day,
            "local_hour": 10,
            "in_office_hours": number % 3 > 0,
            "channel": "web",
            "language": "fi",
            "campaign": code,
            "first_campaign": code,
            "topic": "asumistuki",
            "seconds": 60.0 * number if kind == "human_reply" else None,
            **dict.fromkeys(FIRSTS, True),
            **dict.fromkeys(FIRSTS_OF_CAMPAIGN, code is not None),
            "is_returning": False,
        }
        for kind, times in kinds.items()
        for number in range(times)
    ]
    async with office.store.write() as tx:
        await tx.execute(insert(event), rows)


def _text(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def _cells(page: str, caption: str) -> dict[str, list[str]]:
    """A table of the page by its rows' headings, as a reader sees them; what is only heard or on phones is left out."""
    page = re.sub(r'<span class="heading".*?</span>|<svg.*?</svg>', "", page, flags=re.DOTALL)
    tables = [part.partition("</table>")[0] for part in page.split(f'<caption class="unseen">{caption}</caption>')[1:]]
    rows = [
        re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for table in tables for row in table.split("<tr")[2:]
    ]
    return {_text(first): [_text(cell) for cell in others] for first, *others in rows}


def _as_written(csv_file: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(csv_file.decode("utf-8-sig"), newline=""), delimiter=";"))


async def test_a_figure_is_equal_on_the_page_in_the_message_in_each_file_and_in_the_report(office: Office) -> None:
    """Two numbers for one thing, and nobody believes either; a campaign's name does nothing in any of them."""
    year = office.clock().year - 1
    names = ["=HYPERLINK(1)", "学校 – ملصق", *HOSTILE]  # one more than are shown unfolded
    async with office.store.write() as tx:
        codes = [
            await campaigns.make(tx, name=name, place="x", first_day=date(year, 1, 1), last_day=date(year, 1, 2))
            for name in names
        ]
    for number, code in enumerate(codes):
        day = date(year, 1, 1) + timedelta(days=28 * number)
        await _happen(office, day, code, came=7, asked=6, answered=4, helped=3, human_reply=1, promise_kept=1)
    await _happen(office, date(year, 12, 31), None, not_helped=7, not_found=5, escalated=9, human_reply=2)
    dates = f"first={year}-01-01&last={year}-12-31"
    async with office.at_work(office.kaisa) as kaisa:
        page = (await kaisa.sees(f"{PAGE}?{dates}")).text
        report = (await kaisa.sees(f"{PAGE}/report?year={year}")).text
        book = await kaisa.sees(f"{PAGE}.xlsx?{dates}")
        files = {
            key: _as_written((await kaisa.sees(f"{PAGE}/{key}.csv?{dates}")).content)
            for key in ("figures", "campaigns")
        }
    async with office.store.read() as read:
        found = await figures(read, span_between(date(year, 1, 1), date(year, 12, 31)))
    message = summary(found, today=date(year + 1, 6, 1), service="x", address="https://x.example")

    assert {"66", "33", "44", "9", "13"} <= set(re.findall(r"\d+", message))
    on_page = _cells(page, "Tärkeimmät luvut")
    sheets = load_workbook(BytesIO(book.content))
    in_book = {row[0]: row[1:] for row in sheets["figures"].iter_rows(min_row=6, values_only=True)}
    in_file = {row[0]: row[1:] for row in files["figures"][1:]}
    for name, said, whole in (
        ("Kysymyksiä", "66", None),
        ("Kysyjiä", "66", None),
        ("Botti vastasi heti", "44", "66"),
        ("Virka-ajan ulkopuolella", "22", "66"),
        ("Lähetettiin ihmiselle", "9", "66"),
        ("Auttoi", "33", "40"),
    ):
        assert on_page[name][0].split(" / ") == [said, *([f"{whole}, {in_file[name][2]}"] if whole else [])]
        assert in_file[name][:2] == [said, whole or "–"]
        assert [str(cell) for cell in in_book[name][:2]] == [said, whole or "None"]
    for headline in (
        "66 kysymystä 66 kysyjältä.",
        "33 % tuli virka-ajan ulkopuolella (22 / 66).",
        "67 % sai botilta vastauksen heti (44 / 66). Ihmiselle lähetettiin 9.",
        "alle 1 min odotettiin ihmisen vastausta (mediaani, 13 vastausta). Luvatussa ajassa 11 / 11, 100 %.",
        "83 % sanoi, että vastaus auttoi (33 / 40).",
    ):
        assert headline in _text(page)
        assert headline in _text(report)
    assert _cells(page, "Aiheet") == {"Miten haen asumistukea?": ["66", "66"]}
    assert _cells(page, "Kysymykset kuukausittain")[f"tammikuu {year}"] == ["12"]

    assert {name: row[1] for name, row in _by_name(files["campaigns"]).items()} == dict.fromkeys(names, "6")
    assert set(_cells(page, "Kampanjat")) == {_text(html.escape(name)) for name in names}
    assert {row[0] for row in sheets["campaigns"].iter_rows(min_row=6, values_only=True)} == set(names)
    assert {row[0].data_type for row in sheets["campaigns"].iter_rows(min_row=6)} == {"s"}
    assert not any(name in page + report for name in HOSTILE if name.startswith(("<", '"')))
    assert all(not row[0].startswith("=") for row in files["campaigns"])


@on_one_database
async def test_the_summaries_are_listed_by_when_they_were_written_and_say_of_which_period(office: Office) -> None:
    """ "Kirjoitettu 8.05" twenty times says nothing, and the month's stood among what was written four weeks before."""
    written = {("day", date(2026, 11, 23)): 1, ("month", date(2026, 10, 1)): 3, ("week", date(2026, 11, 16)): 2}
    async with office.store.write() as tx:
        for (kind, first_day), hours in written.items():
            await tx.execute(
                insert(summary_run).values(
                    period=kind,
                    first_day=first_day,
                    recipient="console",
                    text="x",
                    created_at=office.clock() + timedelta(hours=hours),
                )
            )
    async with office.at_work(office.kaisa) as kaisa:
        page = (await kaisa.sees(PAGE)).text

    listed = [_text(label) for label in re.findall(r'id="summary-.*?<summary>(.*?)</summary>', page, re.DOTALL)]
    assert [label.partition(",")[0] for label in listed] == [
        "Lokakuu 2026",
        "Viikko 47 (16.11.–22.11.2026)",
        "Maanantai 23.11.2026",
    ]
    assert all("kirjoitettu" in label for label in listed)


@on_one_database
async def test_a_figure_leads_to_the_questions_of_its_own_days(office: Office) -> None:
    """From a month's number to the newest questions of all is no way to what it is made of."""
    await office.ticket("Saako iguaanin tuoda töihin?")
    office.clock.advance(timedelta(days=40))
    await office.ticket("Mistä saan saappaat?")
    today = office.clock().date()
    then = today - timedelta(days=40)
    async with office.at_work(office.vaino) as vaino:
        page = (await vaino.sees(f"{PAGE}?first={then}&last={then + timedelta(days=3)}")).text
        path = f"/console/questions?first={then}&last={then + timedelta(days=3)}"
        theirs, all_of_them = [(await vaino.sees(way)).text for way in (path, "/console/questions")]
        async with office.store.read() as read:
            looks = await read.execute(
                select(schema.audit.c.subject).where(schema.audit.c.act == "view questions").order_by(schema.audit.c.id)
            )
        wrong = [
            (await vaino.sees(f"/console/questions?{dates}")).status_code
            for dates in ("first=x&last=y", "first=2026-12-01&last=2026-11-01", "first=2026-11-01")
        ]

    assert html.escape(path) in page
    assert ("iguaanin" in theirs, "saappaat" in theirs) == (True, False)
    assert ("iguaanin" in all_of_them, "saappaat" in all_of_them) == (True, True)
    assert wrong == [404, 404, 404]
    assert looks.scalars().all() == [f"{then} to {then + timedelta(days=3)}", "newest"]


@on_one_database
async def test_each_figure_leads_to_the_very_questions_it_counts(office: Office) -> None:
    """A number nobody can look behind is believed or not; what came of a question and where it came from narrow."""
    today = office.clock().date()
    await _happen(office, today - timedelta(days=3), None, asked=9, not_found=6, choices=5, escalated=5)
    await office.ticket("Saako iguaanin tuoda töihin?", channel="telegram")
    days = f"first={today - timedelta(days=3)}&last={today}"
    shown = {}
    for account in (office.kaisa, office.yrjo):
        async with office.at_work(account) as reader:
            page = html.unescape((await reader.sees(f"{PAGE}?{days}")).text)
        shown[account.name] = set(re.findall(rf'href="/console/questions\?{days}&([^"]*)"', page))
        assert "summia, joista ei ole rivejä" in page
    async with office.at_work(office.kaisa) as kaisa:
        statuses = {(await kaisa.sees(f"/console/questions?{days}&{query}")).status_code for query in shown["Kaisa"]}
    async with office.at_work(office.vaino) as vaino:
        pages = {
            query: (await vaino.sees(f"/console/questions?{query}"))
            for query in (
                "came=person&channel=telegram", "came=choices&topic=cv", "came=answered", "channel=web",
                "language=sv", "topic=asumistuki", "came=x", "channel=email", "language=de", "topic=%00", "topic=..",
            )
        }  # fmt: skip

    assert shown["Yrjö"] == set()
    assert statuses == {200}
    assert shown["Kaisa"] >= {
        "came=answered", "came=choices", "came=picked", "came=person", "came=nothing", "came=helped",
        "topic=asumistuki", "came=lacking&topic=asumistuki", "channel=web", "language=fi",
    }  # fmt: skip
    assert {query: page.status_code for query, page in pages.items() if page.status_code != 200} == dict.fromkeys(
        ("came=x", "channel=email", "language=de", "topic=%00", "topic=.."), 404
    )
    assert [query for query, page in pages.items() if "iguaanin" in page.text] == [
        "came=person&channel=telegram",
        "came=choices&topic=cv",
    ]
    assert "ei ole kysymyksiä luettavana" in _text(pages["came=answered"].text)


def _by_name(rows: list[list[str]]) -> dict[str, list[str]]:
    return {row[0].removeprefix("'"): row for row in rows[1:]}


@on_one_database
async def test_any_period_has_a_page_and_one_that_is_none_says_what_is_wrong(office: Office) -> None:
    """Before the service began, on a day, over three years, in a month without a question: never an empty look."""
    today = period_today = office.clock().date()
    async with office.at_work(office.kaisa) as kaisa:
        never = _text((await kaisa.sees(PAGE)).text)
        await _happen(office, today - timedelta(days=3), None, asked=2)
        before_enough_is_known = _text((await kaisa.sees(f"{PAGE}?period=weeks")).text)
        await _happen(office, today - timedelta(days=60), None, asked=25)
        usual = _text((await kaisa.sees(PAGE)).text)
        weeks = _text((await kaisa.sees(f"{PAGE}?period=weeks")).text)
        for span, said in {
            f"period=day&day={today - timedelta(days=3)}": "2 kysymystä 2 kysyjältä",
            f"period=day&day={today - timedelta(days=4)}": "Yksi asia: avaa chat osoitteessa",
            "period=day": "Jakso on vielä kesken",
            f"period=month&day={today - timedelta(days=400)}": "Palvelu ei ollut vielä käytössä",
            f"first={today - timedelta(days=1095)}&last={today}": "Kysymykset kuukausittain",
            f"first={today - timedelta(days=100)}&last={today}": "Kysymykset viikoittain",
            f"first={today}&last={today}": "Jakso on vielä kesken",
            "period=fortnight": usual,
        }.items():
            page = await kaisa.sees(f"{PAGE}?{span}")
            assert page.status_code == 200
            assert said in _text(page.text)
        for span, said in {
            "first=2026-02-30&last=<b>": "oikea päivämäärä",
            "first=2026-02-02": "oikea päivämäärä",
            "first=2026-02-02&last=2026-02-01": "ennen ensimmäistä",
            "first=2001-01-01&last=2026-01-01": "enintään kymmenen vuotta",
            "first=2901-01-01&last=2901-01-01": "ei ole vielä alkanut",
            "period=week&day=9999-99-99": "oikea päivämäärä",
            "period=month&day=0001-01-01": "oikea päivämäärä",
            f"period=day&day={today + timedelta(days=1)}": "ei ole vielä alkanut",
        }.items():
            page = await kaisa.sees(f"{PAGE}?{span}")
            assert (page.status_code, said in _text(page.text), "<b>" in page.text) == (422, True, False)
        for path in (f"{PAGE}.xlsx", f"{PAGE}/days.csv"):
            refused = await kaisa.sees(f"{path}?first=2026-02-02&last=2026-02-01")
            assert (refused.status_code, "Näillä päivillä ei ole lukuja" in refused.text) == (422, True)
        missing = [
            (await kaisa.sees(f"{PAGE}{path}")).status_code
            for path in ("/nope.csv", "/report?year=1999", f"/report?year={period_today.year + 1}", "/report?year=x")
        ]
        empty_year = _text((await kaisa.sees(f"{PAGE}/report?year={today.year - 5}")).text)

    assert "ei ole vielä tapahtunut mitään" in never
    assert "2 kysymystä" in weeks
    assert ["odotettu, yhdeksänä" in page for page in (before_enough_is_known, weeks)] == [False, True]
    assert missing == [404, 404, 404, 200]
    assert "0 kysymystä. Palvelu ei ollut vielä käytössä." in empty_year


@on_one_database
async def test_a_figure_leads_to_its_cases_where_its_reader_may_go(office: Office) -> None:
    """A link that ends at a closed door teaches people not to follow links."""
    await _happen(office, office.clock().date() - timedelta(days=3), None, asked=9, not_found=6, closed_answered=8)
    found = {}
    weeks = period.last_weeks(office.clock().date())
    questions = f"/console/questions?first={weeks.first_day}&last={weeks.last_day}"
    for account in (office.vaino, office.kaisa, office.yrjo):
        async with office.at_work(account) as person:
            page = (await person.sees(f"{PAGE}?period=weeks")).text
            main = page.partition("<main")[2]
            paths = set(re.findall(r'href="(/console/[^"#]*)"', html.unescape(main)))
            elsewhere = sorted(path for path in paths if not path.startswith((PAGE, f"{questions}&")))
            statuses = {(await person.sees(path)).status_code for path in elsewhere}
            found[account.role] = statuses, paths & {
                questions, "/console/gaps", "/console/faq/asumistuki", "/console/?view=closed",
            }  # fmt: skip

    assert found == {
        "tyovoimaneuvoja": (
            {200},
            {questions, "/console/gaps", "/console/faq/asumistuki", "/console/?view=closed"},
        ),
        "koordinaattori": ({200}, {questions, "/console/gaps", "/console/faq/asumistuki"}),
        "yllapitaja": ({200}, set()),
    }


def test_periods_are_called_what_people_call_them_and_follow_each_other() -> None:
    """The links to the one before and after must not skip a day, nor lead to what has not begun."""
    today = date(2026, 11, 22)
    week, month = span_of("week", today), span_of("month", today)
    days, weeks = span_between(date(2025, 12, 30), date(2026, 1, 2)), period.last_weeks(today)

    assert [period.named(span) for span in (span_of("day", today), week, month, days)] == [
        "sunnuntai 22.11.2026",
        "viikko 47 (16.11.–22.11.2026)",
        "marraskuu 2026",
        "30.12.2025–2.1.2026",
    ]
    assert period.named(span_between(date(2025, 1, 1), date(2025, 12, 31))) == "vuosi 2025"
    assert period.named(span_between(today, today)) == "sunnuntai 22.11.2026"
    assert [period.query_of(span) for span in (week, days)] == [
        "period=week&day=2026-11-16",
        "first=2025-12-30&last=2026-01-02",
    ]
    assert [period.later(span, today) for span in (week, month, weeks)] == [None, None, None]
    assert period.later(days, today) == span_between(date(2026, 1, 3), date(2026, 1, 6))
    assert period.earlier(month) == span_of("month", date(2026, 10, 5))
    assert period.earlier(span_of("month", period.EARLIEST)) is None
    assert [period.usual(today, since) for since in (None, date(2026, 10, 2), date(2026, 10, 1))] == [
        month,
        month,
        span_of("month", date(2026, 10, 1)),
    ]


@on_one_database
async def test_who_may_not_read_questions_sees_groups_of_whole_months_alone(office: Office) -> None:
    """Of two periods that differ by a day one could be taken from the other: what is left may be one person."""
    await _happen(office, date(2026, 10, 14), None, asked=6)
    month, week, free = "period=month&day=2026-10-01", "period=week&day=2026-10-14", "first=2026-10-01&last=2026-10-30"
    shown = {}
    for person in (office.kaisa, office.yrjo):
        async with office.at_work(person) as reader:
            pages = [(await reader.sees(f"{PAGE}?{query}")).text for query in (month, week, free)]
            files = [(await reader.sees(f"{PAGE}/topics.csv?{query}")).content for query in (month, week, free)]
            running = (await reader.sees(f"{PAGE}?period=month")).status_code
        shown[person.name] = ["/console/faq/asumistuki" in page for page in pages]
        assert [b";6;6" in file for file in files] == shown[person.name]
        assert all("Perustuu 6 kysymykseen." in _text(page) for page in pages)
        assert running == 200
        hints = ["Ryhmiä ei eritellä" in _text(page) for page in pages]
        assert hints == [not is_shown for is_shown in shown[person.name]]

    assert shown == {"Kaisa": [True, True, True], "Yrjö": [True, False, False]}
