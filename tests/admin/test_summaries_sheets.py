"""Tables as files for a spreadsheet: what is in them, and that nothing in them calculates."""

import csv
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from io import BytesIO, StringIO

from openpyxl import load_workbook

from admin.summaries.sheets import as_csv, as_xlsx
from admin.summaries.statistics import Share
from admin.summaries.tables import Row, Table, Value

NAMES = ('Abijuliste; "Ä"', '=HYPERLINK("http://paha")', "@SUM(1)", "+358", "-1", "＝1", " =1", "\t=1", "<b>学校\x00")
CELLS: Sequence[Value] = (3, Share(11, 18), timedelta(hours=2, minutes=10), date(2026, 11, 22), None)
TABLE = Table(
    "campaigns",
    "Kampanjat",
    ["Kampanja", "Tuli", "Auttoi", "Odotus", "Päivä", "Ei ole"],
    [Row([name, *CELLS]) for name in NAMES],
    "Perustuu 18 kysymykseen.",
)  # fmt: skip


def test_a_table_opens_in_a_finnish_excel_and_no_name_in_it_is_a_formula() -> None:
    """With a comma or without the mark Excel shows one broken column; what begins with = would be run."""
    written = as_csv(TABLE)
    heading, *rows = csv.reader(StringIO(written.decode("utf-8-sig"), newline=""), delimiter=";")

    assert written.startswith(b"\xef\xbb\xbfKampanja;Tuli;")
    assert heading == TABLE.columns
    assert [row[1:] for row in rows] == [["3", "61 %", "2 h 10 min", "22.11.2026", "–"]] * len(NAMES)
    assert [row[0].lstrip("'") for row in rows] == list(NAMES)
    assert [row[0].startswith("'") for row in rows] == [False, *[True] * 7, False]


def test_the_workbook_holds_numbers_as_numbers_and_names_as_text() -> None:
    """So that a sum can be taken, and a campaign's name can do nothing."""
    book = load_workbook(BytesIO(as_xlsx([TABLE, TABLE], "Viikko 47")))
    sheet = book["campaigns"]
    rows = [list(row) for row in sheet.iter_rows(min_row=5)]
    first = rows[1]

    assert [sheet.cell(row, 1).value for row in (1, 2, 3)] == ["Kampanjat", "Viikko 47", "Perustuu 18 kysymykseen."]
    assert [cell.value for cell in rows[0]] == TABLE.columns
    assert [row[0].value for row in rows[1:]] == [name.replace("\x00", "\ufffd") for name in NAMES]
    assert {row[0].data_type for row in rows[1:]} == {"s"}
    midnight = datetime.combine(date(2026, 11, 22), time())
    assert [cell.value for cell in first[1:]] == [3, 11 / 18, timedelta(hours=2, minutes=10), midnight, None]
    assert first[2].number_format == "0 %"
