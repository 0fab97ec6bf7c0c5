"""Who gets the summaries, in which language and how often; whether they arrive, and what to do where they don't."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from admin.console.visit import RANDOM_ID, Refused, Visit, not_found
from admin.summaries import letters, send
from admin.summaries.standing import QUESTION, Standing, standings
from bot.channels.email import MAX_ADDRESS, is_address, post
from bot.channels.email import NAME as EMAIL
from bot.store import audit, outbox, summary_readers
from bot.store.engine import Tx
from bot.store.summary_readers import WISHES, AlreadyThere, AskedLately, Reader, TooMany, Wish
from bot.vault import WrongKey
from knowledge.entry import LANGUAGES, Language

FIELDS = ("language", *WISHES)
DONE = frozenset(["added", "changed", "ended", "again"])


@dataclass(frozen=True)
class Line:
    """A reader as the page shows them: with their address in the clear, and how the latest message to them stands."""

    reader: Reader
    email: str | None
    standing: Standing | None


async def page(visit: Visit) -> Response:
    """Everybody who gets summaries, and a form for one more address."""
    return await _page(visit)


async def add(visit: Visit) -> Response:
    """An e-mail address, which is first asked whether it wants to."""
    house, email = visit.house, visit.form.get("email", "").strip()
    if house.settings.mail_server is None:
        raise not_found()
    language, wants = _wishes(visit)
    filled = {**visit.form, "email": email[:MAX_ADDRESS]}
    if not is_address(email):
        return await _page(visit, 422, fault="email", filled=filled)
    if not wants:
        return await _page(visit, 422, fault="wants", filled=filled)
    try:
        async with house.store.write() as tx:
            reader = await summary_readers.add_address(
                tx, house.vault, address=email, language=language, wants=wants, now=visit.now
            )
            await _ask(tx, visit, reader)
            await audit.record(tx, visit.account.id, "summary reader added", reader.id, visit.now)
    except AlreadyThere:
        return await _page(visit, 409, fault="taken", filled=filled)
    except TooMany:
        return await _page(visit, 409, fault="many", filled=filled)
    except summary_readers.Refused:
        return await _page(visit, 409, fault="refused", filled=filled)
    except AskedLately:
        return await _page(visit, 409, fault="asked", filled=filled)
    return visit.go("/console/readers?done=added")


async def change(visit: Visit) -> Response:
    """Other periods, another language."""
    language, wants = _wishes(visit)
    async with visit.house.store.write() as tx:
        if not await summary_readers.change(tx, _id(visit), language=language, wants=wants, now=visit.now):
            raise not_found()
        await audit.record(tx, visit.account.id, "summary reader changed", _id(visit), visit.now)
    return visit.go("/console/readers?done=changed")


async def end(visit: Visit) -> Response:
    """Forget an address, and let nothing go there any more. A chat is unlinked on the chats' own page."""
    async with visit.house.store.write() as tx:
        if await summary_readers.end(tx, _id(visit)):
            await outbox.withdraw_letters(tx, EMAIL, _id(visit))
            await audit.record(tx, visit.account.id, "summary reader ended", _id(visit), visit.now)
    return visit.go("/console/readers?done=ended")


async def again(visit: Visit) -> Response:
    """Send once more what did not get through; pressed twice, it is sent once."""
    async with visit.house.store.read() as read:
        reader = await summary_readers.get(read, _id(visit))
        stands = (await standings(read, [_id(visit)])).get(_id(visit))
    if reader is None or stands is None or not stands.is_trouble:
        raise not_found()
    if stands.key.startswith(QUESTION):
        async with visit.house.store.write() as tx:
            await _ask(tx, visit, reader, again=stands)
            await audit.record(tx, visit.account.id, "summary sent again", reader.id, visit.now)
    else:
        await send.send_again(visit.house, reader, stands, by=visit.account.id)
    return visit.go("/console/readers?done=again")


async def _ask(tx: Tx, visit: Visit, reader: Reader, again: Standing | None = None) -> None:
    house = visit.house
    if reader.sealed_email is None:
        raise not_found()
    await post(
        tx,
        house.vault,
        letters.asking(house, reader.id, reader.language, by=visit.account.name),
        key=f"{QUESTION}{reader.id}" if again is None else f"{QUESTION}{reader.id}:{again.item_id}",
        recipient=reader.id,
        sealed_address=reader.sealed_email,
        now=visit.now,
    )


def _wishes(visit: Visit) -> tuple[Language, list[Wish]]:
    language = next((language for language in LANGUAGES if language == visit.form.get("language")), None)
    if language is None:
        raise Refused(400, "bad_form")
    return language, [wish for wish in WISHES if wish in visit.form]


def _id(visit: Visit) -> str:
    reader_id: str = visit.request.path_params["reader_id"]
    if not RANDOM_ID.fullmatch(reader_id):
        raise not_found()
    return reader_id


async def _page(
    visit: Visit, status: int = 200, *, fault: str | None = None, filled: Mapping[str, str] | None = None
) -> Response:
    async with visit.house.store.read() as read:
        readers = await summary_readers.everyone(read)
        stands = await standings(read, [reader.id for reader in readers])
    return visit.render(
        "readers.html",
        status,
        lines=[Line(reader, _address(visit, reader), stands.get(reader.id)) for reader in readers],
        has_telegram=visit.house.telegram is not None,
        sends_mail=visit.house.settings.mail_server is not None,
        wishes=WISHES,
        filled=filled or {"email": "", "language": "fi", "week": "on"},
        fault=fault,
        done=visit.query("done", known=DONE),
    )


def _address(visit: Visit, reader: Reader) -> str | None:
    """None for a chat; empty where the address can't be opened any more."""
    if reader.sealed_email is None:
        return None
    try:
        return visit.house.vault.unseal(reader.sealed_email)
    except WrongKey:
        return ""
