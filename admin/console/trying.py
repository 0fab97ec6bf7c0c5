"""What the bot would say to a question, and why: for whoever mends an answer. The question is kept nowhere."""

import asyncio
from dataclasses import dataclass

from markupsafe import Markup
from starlette.responses import Response

from admin.console.visit import Visit
from bot.channels.incoming import clean
from bot.channels.markup import as_web_html
from bot.conversation import answer_text
from knowledge.explaining import Candidate, Explanation, explain

SHOWN = 3
LONGEST_QUESTION = 2000  # as an asker's
SHARED_SHOWN = 6


@dataclass(frozen=True)
class Shown:
    """One of the entries that the bot considered, and what an asker would get of it."""

    candidate: Candidate
    shared: list[str]
    answer: Markup


async def page(visit: Visit) -> Response:
    """The empty form."""
    return visit.render("faq_ask.html", question="", explanation=None, shown=[])


async def ask(visit: Visit) -> Response:
    """What the bot, as it is now, makes of the question. By post, so that it stands in no address and no log."""
    question = clean(visit.form.get("question", ""))[:LONGEST_QUESTION]
    if not question:
        return visit.render("faq_ask.html", 422, question="", explanation=None, shown=[])
    base = visit.house.bookshelf.current
    explanation = await asyncio.to_thread(explain, base, question, candidates=SHOWN)
    return visit.render(
        "faq_ask.html",
        question=question,
        explanation=explanation,
        shown=_shown(visit, explanation),
        signals=sorted(explanation.signals.items(), key=lambda signal: -abs(signal[1])),
    )


def _shown(visit: Visit, explanation: Explanation) -> list[Shown]:
    library = visit.house.bookshelf.current.library
    entries = [(candidate, library.get(candidate.entry_id)) for candidate in explanation.candidates]
    return [
        Shown(
            candidate,
            [shared.what for shared in candidate.shared[:SHARED_SHOWN]],
            as_web_html(answer_text(entry, library.places, "fi")),
        )
        for candidate, entry in entries
        if entry is not None
    ]
