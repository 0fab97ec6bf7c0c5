"""One's own account: where one is logged in, and ending that elsewhere; one's own Telegram and e-mail."""

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from admin.console.people import written_name
from admin.console.visit import RANDOM_ID, Visit, not_found
from bot.channels.email import MAX_ADDRESS, is_address
from bot.channels.email import NAME as EMAIL
from bot.signature import shortened
from bot.store import accounts, audit, chat_links, email_wishes, outbox, second_factor, sessions, telegram_accounts
from bot.store.email_wishes import Wishes

MAX_SHOWN = 40


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


async def set_shown_name(visit: Visit) -> Response:
    """What askers know one by; without any, the first name again."""
    shown = written_name(visit, "shown")
    if len(shown) > MAX_SHOWN or not shown.isprintable() or shortened(shown) != shown:
        return await _page(visit, 422, fault="name")
    async with visit.house.store.write() as tx:
        await accounts.show_as(tx, visit.account.id, shown or accounts.first_name(visit.account.name))
        await audit.record(tx, visit.account.id, "own shown name changed", visit.account.id, visit.now)
    return visit.go("/console/me?done=name#name-title")


async def set_email(visit: Visit) -> Response:
    """What one wants by e-mail, and where to; with no address, nothing."""
    email = visit.form.get("email", "").strip()
    digest, urgent = (name in visit.form for name in ("digest", "urgent"))
    house = visit.house
    if house.settings.mail_server is None:
        raise not_found()
    if (email or digest or urgent) and not is_address(email):
        return await _page(visit, 422, wishes=(email[:MAX_ADDRESS], digest, urgent), fault="email")
    wishes = Wishes(house.vault.seal(email), digest, urgent) if email else Wishes()
    async with house.store.write() as tx:
        await email_wishes.keep(tx, visit.account.id, wishes)
        await outbox.withdraw_letters(tx, EMAIL, visit.account.id)
        await audit.record(tx, visit.account.id, "own e-mail changed", visit.account.id, visit.now)
    return visit.go("/console/me?done=email")


async def _wishes(visit: Visit, read: AsyncConnection) -> tuple[str, bool, bool]:
    """The address, and whether a digest and urgent news are wanted there."""
    kept = await email_wishes.of(read, visit.account.id)
    email = visit.house.vault.unseal(kept.sealed_address) if kept.sealed_address else ""
    return email, kept.digest, kept.urgent


async def _page(
    visit: Visit,
    status: int = 200,
    *,
    code: str = "",
    wishes: tuple[str, bool, bool] | None = None,
    fault: str | None = None,
) -> Response:
    async with visit.house.store.read() as read:
        wishes = wishes or await _wishes(visit, read)
        log_ins = await sessions.of(read, visit.account.id, visit.now)
        codes_left = await second_factor.recovery_codes_left(read, visit.account.id)
        linked_at = await telegram_accounts.linked_at(read, visit.account.id)
    return visit.render(
        "me.html",
        status,
        log_ins=log_ins,
        here=sessions.log_in_id(visit.session.token_hash) if visit.session else "",
        codes_left=codes_left,
        linked_at=linked_at,
        has_telegram=visit.house.telegram is not None,
        code=code,
        sends_mail=visit.house.settings.mail_server is not None,
        digest_at=visit.house.profile.digest_at,
        wishes=wishes,
        fault=fault,
        max_shown=MAX_SHOWN,
        done=visit.query("done", known=frozenset(["habits", "ended", "unlinked", "email", "name"])),
    )


async def end_session(visit: Visit) -> Response:
    """Log out elsewhere."""
    session_id: str = visit.request.path_params["session_id"]
    if not RANDOM_ID.fullmatch(session_id):
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
