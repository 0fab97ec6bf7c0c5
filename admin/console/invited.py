"""The page of an invitation's link: whoever has it chooses the account's password. Looking at it uses nothing up."""

import re

from starlette.responses import Response

from admin.console import second_factor
from admin.console.visit import Visit
from bot import passwords
from bot.store import accounts, audit, invitations, sessions
from bot.store.accounts import Account, NameTaken
from bot.store.engine import Tx
from bot.store.invitations import Invitation

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


async def page(visit: Visit) -> Response:
    """Two fields for the password, or that the link opens nothing any more."""
    invited = await _invitation(visit)
    return _gone(visit) if invited is None else _page(visit, invited)


async def accept(visit: Visit) -> Response:
    """The account with the chosen password, logged in; where others reach us, on to the phone's code."""
    invited = await _invitation(visit)
    if invited is None:
        return _gone(visit)
    new = visit.form.get("new", "")
    if new != visit.form.get("again", ""):
        return _page(visit, invited, 422, why="differs")
    try:
        passwords.check(new, invited.name)
    except passwords.WeakPassword as error:
        return _page(visit, invited, 422, why="weak", weakness=str(error))
    password_hash = await accounts.hash_password(new)
    try:
        async with visit.house.store.write() as tx:
            used = await invitations.use(tx, _token(visit), visit.now)
            account = await _let_in(tx, visit, used, password_hash) if used else None
    except NameTaken:
        return _page(visit, invited, 409, why="taken")
    return await second_factor.begin(visit, account, "/console/") if account else _gone(visit)


async def _let_in(tx: Tx, visit: Visit, invited: Invitation, password_hash: str) -> Account | None:
    """The account that the invitation is for, made now where there is none. Raises `NameTaken`."""
    if invited.account_id is None:
        account: Account | None = await accounts.add(
            tx,
            name=invited.name,
            role=invited.role,
            password_hash=password_hash,
            must_change_password=False,
            now=visit.now,
        )
    else:
        account = await accounts.get(tx.connection, invited.account_id)
        if account is None or account.is_disabled:
            return None
        await accounts.set_password(tx, account.id, password_hash)
        await sessions.end_all(tx, account.id)
    if account is not None:
        await audit.record(tx, account.id, "invitation accepted", invited.id, visit.now)
    return account


def _token(visit: Visit) -> str:
    token: str = visit.request.path_params["token"]
    return token


async def _invitation(visit: Visit) -> Invitation | None:
    if not TOKEN.fullmatch(_token(visit)):
        return None
    async with visit.house.store.read() as read:
        return await invitations.find(read, _token(visit), visit.now)


def _page(
    visit: Visit, invited: Invitation, status: int = 200, *, why: str | None = None, weakness: str = ""
) -> Response:
    return visit.render("invited.html", status, invited=invited, token=_token(visit), why=why, weakness=weakness)


def _gone(visit: Visit) -> Response:
    return visit.render("invited.html", 404, invited=None)
