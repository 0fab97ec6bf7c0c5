"""`koppi demo`: an empty data folder filled with invented weeks of work, for screenshots and for trying things out.

Everything goes the way of real questions, through inbox, service, desk and outbox, with a clock set back; so the data
is what the service would have written, and `koppi check` finds nothing. Aliases say "(esimerkki)". The same seed and
the same FAQ give the same conversations; ids, the key and the password are always new.
"""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import count, cycle
from pathlib import Path
from random import Random
from typing import Any

import yaml
from sqlalchemy import update

from admin.house import House
from admin.reach import checkins as asking
from admin.reach import shared_links
from admin.reach import tips as sending
from admin.summaries.due import monday_of
from admin.summaries.send import send_due
from bot.advising import Desk
from bot.channels import telegram, webchat
from bot.channels.webchat.posts import Post, as_body
from bot.checkins import OUTCOMES
from bot.service import Service
from bot.store import accounts, campaigns, conversations, events, inbox, migrate, outbox, summary_readers, tickets, tips
from bot.store.accounts import Account
from bot.store.schema import asker as asker_table
from bot.store.schema import conversation as conversation_table
from knowledge.questions import development

SEED = 2010  # the year of the first Otappa koppi
WEEKS = 8
QUESTIONS_A_WEEK = (7, 9, 8, 12, 11, 14, 13, 18)
MARK = "(esimerkki)"
POPULAR = ("asumistuki", "kesatyo", "cv-tekeminen", "toimeentulotuki")
CAMPAIGNS = (  # name, place, and from when to when in weeks from now
    ("Abijuliste", "Lukioiden ilmoitustaulut", -WEEKS, 4),
    ("Kesätyötarina", "Instagram", -6, -1),
)
SUBSCRIBERS = 9  # of tips; of fewer than five the page tells nothing
TIPS = (  # how many weeks ago, what it said, what it ended with
    (2, "Oulun kaupunki etsii joulun ajaksi apukäsiä. Hae, vaikka et ole ennen ollut töissä.", "Miten haen kesätöitä?"),
    (1, "Kun opinnot loppuvat, asumistuesta kannattaa kysyä ennen kuin opintotuki päättyy.", "Saanko asumistukea?"),
)
THREADS = Path(__file__).parent / "demo.yaml"
STAFF: tuple[tuple[str, accounts.Role], ...] = (
    ("Väinö Virtanen", "sosiaaliohjaaja"),
    ("Sulo Salmi", "tyovoimaneuvoja"),
    ("Aune Aalto", "koordinaattori"),
)


class NotEmpty(Exception):
    """There is data already, which examples must never be mixed with."""


@dataclass(frozen=True)
class Person:
    """An invented asker: where they write from, and what they are called."""

    channel: str
    address: str
    alias: str


@dataclass(frozen=True)
class Step:
    """Something that happens at a moment of the past."""

    at: datetime
    act: Callable[[datetime], Awaitable[None]]


def require_empty(data_dir: Path) -> None:
    """Raises `NotEmpty` when the folder holds anything at all; one that isn't there yet is fine."""
    if data_dir.exists() and any(data_dir.iterdir()):
        raise NotEmpty(str(data_dir))


async def fill(house: House) -> str:
    """Fill the empty store of *house*; the password of every account. Raises `NotEmpty`."""
    await migrate.upgrade(house.store)
    async with house.store.read() as read:
        if await accounts.everyone(read):
            raise NotEmpty("the database")
    await house.bookshelf.refresh()
    now = house.clock()
    password = "-".join(secrets.token_hex(3) for _ in range(3))
    staff = await _employ(house, password, now - timedelta(weeks=WEEKS, days=1))
    await _readers(house, now - timedelta(weeks=WEEKS))
    stage = _Stage(house, staff, await _campaigns(house, now))
    steps = [
        *_ordinary_weeks(stage, now),
        *_threads(stage, now),
        *_summaries(house, now),
        *_asked_later(stage, now),
        *_tips(stage, now),
    ]
    for step in sorted(steps, key=lambda step: step.at):
        await step.act(step.at.astimezone(UTC))
    return password


async def _employ(house: House, password: str, at: datetime) -> dict[str, Account]:
    """The people behind the service, by role."""
    password_hash = await accounts.hash_password(password)
    async with house.store.write() as tx:
        return {
            role: await accounts.add(
                tx, name=name, role=role, password_hash=password_hash, must_change_password=False, now=at
            )
            for name, role in STAFF
        }


async def _readers(house: House, at: datetime) -> None:
    """Somebody who gets summaries by e-mail; the domain is one that no letter reaches."""
    async with house.store.write() as tx:
        reader = await summary_readers.add_address(
            tx, house.vault, address="esimerkki@kunta.example", language="sv", wants=["week", "month"], now=at
        )
        await summary_readers.confirm(tx, reader.id, at)


async def _campaigns(house: House, now: datetime) -> list[str]:
    """The codes of the campaigns that made the service known: posters that still hang, a story that is over."""
    today = now.astimezone(house.hours.zone).date()
    codes = []
    async with house.store.write() as tx:
        await shared_links.make(tx, today - timedelta(weeks=WEEKS))
        for name, place, begins, ends in CAMPAIGNS:
            first_day, last_day = today + timedelta(weeks=begins), today + timedelta(weeks=ends)
            code = await campaigns.make(tx, name=f"{name} {MARK}", place=place, first_day=first_day, last_day=last_day)
            codes.append(code)
        await campaigns.write_questions(tx, codes[0], {"fi": "Millon rahat?"})
    return [*codes, campaigns.SHARED]


# --- what happened --------------------------------------------------------------------------------------------


def _ordinary_weeks(stage: "_Stage", now: datetime) -> list[Step]:
    """Questions the bot deals with alone, more from week to week; some askers come back."""
    dice = stage.dice
    entries = stage.house.bookshelf.current.library.entries
    # As people ask: half of it about the same few things, the rest of all sorts, partly in words nobody foresaw.
    popular = [phrasing for entry in entries if entry.id in POPULAR for phrasing in entry.phrasings.get("fi", ())]
    foreseen = [phrasing for entry in entries for phrasing in entry.phrasings.get("fi", ())]
    unforeseen = [question.text for question in development(["in-scope", "out-of-scope"])]
    steps: list[Step] = []
    people: list[Person] = []
    for week, number in enumerate(QUESTIONS_A_WEEK):
        begins = now - timedelta(weeks=WEEKS - week)
        for _ in range(number):
            is_back = bool(people) and dice.random() < 0.25
            person = dice.choice(people) if is_back else stage.somebody("telegram" if dice.random() < 0.6 else "web")
            at = _when_young_people_write(dice, begins, stage.house)
            if not is_back:
                people.append(person)
                steps.append(Step(at - timedelta(seconds=40), partial(stage.comes, person)))
            question = dice.choice(dice.choice([popular or foreseen, popular or foreseen, foreseen, unforeseen]))
            steps.append(Step(at, partial(stage.says, person, question)))
            steps.append(Step(at + timedelta(seconds=dice.randint(20, 90)), partial(stage.goes_on, person)))
    return [step for step in steps if step.at < now - timedelta(hours=4)]


def _when_young_people_write(dice: Random, week: datetime, house: House) -> datetime:
    """Some day of the week, more often in the evening than in office hours."""
    hour = dice.choice([9, 11, 13, 14, 15, 16, 17, 18, 19, 20, 20, 21, 21, 22, 22, 23, 0])
    day = (week + timedelta(days=dice.randrange(7))).astimezone(house.hours.zone).date()
    return datetime.combine(day, time(hour, dice.randrange(60), dice.randrange(60)), house.hours.zone)


def _threads(stage: "_Stage", now: datetime) -> list[Step]:
    """The conversations with advisors that `demo.yaml` tells."""
    told = yaml.safe_load(THREADS.read_text(encoding="utf-8"))
    steps = []
    for is_open, threads in ((False, told["closed"]), (True, told["open"])):
        for thread in threads:
            steps += _thread(stage, thread, now, is_open=is_open)
    return steps


def _thread(stage: "_Stage", thread: dict[str, Any], now: datetime, *, is_open: bool) -> list[Step]:
    person, advisor = stage.somebody(thread["channel"]), stage.staff[thread["role"]]
    at = _begins(thread["when"], now, stage.house)
    steps = []
    for number, line in enumerate(thread["thread"]):
        if "advisor" in line:
            at = _working_time_later(stage, at, timedelta(minutes=stage.dice.randint(12, 150)))
            steps.append(Step(at, partial(stage.replies, advisor, person, line["advisor"])))
        else:
            at += timedelta(minutes=stage.dice.randint(1, 3)) if number else timedelta()
            steps.append(Step(at, partial(stage.says, person, line["asker"])))
        if number == 0:
            at += timedelta(seconds=30)
            steps.append(Step(at, partial(stage.asks_a_person, person, thread["role"])))
    if thread.get("claimed"):
        steps.append(Step(at + timedelta(minutes=5), partial(stage.claims, advisor, person)))
    if "note" in thread:
        steps.append(Step(at + timedelta(minutes=2), partial(stage.notes, advisor, person, thread["note"])))
    if not is_open:
        at = _working_time_later(stage, at, timedelta(minutes=stage.dice.randint(30, 90)))
        steps.append(Step(at, partial(stage.closes, advisor, person, thread["outcome"])))
    return steps


def _begins(when: dict[str, Any], now: datetime, house: House) -> datetime:
    if "minutes" in when:
        return now - timedelta(minutes=when["minutes"])
    day = (now - timedelta(days=when["days"])).astimezone(house.hours.zone).date()
    return datetime.combine(day, time.fromisoformat(when["at"]), house.hours.zone)


def _working_time_later(stage: "_Stage", at: datetime, wait: timedelta) -> datetime:
    return replace(stage.house.hours, promise=wait).promise_at(at).at


def _summaries(house: House, now: datetime) -> list[Step]:
    """The service's tick, once a day; nothing of it leaves the house."""
    without_mail = house.settings.model_copy(update={"smtp_url": None})

    async def tick(at: datetime) -> None:
        await send_due(replace(house, clock=lambda: at, telegram=None, settings=without_mail))

    days = [(now - timedelta(days=back)).astimezone(house.hours.zone).date() for back in range(7 * WEEKS)]
    eights = [datetime.combine(day, time(8, 5), house.hours.zone) for day in days]
    return [Step(at, tick) for at in eights if at < now]


def _asked_later(stage: "_Stage", now: datetime) -> list[Step]:
    """The tick that asks what came of an answer, and what those who agreed to it say."""
    noon = datetime.combine(now.astimezone(stage.house.hours.zone).date(), time(12, 10), stage.house.hours.zone)
    return [Step(at, stage.tells) for back in range(7 * WEEKS) if (at := noon - timedelta(days=back)) < now]


def _tips(stage: "_Stage", now: datetime) -> list[Step]:
    """Who subscribes to tips, the two that have come since then, and what they do with these."""
    this_monday = monday_of(now.astimezone(stage.house.hours.zone).date())
    people = [stage.somebody(telegram.NAME) for _ in range(SUBSCRIBERS)]
    steps: list[Step] = []
    for weeks, text, question in TIPS:
        monday = this_monday - timedelta(weeks=weeks)
        at = sending.goes_at(stage.house, monday)
        if at is None:
            continue  # a week of holidays
        if not steps:
            steps += [Step(at - timedelta(hours=1), partial(stage.subscribes, person)) for person in people]
        steps.append(Step(at, partial(stage.sends_tip, monday, text, question)))
        steps += [Step(at + timedelta(minutes=9), partial(stage.taps_tip, person)) for person in people[weeks:-2]]
    return steps


# --- how it happens -------------------------------------------------------------------------------------------


class _Stage:
    """Where the steps take place: the service and the desk at a clock that is told."""

    def __init__(self, house: House, staff: dict[str, Account], codes: list[str]) -> None:
        self.house = house
        self._ways = cycle([*codes, ""])
        self._links: dict[Person, str] = {}  # by which the web chat was opened, until something is said there
        self.staff = staff
        self.dice = Random(SEED)  # noqa: S311 - nothing here is a secret
        self._service = Service(house.store, house.vault, lambda: house.bookshelf.current, house.profile, house.hours)
        self._desk = Desk(house.store, house.hours)
        self._numbers = count(1)
        self._known: set[Person] = set()
        self._agreed: list[Person] = []
        self._coin = Random(SEED)  # noqa: S311 - of its own: what comes later changes nothing that came before

    def somebody(self, channel: str) -> Person:
        """A new person; their address is one that no real person can have."""
        animal = self.dice.choice(conversations.ALIAS_ANIMALS)
        number = next(self._numbers)
        address = f"esimerkki-{number}" if channel == webchat.NAME else str(number)
        return Person(channel, address, f"{animal} {self.dice.randrange(100, 1000)} {MARK}")

    async def comes(self, person: Person, at: datetime) -> None:
        """They come by a campaign's link or by themselves; of those who open the web chat so half say nothing."""
        code = next(self._ways)
        if person.channel == telegram.NAME:
            await self.says(person, f"/start {code}".strip(), at)
        elif code:
            self._links[person] = code
            around = events.Circumstances(at, self.house.hours, webchat.NAME, "fi")
            today = at.astimezone(self.house.hours.zone).date()
            async with self.house.store.write() as tx:
                if await campaigns.is_running(tx.connection, code, today):
                    for _ in range(2):
                        await events.record_opening(tx, "opened", code, around)
        if person.channel == webchat.NAME:
            passes_it_on: tuple[events.Opening, ...] = ("shared",) if self._coin.random() < 0.3 else ()
            await self._opens(("visited", "visited", *passes_it_on), code or None, at)

    async def _opens(self, kinds: Sequence[events.Opening], code: str | None, at: datetime) -> None:
        """What their browsers tell that they look at."""
        around = events.Circumstances(at, self.house.hours, webchat.NAME, "fi")
        async with self.house.store.write() as tx:
            for kind in kinds:
                await events.record_opening(tx, kind, campaigns.SHARED if kind == "shared" else code, around)

    async def subscribes(self, person: Person, at: datetime) -> None:
        """They want tips."""
        await self.says(person, "/vinkit", at)
        await self._press(person, "subscribe", None, at)

    async def sends_tip(self, monday: date, text: str, question: str, at: datetime) -> None:
        """The week's tip goes out."""
        house = replace(self.house, clock=lambda: at)
        async with house.store.write() as tx:
            words = {"fi": f"{text} {MARK}"}, {"fi": question}
            await tips.add(tx, monday, *words, self.staff["koordinaattori"].id, at, is_approved=True)  # type: ignore[arg-type]
        await sending.send_due(house)
        await self._deliver(at)

    async def taps_tip(self, person: Person, at: datetime) -> None:
        """They ask what the tip ends with."""
        await self._press(person, "tip", None, at)

    async def says(self, person: Person, text: str, at: datetime) -> None:
        """A message, or a command with its slash."""
        if person.channel == webchat.NAME:
            link = self._links.pop(person, "")
            await self._hear(person, Post(address=person.address, act="say", text=text, campaign=link), at)
        else:
            await self._hear(person, {"message": self._message(person, at, text)}, at)

    async def goes_on(self, person: Person, at: datetime) -> None:
        """What people do with a reply: they say whether it helped, pick a title, or leave it."""
        dice = self.dice.random()
        if not await self._press(person, "pick", None, at) and dice < 0.7:
            verb = "yes" if dice < 0.5 else "no"
            if not await self._press(person, verb, None, at):
                await self._press(person, "keep", None, at)
            elif verb == "yes" and self._coin.random() < 0.8:
                has_agreed = await self._press(person, "followup", None, at)
                if has_agreed and self._coin.random() < 0.8:  # the others will not answer
                    self._agreed.append(person)

    async def tells(self, at: datetime) -> None:
        """Those who are asked today what came of it tell it."""
        await asking.send_due(replace(self.house, clock=lambda: at))
        await self._deliver(at)
        for person in self._agreed:
            outcome = self._coin.choices(OUTCOMES, (3, 4, 2, 3))[0]
            await self._press(person, "outcome", outcome, at)

    async def asks_a_person(self, person: Person, role: str, at: datetime) -> None:
        """The tap that sends the question on, after asking for a person where the bot has not offered one."""
        if not await self._press(person, "send", role, at):
            await self.says(person, "/ihminen", at)
            await self._press(person, "send", role, at)

    async def claims(self, advisor: Account, person: Person, at: datetime) -> None:
        """The advisor takes the ticket."""
        await self._desk.claim(advisor, await self._ticket(person), at)

    async def replies(self, advisor: Account, person: Person, text: str, at: datetime) -> None:
        """The advisor's reply, which also takes the ticket."""
        await self._desk.reply(advisor, await self._ticket(person), text, f"demo-{next(self._numbers)}", at)
        await self._deliver(at)

    async def notes(self, advisor: Account, person: Person, text: str, at: datetime) -> None:
        """A note among colleagues."""
        await self._desk.note(advisor, await self._ticket(person), text, at)

    async def closes(self, advisor: Account, person: Person, outcome: str, at: datetime) -> None:
        """The end of the thread."""
        await self._desk.close(advisor, await self._ticket(person), outcome, at)
        await self._deliver(at)

    async def _press(self, person: Person, verb: str, value: str | None, at: datetime) -> bool:
        """Press a button under the bot's newest message, the one of *value* if there is; False when none fits."""
        async with self.house.store.read() as read:
            talk = await conversations.find(read, channel=person.channel, lookup=self._lookup(person))
            said = await conversations.messages(read, talk.id) if talk else []
        latest = next((message for message in reversed(said) if message.author == "bot"), None)
        buttons = list(enumerate(latest.buttons if latest else []))
        fitting = [ordinal for ordinal, button in buttons if button["verb"] == verb]
        exact = [
            ordinal for ordinal, button in buttons if ordinal in fitting and button["value"].startswith(value or "-")
        ]
        if latest is None or not fitting:
            return False
        ordinal = (exact or fitting)[0]
        if person.channel == webchat.NAME:
            press = Post(address=person.address, act="press", message_id=latest.id, ordinal=ordinal)
            await self._hear(person, press, at)
        else:
            query = {
                "id": str(latest.id),
                "from": self._sender(person),
                "chat_instance": "demo",
                "message": self._message(person, at, latest.text),
                "data": f"{verb}:{latest.id}:{ordinal}",
            }
            await self._hear(person, {"callback_query": query}, at)
        return True

    def _message(self, person: Person, at: datetime, text: str) -> dict[str, object]:
        chat = {"id": int(person.address), "type": "private", "first_name": "Esimerkki"}
        return {
            "message_id": next(self._numbers),
            "date": int(at.timestamp()),
            "chat": chat,
            "from": self._sender(person),
            "text": text,
        }

    def _sender(self, person: Person) -> dict[str, object]:
        return {"id": int(person.address), "is_bot": False, "first_name": "Esimerkki", "language_code": "fi"}

    async def _hear(self, person: Person, heard: Post | dict[str, object], at: datetime) -> None:
        """Take something in, handle it and send the replies, as the loops do."""
        await self._introduce(person, at)
        house = self.house
        if isinstance(heard, Post):
            async with house.store.write() as tx:
                await inbox.receive(
                    tx,
                    house.vault,
                    channel=webchat.NAME,
                    key=house.vault.lookup("demo", str(next(self._numbers))),
                    sender=self._lookup(person),
                    body=as_body(heard),
                    now=at,
                )
        else:
            # Telegram never counts so far, and a real update must not be taken for one of these.
            await telegram.keep(house.store, house.vault, [{"update_id": 2**62 + next(self._numbers), **heard}], at)
        async with house.store.read() as read:
            items = await inbox.ready(read, at)
        for item in items:
            await self._service.handle(item, at)
        await self._deliver(at)

    async def _introduce(self, person: Person, at: datetime) -> None:
        """Begin the conversation before the first word, so that the alias is marked from the start."""
        if person in self._known:
            return
        self._known.add(person)
        async with self.house.store.write() as tx:
            talk = await conversations.begin(
                tx,
                self.house.vault,
                channel=person.channel,
                lookup=self._lookup(person),
                address_text=person.address,
                language="fi",
                now=at,
            )
            owner = conversation_table.select().with_only_columns(conversation_table.c.asker_id)
            asker_id = (await tx.execute(owner.where(conversation_table.c.id == talk.id))).scalar_one()
            await tx.execute(update(asker_table).where(asker_table.c.id == asker_id).values(alias=person.alias))

    async def _deliver(self, at: datetime) -> None:
        """Everything queued has arrived."""
        async with self.house.store.write() as tx:
            channels = [telegram.NAME, webchat.NAME]
            while items := await outbox.lease(tx, at, channels=channels, limit=50, broadcasts=50):
                for item in items:
                    await outbox.sent(tx, item, None, at)
                    await sending.record_delivery(self.house, tx, item, at)

    async def _ticket(self, person: Person) -> str:
        async with self.house.store.read() as read:
            talk = await conversations.find(read, channel=person.channel, lookup=self._lookup(person))
        if talk is None or talk.ticket is None:
            raise tickets.NotOpen(person.alias)
        return talk.ticket.id

    def _lookup(self, person: Person) -> str:
        return self.house.vault.lookup(person.channel, person.address)
