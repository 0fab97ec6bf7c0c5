"""Accounts: who may come in. A password made here is shown once, and is good for choosing one's own."""

import re
import secrets
import unicodedata

from starlette.responses import Response

from admin.console.visit import Visit, not_found
from bot.store import accounts, audit, second_factor, sessions, tickets
from bot.store.accounts import ROLES, Account, NameTaken

MAX_NAME = 60
ACCOUNT_ID = re.compile(r"[0-9a-f]{32}")


async def page(visit: Visit) -> Response:
    """All accounts, and the form for a new one."""
    return await _page(visit)


async def add(visit: Visit) -> Response:
    """A new account with a one-time password. Not a redirect: the password stands nowhere but on this page."""
    name = " ".join(unicodedata.normalize("NFC", visit.form.get("name", "")).split())
    role = next((role for role in ROLES if role == visit.form.get("role")), None)
    if not name or len(name) > MAX_NAME or not name.isprintable():
        return await _page(visit, 422, fault="name", name=name[:MAX_NAME], role=role)
    if role is None:
        return await _page(visit, 422, fault="role", name=name)
    password = _one_time_password()
    password_hash = await accounts.hash_password(password)
    try:
        async with visit.house.store.write() as tx:
            added = await accounts.add(
                tx, name=name, role=role, password_hash=password_hash, must_change_password=True, now=visit.now
            )
            await audit.record(tx, visit.account.id, "account added", added.id, visit.now)
    except NameTaken:
        return await _page(visit, 409, fault="taken", name=name, role=role)
    return await _page(visit, made_for=added, password=password)


async def disable(visit: Visit) -> Response:
    """Shut an account out at once, and free what it held. One's own stays: somebody must be left to manage."""
    of = await _account(visit)
    if of.id == visit.account.id:
        return await _page(visit, 409, fault="own")
    async with visit.house.store.write() as tx:
        await accounts.disable(tx, of.id, visit.now)
        await sessions.end_all(tx, of.id)
        await tickets.release_all(tx, of.id)
        await audit.record(tx, visit.account.id, "account disabled", of.id, visit.now)
    return visit.go("/console/people?done=disabled")


async def reset(visit: Visit) -> Response:
    """A new one-time password for somebody who has lost theirs."""
    of = await _account(visit)
    if of.id == visit.account.id:
        return visit.go("/console/password")
    password = _one_time_password()
    password_hash = await accounts.hash_password(password)
    async with visit.house.store.write() as tx:
        await accounts.give_password(tx, of.id, password_hash)
        await sessions.end_all(tx, of.id)
        await audit.record(tx, visit.account.id, "password reset", of.id, visit.now)
    return await _page(visit, made_for=of, password=password)


async def reset_code(visit: Visit) -> Response:
    """Somebody who has lost their phone and their recovery codes sets up another phone at the next log-in."""
    of = await _account(visit)
    if of.id == visit.account.id:
        return visit.go("/console/password")
    async with visit.house.store.write() as tx:
        await second_factor.forget(tx, of.id)
        await sessions.end_all(tx, of.id)
        await audit.record(tx, visit.account.id, "one-time codes reset", of.id, visit.now)
    return visit.go("/console/people?done=code_reset")


async def _page(
    visit: Visit,
    status: int = 200,
    *,
    fault: str | None = None,
    name: str = "",
    role: str | None = None,
    made_for: Account | None = None,
    password: str = "",
) -> Response:
    async with visit.house.store.read() as read:
        everyone = await accounts.everyone(read)
    return visit.render(
        "people.html",
        status,
        everyone=everyone,
        has_advisors=any(account.is_advisor and not account.is_disabled for account in everyone),
        roles=ROLES,
        fault=fault,
        name=name,
        role=role,
        made_for=made_for,
        password=password,
        done=visit.query("done", known=frozenset(["disabled", "code_reset"])),
    )


async def _account(visit: Visit) -> Account:
    account_id: str = visit.request.path_params["account_id"]
    async with visit.house.store.read() as read:
        found = await accounts.get(read, account_id) if ACCOUNT_ID.fullmatch(account_id) else None
    if found is None or found.is_disabled:
        raise not_found()
    return found


def _one_time_password() -> str:
    return secrets.token_urlsafe(15)
