"""The page that letters lead to, for who has no account here: whether they want summaries, and an end of them.

Its address ends with a keyed hash that stands in those letters alone. Looking at it changes nothing: mail programs
open links by themselves.
"""

import hmac

from starlette.responses import Response

from admin.console.visit import RANDOM_ID, Visit
from admin.summaries import letters, wording
from admin.summaries.wording import say
from bot.channels.email import NAME as EMAIL
from bot.store import audit, outbox, summary_readers
from bot.store.summary_readers import WISHES, Reader
from knowledge.entry import LANGUAGES


async def page(visit: Visit) -> Response:
    """What they get or would get, with a button for either."""
    reader = await _reader(visit)
    return _gone(visit) if reader is None else _page(visit, reader)


async def confirm(visit: Visit) -> Response:
    """They want them."""
    reader = await _reader(visit)
    if reader is None:
        return _gone(visit)
    async with visit.house.store.write() as tx:
        if await summary_readers.confirm(tx, reader.id, visit.now):
            await audit.record(tx, None, "summary reader confirmed", reader.id, visit.now)
    return visit.go(f"{visit.request.url.path.removesuffix('/confirm')}?done=confirmed")


async def end(visit: Visit) -> Response:
    """They don't, or no more."""
    reader = await _reader(visit)
    if reader is not None:
        async with visit.house.store.write() as tx:
            if await summary_readers.refuse(tx, reader.id, visit.now):
                await outbox.withdraw_letters(tx, EMAIL, reader.id)
                await audit.record(tx, None, "summary reader left", reader.id, visit.now)
    return _gone(visit, 200)


async def _reader(visit: Visit) -> Reader | None:
    """Whose page this is; None for an address that is forgotten, and for whoever guesses."""
    reader_id, token = visit.request.path_params["reader_id"], visit.request.path_params["token"]
    if not RANDOM_ID.fullmatch(reader_id) or not RANDOM_ID.fullmatch(token):
        return None
    if not hmac.compare_digest(token, letters.token(visit.house, reader_id)):
        return None
    async with visit.house.store.read() as read:
        reader = await summary_readers.get(read, reader_id)
    return None if reader is None or reader.is_chat else reader


def _page(visit: Visit, reader: Reader) -> Response:
    language = reader.language
    periods = ", ".join(say(language, wording.PERIODS[wish]) for wish in WISHES if wish in reader.wants)
    return visit.render(
        "reading.html",
        language=language,
        title=say(language, wording.PAGE_TITLE),
        what=say(language, wording.PAGE_WHAT, service=visit.house.profile.name),
        when=say(language, wording.PAGE_WHEN, periods=periods) if periods else say(language, wording.PAGE_NOTHING),
        question=say(language, wording.PAGE_WANTED) if reader.since is None else "",
        thanks=say(language, wording.PAGE_CONFIRMED) if visit.query("done", known=frozenset(["confirmed"])) else "",
        yes=say(language, wording.PAGE_CONFIRM),
        no=say(language, wording.PAGE_REFUSE if reader.since is None else wording.PAGE_END),
        path=visit.request.url.path,
    )


def _gone(visit: Visit, status: int = 404) -> Response:
    """In every language: whose page it was isn't known any more."""
    said = {language: say(language, wording.PAGE_GONE) for language in LANGUAGES}
    return visit.render("reading.html", status, language="fi", title=say("fi", wording.PAGE_TITLE), gone=said)
