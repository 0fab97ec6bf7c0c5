"""The overview's tables as files: one as CSV, all of them as a workbook."""

import asyncio

from starlette.responses import Response

from admin.console import period
from admin.console.overview import Seen, look
from admin.console.visit import Refused, Visit, not_found
from admin.summaries.sheets import CSV_TYPE, XLSX_TYPE, as_csv, as_xlsx


async def csv(visit: Visit) -> Response:
    """The table that the address names, of its period."""
    seen = await _seen(visit)
    table = seen.tables.get(visit.request.path_params["table"])
    if table is None:
        raise not_found()
    return _file(as_csv(table), CSV_TYPE, f"{_name(seen)}-{table.key}.csv")


async def xlsx(visit: Visit) -> Response:
    """Every table of the period."""
    seen = await _seen(visit)
    heading = f"{visit.house.profile.name}, {period.named(seen.figures.span)}"
    written = await asyncio.to_thread(as_xlsx, list(seen.tables.values()), heading)
    return _file(written, XLSX_TYPE, f"{_name(seen)}.xlsx")


async def _seen(visit: Visit) -> Seen:
    """Raises `Refused` when the address names no period."""
    try:
        async with visit.house.store.read() as read:
            return await look(visit, read)
    except period.WrongDates as wrong:
        raise Refused(422, "wrong_dates") from wrong


def _name(seen: Seen) -> str:
    span = seen.figures.span
    return f"koppi-{span.first_day}-{span.last_day}"


def _file(content: bytes, media_type: str, name: str) -> Response:
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
