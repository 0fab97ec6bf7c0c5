"""Campaigns: made and ended by whoever leads, with their links; what each of them brought; two of them compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from starlette.responses import Response

from admin.console.visit import Visit, not_found
from admin.summaries import campaigns as figures
from admin.summaries.campaigns import Comparison, Steps, Touch
from admin.summaries.small_numbers import shown
from bot import wording
from bot.channels.incoming import clean
from bot.channels.webchat.forms import CAMPAIGN
from bot.store import audit, campaigns
from bot.store.campaigns import Campaign, Standing
from knowledge.entry import LANGUAGES, Language

FIELDS = ("name", "place", "first_day", "last_day")
MAX_NAME = 80
LASTS_BY_ITSELF = timedelta(weeks=4)
LATEST = date(2999, 12, 31)
TOUCHES: tuple[Touch, ...] = ("last", "first")


@dataclass(frozen=True)
class Line:
    """A campaign in the table."""

    campaign: Campaign
    standing: Standing
    steps: Steps


@dataclass(frozen=True)
class Share:
    """*cases* of *of* people, None where they are too few to be shown, and between which shares the true one lies."""

    cases: int | None
    of: int | None
    interval: tuple[float, float]


@dataclass(frozen=True)
class Beside:
    """One step of two campaigns: their shares, and whether these differ."""

    step: str
    a: Share
    b: Share
    result: Comparison

    @property
    def shows_how_much(self) -> bool:
        """Whether by how much they differ may be told: not where a hidden number could be worked out from it."""
        return None not in (self.a.cases, self.a.of, self.b.cases, self.b.of)


async def listing(visit: Visit) -> Response:
    """What each campaign brought, the running ones first, and a form for a new one."""
    today = visit.today
    fields = {
        "name": "",
        "place": "",
        "first_day": today.isoformat(),
        "last_day": (today + LASTS_BY_ITSELF).isoformat(),
    }
    return await _listing(visit, fields, {})


async def make(visit: Visit) -> Response:
    """A new campaign, and on to its page; with faults, the form again with each at its field."""
    fields = {name: " ".join(clean(visit.form.get(name, "")).split()) for name in FIELDS}
    faults = {name: fault for name in ("name", "place") if (fault := _fault_of_words(fields[name]))}
    days = {name: _day(fields[name]) for name in ("first_day", "last_day")}
    first_day, last_day = days["first_day"], days["last_day"]
    faults |= {name: "no_day" for name, day in days.items() if day is None}
    if first_day is None or last_day is None:
        return await _listing(visit, fields, faults)
    if last_day < first_day:
        faults["last_day"] = "ends_first"
    elif last_day < visit.today:
        faults["last_day"] = "is_past"
    if faults:
        return await _listing(visit, fields, faults)
    try:
        async with visit.house.store.write() as tx:
            code = await campaigns.make(
                tx, name=fields["name"], place=fields["place"], first_day=first_day, last_day=last_day
            )
            await audit.record(tx, visit.account.id, "campaign made", code, visit.now)
    except campaigns.MadeBefore as before:
        return visit.go(f"/console/campaigns/{before.code}?done=was_made")
    return visit.go(f"/console/campaigns/{code}?done=made")


async def page(visit: Visit) -> Response:
    """One campaign: its links and QR codes, its posters, what it brought."""
    campaign = await at_hand(visit)
    async with visit.house.store.read() as read:
        brought = {touch: (await figures.steps(read, touch)).get(campaign.code, Steps()) for touch in TOUCHES}
    return visit.render(
        "campaign.html",
        campaign=campaign,
        standing=campaign.standing(visit.today),
        brought=brought,
        shown=shown,
        link=web_link(visit, campaign, "fi"),
        to_paste={language: text_to_paste(visit, campaign, language) for language in LANGUAGES},
        telegram=telegram_link(visit, campaign),
        is_public=visit.house.settings.is_public,
        examples=visit.house.profile.examples,
        done=visit.query("done", known=frozenset(["made", "was_made", "ended", "written"])),
    )


async def end(visit: Visit) -> Response:
    """End it now: its links lead to the chat as before, and count no more."""
    campaign = await at_hand(visit)
    async with visit.house.store.write() as tx:
        if await campaigns.end(tx, campaign.code, visit.now):
            await audit.record(tx, visit.account.id, "campaign ended", campaign.code, visit.now)
    return visit.go(f"/console/campaigns/{campaign.code}?done=ended")


async def at_hand(visit: Visit) -> Campaign:
    """The campaign of this address. Raises `Refused` (404) when there is none."""
    code: str = visit.request.path_params["code"]
    if not CAMPAIGN.fullmatch(code):
        raise not_found()
    async with visit.house.store.read() as read:
        campaign = await campaigns.get(read, code)
    if campaign is None:
        raise not_found()
    return campaign


def question_of(visit: Visit, campaign: Campaign, language: Language) -> str:
    """What its posters ask: what its maker wrote, else the first of the examples that the chat begins with."""
    examples = visit.house.profile.examples.get(language) or [visit.house.profile.name]
    return campaign.questions.get(language) or examples[0]


def text_to_paste(visit: Visit, campaign: Campaign, language: Language) -> str:
    """Its question, what the service is and its link: for a story, a newsletter or a school's message."""
    name = visit.house.profile.name
    what, promise = wording.say(language, wording.POSTER_WHAT, name=name), wording.say(language, wording.POSTER_PROMISE)
    return f"{question_of(visit, campaign, language)}\n\n{what} {promise}\n\n{web_link(visit, campaign, language)}"


def web_link(visit: Visit, campaign: Campaign, language: Language) -> str:
    """The link to the web chat, which opens in *language*."""
    return campaigns.web_link(visit.house.settings.address, campaign.code, language)


def telegram_link(visit: Visit, campaign: Campaign) -> str | None:
    """The link to the bot in Telegram; None while its name isn't known."""
    name = visit.house.telegram.username if visit.house.telegram else None
    return campaigns.telegram_link(name, campaign.code) if name else None


async def _listing(visit: Visit, fields: Mapping[str, str], faults: Mapping[str, str]) -> Response:
    asked_touch = visit.request.query_params.get("touch")
    touch: Touch = next((touch for touch in TOUCHES if touch == asked_touch), "last")
    today = visit.today
    async with visit.house.store.read() as read:
        everything = await campaigns.everything(read)
        steps = await figures.steps(read, touch)
    lines = [Line(one, one.standing(today), steps.get(one.code, Steps())) for one in everything]
    lines.sort(key=lambda line: ("running", "coming", "over").index(line.standing))
    pair = [_line(lines, visit.request.query_params.get(name)) for name in ("a", "b")]
    a, b = pair
    return visit.render(
        "campaigns.html",
        422 if faults else 200,
        lines=lines,
        touch=touch,
        shown=shown,
        a=a,
        b=b,
        beside=_beside(a.steps, b.steps) if a and b and a != b else (),
        fields=fields,
        faults=faults,
    )


def _beside(a: Steps, b: Steps) -> Sequence[Beside]:
    shares_a, shares_b = figures.rates(a), figures.rates(b)
    return [
        Beside(step, _share(*shares_a[step]), _share(*shares_b[step]), figures.compare(shares_a[step], shares_b[step]))
        for step in shares_a
    ]


def _share(cases: int, of: int) -> Share:
    return Share(shown(cases), shown(of), figures.wilson(cases, of))


def _line(lines: Sequence[Line], code: str | None) -> Line | None:
    return next((line for line in lines if line.campaign.code == code), None)


def _fault_of_words(words: str) -> str | None:
    if not words:
        return "empty"
    return "too_long" if len(words) > MAX_NAME else None


def _day(text: str) -> date | None:
    """The day that *text* names, of those that a campaign may know."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if date(2000, 1, 1) <= day <= LATEST else None
