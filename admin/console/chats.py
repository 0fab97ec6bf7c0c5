"""Telegram chats of the people behind the service: the advisors' group and the coordinator's chat."""

from starlette.responses import Response

from admin.console.visit import RANDOM_ID, Refused, Visit, not_found
from bot.store import audit, chat_links
from bot.store.chat_links import PURPOSES, Purpose


async def page(visit: Visit) -> Response:
    """The linked chats."""
    return await _page(visit)


async def make_code(visit: Visit) -> Response:
    """A code for `/liita`, good once within the hour. Not a redirect: it stands nowhere but on this page."""
    purpose = next((purpose for purpose in PURPOSES if purpose == visit.form.get("purpose")), None)
    if purpose is None:
        raise Refused(400, "bad_form")
    async with visit.house.store.write() as tx:
        code = await chat_links.make_code(tx, purpose, visit.now)
        await audit.record(tx, visit.account.id, "link code made", purpose, visit.now)
    return await _page(visit, code=code, purpose=purpose)


async def unlink(visit: Visit) -> Response:
    """Send nothing to that chat any more."""
    chat_id: str = visit.request.path_params["chat_id"]
    if not RANDOM_ID.fullmatch(chat_id):
        raise not_found()
    async with visit.house.store.write() as tx:
        if await chat_links.unlink(tx, chat_id):
            await audit.record(tx, visit.account.id, "chat unlinked", chat_id, visit.now)
    return visit.go("/console/chats?done=unlinked")


async def _page(visit: Visit, *, code: str = "", purpose: Purpose | None = None) -> Response:
    async with visit.house.store.read() as read:
        linked = await chat_links.everything(read)
    return visit.render(
        "chats.html",
        linked=linked,
        has_telegram=visit.house.telegram is not None,
        code=code,
        purpose=purpose,
        done=visit.query("done", known=frozenset(["unlinked"])),
    )
