"""One's own account: where one is logged in, and ending that elsewhere; one's own Telegram, for the advisors' group."""

import re

from starlette.responses import Response

from admin.console.visit import Visit, not_found
from bot.store import audit, chat_links, second_factor, sessions, telegram_accounts

SESSION_ID = re.compile(r"[0-9a-f]{32}")


async def page(visit: Visit) -> Response:
    """One's log-ins, this one marked, one's Telegram, and the ways to another password and phone."""
    return await _page(visit)


async def make_own_code(visit: Visit) -> Response:
    """A code for linking one's own Telegram. Not a redirect: it stands nowhere but on this page."""
    async with visit.house.store.write() as tx:
        code = await chat_links.make_own_code(tx, visit.account.id, visit.now)
        await audit.record(tx, visit.account.id, "link code made", visit.account.id, visit.now)
    return await _page(visit, code=code)


async def unlink_own(visit: Visit) -> Response:
    """The group's buttons don't know one any more."""
    async with visit.house.store.write() as tx:
        if await telegram_accounts.unlink(tx, visit.account.id):
            await audit.record(tx, visit.account.id, "own telegram unlinked", visit.account.id, visit.now)
    return visit.go("/console/me?done=unlinked")


async def _page(visit: Visit, *, code: str = "") -> Response:
    async with visit.house.store.read() as read:
        log_ins = await sessions.of(read, visit.account.id, visit.now)
        codes_left = await second_factor.recovery_codes_left(read, visit.account.id)
        linked_at = await telegram_accounts.linked_at(read, visit.account.id)
    return visit.render(
        "me.html",
        log_ins=log_ins,
        here=sessions.log_in_id(visit.session.token_hash) if visit.session else "",
        codes_left=codes_left,
        linked_at=linked_at,
        has_telegram=visit.house.telegram is not None,
        code=code,
        done=visit.query("done", known=frozenset(["ended", "unlinked"])),
    )


async def end_session(visit: Visit) -> Response:
    """Log out elsewhere."""
    session_id: str = visit.request.path_params["session_id"]
    if not SESSION_ID.fullmatch(session_id):
        raise not_found()
    async with visit.house.store.write() as tx:
        if not await sessions.end_one(tx, visit.account.id, session_id):
            raise not_found()
        await audit.record(tx, visit.account.id, "session ended", visit.account.id, visit.now)
    return visit.go("/console/me?done=ended")


async def end_other_sessions(visit: Visit) -> Response:
    """Log out everywhere but here."""
    if visit.session is None:
        raise not_found()
    async with visit.house.store.write() as tx:
        await sessions.end_others(tx, visit.account.id, visit.session.token_hash)
        await audit.record(tx, visit.account.id, "other sessions ended", visit.account.id, visit.now)
    return visit.go("/console/me?done=ended")
