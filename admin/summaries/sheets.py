"""Tables of figures as files for a spreadsheet: CSV as a Finnish Excel opens it, and one workbook of them all.

What a cell says was partly written by people (a campaign's name); nothing of it is ever taken for a formula.
"""

import csv
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from io import BytesIO, StringIO

from admin.summaries.statistics import Share
from admin.summaries.tables import Table, Value, text_of

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# What a spreadsheet takes for the beginning of a formula, wide forms included, or skips before one.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠\t\r\n|]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML has no place for these


def as_csv(table: Table) -> bytes:
    """One table: semicolons between cells and a mark of UTF-8 at the beginning, as a Finnish Excel wants them."""
    written = StringIO()
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n")
    writer.writerow([_harmless(title) for title in table.columns])
    for row in table.rows:
        writer.writerow([_harmless(cell) if isinstance(cell, str) else text_of(cell) for cell in row.cells])
    return written.getvalue().encode("utf-8-sig")


def as_xlsx(tables: Sequence[Table], heading: str) -> bytes:
    """All *tables* in one workbook, a sheet each with its title, *heading* and note above it; numbers are numbers."""
    from openpyxl import Workbook  # here: what it takes of memory few ever need
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.worksheets[0])
    bold = Font(bold=True)
    for table in tables:
        sheet = book.create_sheet(table.key)
        above: list[Sequence[Value]] = [[table.title], [heading], [table.note], [], table.columns]
        for number, cells in enumerate([*above, *(row.cells for row in table.rows)], 1):
            for place, value in enumerate(cells, 1):
                cell = sheet.cell(number, place)
                cell.value, cell.number_format = _typed(value)
                if isinstance(value, str):
                    cell.data_type = "s"  # also what begins like a formula
                if number in (1, len(above)):
                    cell.font = bold
        for place, title in enumerate(table.columns, 1):
            longest = max([len(title), *(len(text_of(row.cells[place - 1])) for row in table.rows)])
            sheet.column_dimensions[get_column_letter(place)].width = min(longest + 2, 60)
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def _typed(value: Value) -> tuple[str | float | datetime | timedelta | None, str]:
    """A value as a workbook holds it, and the format that shows it as the page does."""
    match value:
        case str():
            return _CONTROL.sub("\ufffd", value), "@"
        case Share():
            return (value.cases / value.of if value.of else None), "0 %"
        case timedelta():
            return value, "[h]:mm"
        case date():
            return datetime.combine(value, time()), "d.m.yyyy"
    return value, "General"


def _harmless(text: str) -> str:
    """*text* with an apostrophe before it where a spreadsheet would calculate it."""
    return f"'{text}" if _FORMULA.match(text) else text
