"""A campaign's posters to print, in three languages and two sizes, and its QR codes as files."""

from io import BytesIO
from typing import Literal

import segno
from starlette.responses import Response

from admin.console.campaigns import at_hand, question_of, telegram_link, web_link
from admin.console.visit import Visit, not_found
from admin.reach.outreach import MAX_QUESTION
from bot import wording
from bot.channels.incoming import clean
from bot.store import audit, campaigns
from knowledge.entry import LANGUAGES, Language

QUESTIONS: dict[Language, str] = {"fi": "question_fi", "sv": "question_sv", "en": "question_en"}
FIELDS = tuple(QUESTIONS.values())
SIZES = ("a4", "a6")
QR_KINDS: dict[str, Literal["image/svg+xml", "image/png"]] = {"svg": "image/svg+xml", "png": "image/png"}
PNG_SCALE = 24  # pixels a module: sharp on a poster of A3

# How high a question's letters may be, in thousandths of the sheet's width of 210, for it to fit: see `letter_size`.
LETTERS = (46, 40, 34, 29, 25, 21, 18, 15, 12)
WIDTH, HEIGHT = 176, 142
WIDE, LINE = 0.58, 1.08  # of a letter's height: how wide one is on average, and how high a line
# How wide letters are in a broad font, which a word that stands alone on its line must fit in: no average helps there.
NARROW, SLIM, BROADEST = ("ijlI.,:;!'|", 0.4), ("ftr-()", 0.52), ("mwMW", 1.11)
LOWER, UPPER, SQUARE = 0.72, 0.86, 1.05
FIRST_SQUARE = 0x2E80  # from here on most are as wide as high: Chinese, Japanese, Korean, emoji


async def page(visit: Visit) -> Response:
    """The poster as it will be printed, in `?language=` and `?size=`."""
    campaign = await at_hand(visit)
    language = _language(visit)
    size = visit.query("size", known=frozenset(SIZES)) or "a4"
    question = question_of(visit, campaign, language)
    return visit.render(
        "poster.html",
        campaign=campaign,
        language=language,
        size=size,
        question=question,
        letters=letter_size(question),
        what=wording.say(language, wording.POSTER_WHAT, name=visit.house.profile.name),
        promise=wording.say(language, wording.POSTER_PROMISE),
        address=web_link(visit, campaign, "fi").partition("://")[2],
    )


async def write(visit: Visit) -> Response:
    """Keep what the posters ask, cut to what a poster can hold; a field left empty takes the FAQ's example again."""
    campaign = await at_hand(visit)
    asked = {
        language: " ".join(clean(visit.form.get(name, "")).split())[:MAX_QUESTION]
        for language, name in QUESTIONS.items()
    }
    questions = {language: question for language, question in asked.items() if question}
    async with visit.house.store.write() as tx:
        await campaigns.write_questions(tx, campaign.code, questions)
        await audit.record(tx, visit.account.id, "poster written", campaign.code, visit.now)
    return visit.go(f"/console/campaigns/{campaign.code}?done=written#posters")


async def qr(visit: Visit) -> Response:
    """The QR code of the web link in `?language=`, or with `?to=telegram` of the other one, as SVG or PNG."""
    campaign = await at_hand(visit)
    kind: str = visit.request.path_params["kind"]
    if kind not in QR_KINDS:
        raise not_found()
    language, to = _language(visit), visit.query("to", known=frozenset(["telegram"]))
    link = telegram_link(visit, campaign) if to else web_link(visit, campaign, language)
    if link is None:
        raise not_found()
    image = BytesIO()
    code = segno.make(link, error="m", micro=False)
    if kind == "svg":
        code.save(image, kind="svg", omitsize=True, light="#fff", dark="#000")
    else:
        code.save(image, kind="png", scale=PNG_SCALE, light="#fff", dark="#000")
    name = f"koppi-{campaign.code}-{to or language}.{kind}"
    return Response(
        image.getvalue(), media_type=QR_KINDS[kind], headers={"Content-Disposition": f'inline; filename="{name}"'}
    )


def letter_size(question: str) -> int:
    """The largest of `LETTERS` in which *question* fits its place, whole words to a line; the smallest if none does."""
    for size in LETTERS:
        a_line = int(WIDTH / (size * WIDE))
        lines, used = 1, 0
        for word in question.split():
            if used and used + 1 + len(word) > a_line:
                lines, used = lines + 1, 0
            used += len(word) + (1 if used else 0)
        widest = max(map(_breadth, question.split()), default=0.0) * size
        is_whole = max(map(len, question.split()), default=0) <= a_line and widest <= WIDTH
        if is_whole and lines * size * LINE <= HEIGHT:
            return size
    return LETTERS[-1]


def _breadth(word: str) -> float:
    """How wide *word* is in a broad font, for letters one unit high."""
    return sum(map(_letter_breadth, word))


def _letter_breadth(letter: str) -> float:
    known = next((width for letters, width in (NARROW, SLIM, BROADEST) if letter in letters), None)
    if known is not None:
        return known
    if ord(letter) >= FIRST_SQUARE:
        return SQUARE
    return UPPER if letter.isupper() else LOWER


def _language(visit: Visit) -> Language:
    asked = visit.request.query_params.get("language")
    return next((language for language in LANGUAGES if language == asked), "fi")
