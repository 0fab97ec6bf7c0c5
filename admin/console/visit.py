"""One request to the console, as its pages see it, and what a page may answer with."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from admin.console import words
from admin.console.access import ACCESS
from admin.house import House
from admin.summaries import tables
from bot import wording
from bot.store import outbox
from bot.store.accounts import Account
from bot.store.sessions import Session

TEMPLATES = Path(__file__).parent / "templates"
RANDOM_ID = re.compile(r"[0-9a-f]{32}")


class Refused(Exception):
    """The request isn't carried out; *why* names the words of `error.html` for it."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


def not_found() -> Refused:
    """What isn't there, or isn't this account's to see: the same to whoever asks."""
    return Refused(404, "not_found")


@dataclass(frozen=True)
class Visit:
    """A request, who makes it and when. *form* holds the fields of a post, each of them one that its route knows."""

    house: House
    pages: Environment
    request: Request
    now: datetime
    session: Session | None = None
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def account(self) -> Account:
        """Who is logged in; only on routes that nobody else reaches."""
        if self.session is None:
            raise RuntimeError("this route is open to everybody")
        return self.session.account

    @property
    def today(self) -> date:
        """The local day."""
        return self.now.astimezone(self.house.hours.zone).date()

    @property
    def lacks_code(self) -> bool:
        """Whether this log-in is still to be confirmed by a one-time code: asked for wherever others reach us."""
        return self.house.settings.is_public and self.session is not None and not self.session.is_confirmed

    def may(self, route: str) -> bool:
        """Whether this account may use *route*: for what to offer on a page."""
        who = ACCESS[route]
        return who is None or (self.session is not None and self.session.account.role in who)

    def presence(self) -> Mapping[str, str]:
        """In words who else has which ticket open, by ticket; a hint."""
        there = self.house.store.hub.presence.of(self.house.clock(), besides=self.account.id)
        return {ticket_id: words.presence(people) for ticket_id, people in there.items()}

    def query(self, name: str, *, known: Mapping[str, object] | frozenset[str]) -> str | None:
        """A word of the address, when it is a known one."""
        word = self.request.query_params.get(name)
        return word if word in known else None

    def number(self, name: str, *, digits: int) -> int | None:
        """A number of the address, when it is one of at most so many *digits*."""
        word = self.request.query_params.get(name, "")
        return int(word) if word.isascii() and word.isdigit() and len(word) <= digits else None

    def version(self, *, digits: int = 9) -> int:
        """Of what is to be changed, as the form's page showed it. Raises `Refused` (400) for anything else."""
        word = self.form.get("version", "")
        if not (word.isascii() and word.isdigit() and len(word) <= digits):
            raise Refused(400, "bad_form")
        return int(word)

    def render(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """The page of *template*."""
        values.setdefault("version", "")
        zone = self.house.hours.zone
        html = self.pages.get_template(template).render(
            visit=self,
            account=self.session.account if self.session else None,
            form_token=self.session.form_token if self.session else "",
            service=self.house.profile.name,
            moment=lambda at: words.moment(at, self.now, zone),
            coming=lambda at: words.coming(at, self.now, zone),
            **values,
        )
        return HTMLResponse(html, status_code=status)

    def go(self, path: str) -> Response:
        """On to another page, by GET: reloading it repeats nothing."""
        return RedirectResponse(path, status_code=303)


@cache
def environment() -> Environment:
    """The templates, compiled once a process: always escaped, and an undefined value is an error, not a blank."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["texts_gone"] = wording.say("fi", wording.TEXTS_GONE)  # the console speaks Finnish
    made.globals["span"] = words.span
    made.globals["language_names"] = tables.LANGUAGE_NAMES
    made.globals["outcome_names"] = tables.OUTCOME_NAMES
    made.globals["may_have_arrived"] = outbox.may_have_arrived
    return made
