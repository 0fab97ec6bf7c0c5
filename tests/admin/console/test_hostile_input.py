"""Every form of the console filled with what breaks out of pages: nothing of it becomes markup or a link that runs.

The forms are found as a person finds them, by walking the pages, so that a new one is walked into by itself.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from pydantic import SecretStr

from admin.console.access import ACCESS
from admin.console.front_door import FrontDoor, Handler
from admin.console.site import pages
from bot.store import accounts
from bot.store.accounts import Account
from bot.store.engine import Store
from bot.vault import Vault
from tests.admin.console.office import OURS, Office, opened, token_in
from tests.support.mail_server import SENDER

# Each brings an element or an attribute called xqz, or an address that runs, wherever it is taken for markup.
CORPUS = (
    '"><xqz onxqz=xqz>',
    "'><xqz onxqz=xqz>",
    "<script>xqz</script>",
    "</script><script>xqz</script>",
    "</textarea></title></style><xqz>",
    "<img src=x onerror=xqz>",
    "<svg/onload=xqz>",
    "<iframe srcdoc='<xqz>'>",
    "<a href=javascript:xqz>x</a>",
    "<form action=//xqz.example><input name=xqz>",
    "<style>@import'//xqz.example'</style>",
    "<base href=//xqz.example>",
    "<!--><xqz>-->",
    "<![CDATA[<xqz>]]>",
    "<xqz/xqz=xqz",
    "\u202e<xqz>\u2066",
    "&lt;xqz&gt;&#60;xqz&#62;",
    "%3Cxqz%3E",
    "\\u003cxqz\\u003e",
    "＜xqz＞",
    "{{ 7 * 7 }}{% xqz %}${xqz}#{xqz}",
    "[xqz](javascript:xqz) ![xqz](javascript:xqz)",
    "[xqz](<javascript:xqz>) [x]: javascript:xqz",
    "<javascript:xqz> <data:text/html,<xqz>>",
    "**<xqz>** `<xqz>` ```\n<xqz>\n```",
    "javascript:xqz//https://example.org",
    "data:text/html,<xqz>",
    '" autofocus onfocus=xqz x="',
    "' style=xqz:expression(xqz) '",
    "= HYPERLINK(xqz)",
)  # fmt: skip
ALL = "\n".join(CORPUS)
STRONGEST = "'\"></textarea></title><xqz onxqz=xqz>"  # short enough for a name
FREE = {"text", "search", "password", "textarea", "tel"}
PLAIN = {"date": "2027-05-21", "url": "https://xqz.example/", "email": "xqz@xqz.example", "number": "1"}
LAST = ("/disable", "/reset", "/people/.*/code", "/sessions/.*end", "/release", "/close", "/unlink", "/drop", "/revoke")
FITS = re.compile(
    r"/(answer|phrasing)$"
)  # takes seconds when it is well filled: what is published has tests of its own
FILES = ("text/csv", "application/vnd.openxmlformats")  # saved, never shown: they have tests of their own
LEFT_OUT = re.compile(r"/console/(logout|events|static)")
RUNS = re.compile(r"\s*(javascript|vbscript|data):", re.IGNORECASE)


@dataclass
class Form:
    """A form of a page: where it leads, and each field with its type and what stands in it."""

    action: str
    fields: dict[str, tuple[str, str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, *, even_choices: bool) -> dict[str, str]:
        """The fields as somebody hostile sends them: the free ones, or *even_choices*, every one but the token."""
        sent = {}
        for name, (kind, value) in self.fields.items():
            if name == "form_token" or (kind not in FREE and not even_choices):
                sent[name] = PLAIN.get(kind) or value
            else:
                sent[name] = ALL if kind == "textarea" else STRONGEST
        return sent | dict(self.buttons[:1])


class Seen(HTMLParser):
    """A page as a browser takes it apart: its forms, its links, and whatever should not be there."""

    def __init__(self, at: str, html: str) -> None:
        super().__init__()
        self.at = at
        self.forms: list[Form] = []
        self.links: set[str] = set()
        self.faults: list[str] = []
        self.shows = False  # whether anything hostile stands there, as text
        self._open: Form | None = None
        self._select: str | None = None
        self._is_script = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        values = {name: value or "" for name, value in attrs}
        self._judge(tag, values)
        self._is_script = tag in {"script", "style"}
        if tag == "a" and "href" in values:
            self.links.add(urljoin(self.at, values["href"]))
        elif tag == "form" and values.get("method") == "post":
            self._open = Form(urljoin(self.at, values.get("action", "")))
            self.forms.append(self._open)
        if self._open is None or "disabled" in values:
            return
        name, kind = values.get("name", ""), values.get("type", "text")
        if tag == "button":
            action = urljoin(self.at, values.get("formaction", self._open.action))
            if action != self._open.action:  # another form with the same fields
                self.forms.append(Form(action, self._open.fields, [(name, values.get("value", ""))] if name else []))
            elif name:
                self._open.buttons.append((name, values.get("value", "")))
        elif tag == "input" and name and not (kind == "radio" and name in self._open.fields):
            self._open.fields[name] = (kind, values.get("value", ""))
        elif tag == "textarea" and name:
            self._open.fields[name] = ("textarea", "")
        elif tag == "select" and name:
            self._select = name
            self._open.fields[name] = ("select", "")
        elif tag == "option" and self._select and (values.get("value") or "selected" in values):
            self._open.fields[self._select] = ("select", self._open.fields[self._select][1] or values.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        self._is_script = False
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        """Text; in a script or a style sheet none may be ours."""
        self.shows = self.shows or "xqz" in data
        if self._is_script and "xqz" in data:
            self.faults.append(data[:80])

    def handle_comment(self, data: str) -> None:
        """A comment: none of the pages has any."""
        self.faults.append(f"<!--{data[:80]}")

    def handle_decl(self, decl: str) -> None:
        """The doctype is the only declaration."""
        if decl.lower() != "doctype html":
            self.faults.append(decl[:80])

    def _judge(self, tag: str, values: dict[str, str]) -> None:
        ours = tag.isalnum() and "xqz" not in tag
        for name, value in values.items():
            is_odd = "xqz" in name or name.startswith("on") or name in {"style", "srcdoc"}
            is_picture = tag == "img" and value.startswith("data:image/svg+xml")
            runs = name in {"href", "src", "action", "formaction"} and RUNS.match(value) and not is_picture
            is_elsewhere = name in {"src", "action", "formaction"} and "xqz" in urlsplit(value).netloc
            ours = ours and not (is_odd or runs or is_elsewhere)
        if not ours or tag in {"base", "iframe", "object", "embed"}:
            self.faults.append(f"<{tag} {values}"[:160])


class Recorded(FrontDoor):
    """Remembers the fields of each route."""

    def __init__(self, office: Office) -> None:
        super().__init__(office.house)
        self.fields: dict[str, tuple[str, ...]] = {}

    def route(self, name: str, path: str, handler: Handler, *, fields: tuple[str, ...] | None = None):  # type: ignore[no-untyped-def]
        """As the front door makes it."""
        if fields is not None:
            self.fields[name] = fields
        return super().route(name, path, handler, fields=fields)


def _kind_of(address: str) -> str:
    """The page or form behind an address, whatever ids stand in it."""
    path = re.sub(
        r"/[0-9a-f]{32}|/\d+|/drafts/[\w-]+|/invited/[\w-]+|(?<=/faq)/[^/]+|(?<=/figures)/\w+(?=\.csv)",
        "/*",
        urlsplit(address).path,
    )
    names = sorted(re.findall(r"[?&](\w+)=", address))
    return f"{path}?{'&'.join(names)}" if names else path


def _is_last(form: Form) -> bool:
    return any(re.search(f"{end}(\\?|$)", form.action) for end in LAST)


class Walk:
    """Looks at every kind of page and sends every kind of form, what takes something away last."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self._looked: set[str] = set()
        self.faults: dict[str, list[str]] = {}
        self.shown: set[str] = set()  # the pages on which something hostile stood as text
        self.posted: dict[str, set[int]] = {}  # the statuses of each kind of form

    async def by(self, who: Account, *begin: str) -> None:
        """Walk as *who* from the pages *begin*; at the end look at those again, with all that was sent."""
        async with self.office.at_work(who) as person:
            self._client, self._forms = person.client, list[Form]()
            self._looked -= {_kind_of(path) for path in begin}
            await self._look_around([urljoin(self.office.address, path) for path in begin])
            while self._forms:
                self._forms.sort(key=_is_last)
                form = self._forms.pop(0)
                kind = _kind_of(form.action).partition("?")[0]
                if kind in self.posted or LEFT_OUT.match(kind):
                    continue
                self.posted[kind] = set()
                for even_choices in (True,) if FITS.search(kind) else (True, False):
                    await self.send(form.action, kind, form.filled(even_choices=even_choices))
            self._looked -= {_kind_of(path) for path in begin}
            for path in begin:
                await self._look(urljoin(self.office.address, path))

    async def send(self, address: str, kind: str, fields: dict[str, str]) -> None:
        """Post a form, look at the answer and at where it leads."""
        answer = await self._client.post(address, data=fields, headers=OURS, timeout=60)
        self.posted.setdefault(kind, set()).add(answer.status_code)
        await self._look_around(self._take(address, answer.status_code, answer.text))
        if "location" in answer.headers:
            self._looked.discard(_kind_of(answer.headers["location"].partition("#")[0]))
            await self._look_around([urljoin(address, answer.headers["location"])])

    async def _look_around(self, waiting: list[str]) -> None:
        while waiting:
            waiting += await self._look(waiting.pop())

    async def _look(self, address: str) -> list[str]:
        """The links of a page of a kind that was not looked at yet."""
        if _kind_of(address) in self._looked or LEFT_OUT.match(urlsplit(address).path):
            return []
        self._looked.add(_kind_of(address))
        answer = await self._client.get(address, follow_redirects=True, timeout=60)
        if answer.headers["content-type"].startswith(FILES):
            return []
        return self._take(str(answer.url), answer.status_code, answer.text)

    def _take(self, address: str, status: int, html: str) -> list[str]:
        seen = Seen(address, html)
        if seen.shows:
            self.shown.add(_kind_of(address))
        if seen.faults or status >= 500:
            self.faults.setdefault(f"{address} ({status})", []).extend(seen.faults)
        self._forms += seen.forms
        links = sorted({link.partition("#")[0] for link in seen.links})
        return [link for link in links if link.startswith(f"{self.office.address}/console/") and link != address]


@pytest.fixture
async def office(store: Store, vault: Vault, tmp_path: Path, faq_cache: Path) -> AsyncIterator[Office]:
    """The console with a mail server, so that every form is there; nothing is sent to it."""
    mail = {"smtp_url": SecretStr("smtp://127.0.0.1:9"), "smtp_from": SENDER}
    async with opened(store, vault, tmp_path, faq_cache, **mail) as office:
        yield office


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_nothing_that_anybody_writes_becomes_markup_on_any_page(office: Office) -> None:
    """Askers' words, names, notes, answers, choices: whoever may write them, whoever may read them."""
    first, second = await office.ticket(ALL), await office.ticket(CORPUS[0], urgent=True)
    await office.desk.reply(office.vaino, first, ALL, "a-key-of-it", office.clock())
    await office.desk.note(office.vaino, first, ALL, office.clock())
    async with office.store.write() as tx:
        await accounts.add(
            tx,
            name=f"{STRONGEST} Aina",
            role="sosiaaliohjaaja",
            password_hash="x",
            must_change_password=True,
            now=office.clock(),
        )
    walk, door = Walk(office), Recorded(office)
    routes = pages(door)
    await walk.by(office.vaino, f"/console/tickets/{first}", "/console/?view=all", "/console/me")
    await walk.by(office.kaisa, "/console/")
    await walk.by(office.yrjo, "/console/people", "/console/audit", "/console/troubles", "/console/chats")
    walked = set(walk.posted)
    for who in (office.vaino, office.yrjo):  # past the pages: what scripts send, and what no page offered just now
        async with office.at_work(who) as person:
            walk._client = person.client
            token = token_in((await person.sees("/console/me")).text)
            for number, route in enumerate(routes):
                address = re.sub(r"\{\w+\}", "1", f"/console{route.path}".replace("{ticket_id}", second))
                fields = door.fields.get(route.name)
                if fields and who.role in (ACCESS[route.name] or ()) and _kind_of(address) not in walked:
                    hostile = {name: CORPUS[(number + turn) % len(CORPUS)] for turn, name in enumerate(fields)}
                    await walk.send(address, route.name, hostile | {"form_token": token})

    assert walk.faults == {}
    # Which proves something only if it got about: what was sent was taken, and was there to be seen.
    assert {"/console/", "/console/tickets/*", "/console/people?done", "/console/me?done"} <= walk.shown
    taken = {kind for kind, statuses in walk.posted.items() if 303 in statuses}
    assert {"/console/tickets/*/say", "/console/tickets/*/claim", "/console/people", "/console/me/email"} <= taken
