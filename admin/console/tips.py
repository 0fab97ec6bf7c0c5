"""The editorial calendar of tips: written and approved by whoever leads, read by all, with what came of each."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from markupsafe import Markup
from starlette.responses import Response

from admin.console.visit import RANDOM_ID, Visit, not_found
from admin.reach.tips import WEEK, goes_at
from admin.summaries.due import monday_of
from admin.summaries.small_numbers import shown
from bot import tips as looks
from bot.channels.incoming import clean
from bot.channels.markup import as_web_html
from bot.store import audit, subscriptions, tips
from bot.store.tips import Changed, Tip, WeekTaken, Words
from knowledge import privacy
from knowledge.base import KnowledgeBase
from knowledge.entry import LANGUAGES, Language

FIELDS = ("monday", *(f"{part}_{language}" for language in LANGUAGES for part in ("text", "question")), "approved")
MAX_TEXT = 400
MAX_QUESTION = 60  # a button of more is cut off on a phone
WEEKS_AHEAD = 53
DONE = frozenset(["added", "changed", "removed"])

Faults = Mapping[str, str]


@dataclass(frozen=True)
class Found:
    """The entry that answers a tip's question."""

    entry_id: str
    title: str


@dataclass(frozen=True)
class Line:
    """A tip in the calendar.

    *standing*: draft, waiting, going (its week, from *goes_at* on), sent, or unsent (a draft whose week is over).
    *answer*: what the bot finds for its Finnish question, None where it finds none it is sure of.
    """

    tip: Tip
    standing: str
    goes_at: datetime | None
    answer: Found | None
    steps: Mapping[str, int]


async def listing(visit: Visit) -> Response:
    """The weeks to come and those that are over, and an empty form."""
    return await _listing(visit, {**dict.fromkeys(FIELDS, ""), "monday": await _first_free(visit)}, {})


async def add(visit: Visit) -> Response:
    """One more; with faults, the form again with each at its field."""
    fields, texts, questions, faults = await _read(visit)
    monday = _day(fields["monday"])
    if not faults and monday is not None:
        try:
            async with visit.house.store.write() as tx:
                approved = bool(fields["approved"])
                tip_id = await tips.add(tx, monday, texts, questions, visit.account.id, visit.now, is_approved=approved)
                await audit.record(tx, visit.account.id, "tip added", tip_id, visit.now)
        except WeekTaken:
            faults = {"monday": "taken"}
        else:
            return visit.go(f"/console/tips/{tip_id}?done=added")
    return await _listing(visit, fields, faults)


async def page(visit: Visit) -> Response:
    """One of them: as it is sent, what the bot answers to its question, what came of it; and to be changed."""
    tip = await _at_hand(visit)
    return await _page(visit, tip, _fields_of(tip), {})


async def change(visit: Visit) -> Response:
    """Put the form in its place, unless somebody else has changed it meanwhile: then both are shown."""
    tip = await _at_hand(visit)
    version = visit.version()
    fields, texts, questions, faults = await _read(visit, tip)
    monday = _day(fields["monday"])
    if faults or monday is None:
        return await _page(visit, tip, fields, faults, version=version, status=422)
    try:
        async with visit.house.store.write() as tx:
            approved = bool(fields["approved"])
            await tips.change(
                tx, tip.id, version, monday, texts, questions, visit.account.id, visit.now, is_approved=approved
            )
            await audit.record(tx, visit.account.id, "tip changed", tip.id, visit.now)
    except WeekTaken:
        return await _page(visit, tip, fields, {"monday": "taken"}, version=version, status=422)
    except Changed:
        tip = await _at_hand(visit)
        return await _page(visit, tip, fields, {}, status=409, is_theirs=True)
    return visit.go(f"/console/tips/{tip.id}?done=changed")


async def remove(visit: Visit) -> Response:
    """Take it away: never what somebody has got, nor what has been changed meanwhile."""
    tip = await _at_hand(visit)
    if _has_begun(visit, tip):
        return await _page(visit, tip, _fields_of(tip), {}, status=409)
    try:
        async with visit.house.store.write() as tx:
            await tips.remove(tx, tip.id, visit.version())
            await audit.record(tx, visit.account.id, "tip removed", tip.id, visit.now)
    except Changed:
        return await _page(visit, tip, _fields_of(tip), {}, status=409, is_theirs=True)
    return visit.go("/console/tips?done=removed")


async def _read(visit: Visit, tip: Tip | None = None) -> tuple[dict[str, str], Words, Words, Faults]:
    """The form's fields, the texts and questions that it gives, and what is wrong with any."""
    fields = {name: clean(visit.form.get(name, "")) for name in FIELDS}
    fields |= {f"question_{language}": " ".join(fields[f"question_{language}"].split()) for language in LANGUAGES}
    texts = {language: text for language in LANGUAGES if (text := fields[f"text_{language}"])}
    questions = {language: asked for language in LANGUAGES if (asked := fields[f"question_{language}"])}
    faults: dict[str, str] = {}
    monday = _day(fields["monday"])
    if monday is None or (monday not in _weeks(visit) and (tip is None or monday != tip.monday)):
        faults["monday"] = "no_week"
    elif tip is not None and monday != tip.monday and _has_begun(visit, tip):
        faults["monday"] = "has_gone"
    answers = await _answers(visit, questions)
    for language in LANGUAGES:
        for part, words, longest in (("text", texts, MAX_TEXT), ("question", questions, MAX_QUESTION)):
            fault = _fault_of(words.get(language, ""), longest)
            is_needed = language == "fi" or language in texts or language in questions
            if fault and (fault != "empty" or is_needed):
                faults[f"{part}_{language}"] = fault
        if fields["approved"] and language in questions and answers[language] is None:
            faults.setdefault(f"question_{language}", "no_answer")
    return fields, texts, questions, faults


def _fault_of(words: str, longest: int) -> str | None:
    if not words:
        return "empty"
    if len(words) > longest:
        return "too_long"
    return "personal" if privacy.mask(words)[1] else None


async def _listing(visit: Visit, fields: Mapping[str, str], faults: Faults) -> Response:
    async with visit.house.store.read() as read:
        calendar = await tips.everything(read)
        steps = await tips.steps(read)
        subscribers = await subscriptions.count(read, "tips")
    this_week = _this_week(visit)
    ahead = [tip for tip in calendar if tip.monday >= this_week]
    over = [tip for tip in reversed(calendar) if tip.monday < this_week]
    base = visit.house.bookshelf.current
    asked = [tip.questions["fi"] for tip in ahead]
    answers = dict(zip(asked, await asyncio.to_thread(lambda: [_found(base, one, "fi") for one in asked]), strict=True))
    nothing = dict.fromkeys(tips.STEPS, 0)
    lines = [
        [
            Line(
                tip,
                _standing(visit, tip),
                goes_at(visit.house, tip.monday),
                answers.get(tip.questions["fi"]),
                steps.get(tip.id, nothing),
            )
            for tip in some
        ]
        for some in (ahead, over)
    ]
    return visit.render(
        "tips.html",
        422 if faults else 200,
        ahead=lines[0],
        over=lines[1],
        subscribers=subscribers,
        is_this_week_empty=not any(tip.monday == this_week and tip.is_approved for tip in ahead),
        shown=shown,
        **_form(visit, fields, faults),
        done=visit.query("done", known=DONE) if not faults else None,
    )


async def _page(
    visit: Visit,
    tip: Tip,
    fields: Mapping[str, str],
    faults: Faults,
    *,
    version: int | None = None,
    status: int = 200,
    is_theirs: bool = False,
) -> Response:
    """*version* is what the form was filled over, by default the latest; *is_theirs*: somebody else's is in *tip*."""
    async with visit.house.store.read() as read:
        steps = (await tips.steps(read)).get(tip.id, dict.fromkeys(tips.STEPS, 0))
    return visit.render(
        "tip.html",
        status,
        tip=tip,
        standing=_standing(visit, tip),
        goes_at=goes_at(visit.house, tip.monday),
        has_begun=_has_begun(visit, tip),
        answers=await _answers(visit, tip.questions),
        previews={language: _preview(tip, language) for language in tip.texts},
        steps=steps,
        shown=shown,
        version=tip.version if version is None else version,
        is_theirs=is_theirs,
        **_form(visit, fields, faults, tip),
        done=visit.query("done", known=DONE) if status == 200 else None,
    )


def _form(visit: Visit, fields: Mapping[str, str], faults: Faults, tip: Tip | None = None) -> dict[str, object]:
    weeks = _weeks(visit)
    if tip is not None and tip.monday not in weeks:
        weeks = [tip.monday, *weeks]
    return {
        "fields": fields,
        "faults": faults,
        "weeks": [(monday, monday.isocalendar().week, monday + timedelta(days=6)) for monday in weeks],
        "max_text": MAX_TEXT,
        "max_question": MAX_QUESTION,
    }


def _preview(tip: Tip, language: Language) -> tuple[Markup, list[str]]:
    words = looks.message(tip.id, tip.texts[language], tip.questions[language], language)
    return as_web_html(words.text), [button.label for button in words.buttons]


async def _answers(visit: Visit, questions: Words) -> dict[Language, Found | None]:
    base = visit.house.bookshelf.current
    return await asyncio.to_thread(
        lambda: {language: _found(base, asked, language) for language, asked in questions.items()}
    )


def _found(base: KnowledgeBase, question: str, language: Language) -> Found | None:
    verdict = base.judge(question)
    entry = base.library.get(verdict.hits[0].entry_id) if verdict.kind == "answer" else None
    return Found(entry.id, entry.text(language)[0]) if entry else None


def _standing(visit: Visit, tip: Tip) -> str:
    is_over = tip.monday < _this_week(visit)
    if not tip.is_approved:
        return "unsent" if is_over else "draft"
    if is_over:
        return "sent"
    return "going" if _has_begun(visit, tip) else "waiting"


def _has_begun(visit: Visit, tip: Tip) -> bool:
    """Whether somebody may have got it."""
    begins = goes_at(visit.house, tip.monday)
    return tip.is_approved and (tip.monday < _this_week(visit) or (begins is not None and visit.now >= begins))


async def _first_free(visit: Visit) -> str:
    async with visit.house.store.read() as read:
        taken = {tip.monday for tip in await tips.everything(read)}
    return next((monday.isoformat() for monday in _weeks(visit) if monday not in taken), "")


def _weeks(visit: Visit) -> Sequence[date]:
    return [_this_week(visit) + number * WEEK for number in range(WEEKS_AHEAD)]


def _this_week(visit: Visit) -> date:
    return monday_of(visit.today)


def _fields_of(tip: Tip) -> dict[str, str]:
    texts = {f"text_{language}": tip.texts.get(language, "") for language in LANGUAGES}
    questions = {f"question_{language}": tip.questions.get(language, "") for language in LANGUAGES}
    return {"monday": tip.monday.isoformat(), **texts, **questions, "approved": "on" if tip.is_approved else ""}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


async def _at_hand(visit: Visit) -> Tip:
    """The tip of this address. Raises `Refused` (404) when there is none."""
    tip_id: str = visit.request.path_params["tip_id"]
    if not RANDOM_ID.fullmatch(tip_id):
        raise not_found()
    async with visit.house.store.read() as read:
        tip = await tips.get(read, tip_id)
    if tip is None:
        raise not_found()
    return tip
