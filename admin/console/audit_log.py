"""The audit log: who did what, when and from where, the newest first. There are no texts in it to show."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from sqlalchemy import select
from starlette.responses import Response

from admin.console.visit import RANDOM_ID, Visit
from bot.store import accounts
from bot.store.schema import audit

SHOWN = 100
OF_MANY = ("view ", "put gap ", "bring gap ")  # their subject counts questions, for who looks into the database
LINE_ID = re.compile(r"[0-9]{1,18}")
DAYS = (date(2000, 1, 1), date(2999, 1, 1))


@dataclass(frozen=True)
class Line:
    """One act. *who* is None where nobody was logged in; *subject* is a name, an id, or empty for themselves."""

    at: datetime
    who: str | None
    act: str
    subject: str
    origin: str


async def page(visit: Visit) -> Response:
    """A hundred lines, of one person or one day if the address asks for that, and the way to older ones."""
    person = visit.request.query_params.get("person", "")
    day = _day(visit.request.query_params.get("day", ""))
    before = visit.request.query_params.get("before", "")
    wanted = select(audit).order_by(audit.c.id.desc()).limit(SHOWN + 1)
    if RANDOM_ID.fullmatch(person):
        wanted = wanted.where(audit.c.account_id == person)
    if day is not None:
        begins, ends = (
            datetime.combine(each, time(), visit.house.hours.zone) for each in (day, day + timedelta(days=1))
        )
        wanted = wanted.where(audit.c.at >= begins, audit.c.at < ends)
    if LINE_ID.fullmatch(before):
        wanted = wanted.where(audit.c.id < int(before))
    async with visit.house.store.read() as read:
        everyone = await accounts.everyone(read)
        rows = (await read.execute(wanted)).all()
    names = {account.id: account.name for account in everyone}
    typed = {visit.house.vault.lookup("login-name", account.name): account.name for account in everyone}
    chosen = {"person": person if person in names else "", "day": day.isoformat() if day else ""}
    older = (
        {**{name: word for name, word in chosen.items() if word}, "before": rows[SHOWN - 1].id} if rows[SHOWN:] else {}
    )
    return visit.render(
        "audit.html",
        lines=[
            Line(
                row.at.astimezone(visit.house.hours.zone),
                names.get(row.account_id, row.account_id),
                row.act,
                ""
                if row.subject == row.account_id or row.act.startswith(OF_MANY)
                else _subject(row.subject, typed | names),
                row.origin,
            )
            for row in rows[:SHOWN]
        ],
        everyone=everyone,
        older=urlencode(older),
        is_first=not LINE_ID.fullmatch(before),
        person=chosen["person"],
        day=chosen["day"],
    )


def _subject(subject: str, names: Mapping[str, str]) -> str:
    """A person's name, as much of a random id as tells it from others, or what it is."""
    return names.get(subject, subject[:8] if RANDOM_ID.fullmatch(subject) else subject)


def _day(text: str) -> date | None:
    """The day that *text* names, of those that a clock may have shown."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if DAYS[0] <= day <= DAYS[1] else None
