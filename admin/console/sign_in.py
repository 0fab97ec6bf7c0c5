"""Logging in and out, and choosing a password."""

import asyncio
import unicodedata

from starlette.responses import Response

from admin.console import log_in, second_factor
from admin.console.visit import Visit, not_found
from bot import passwords
from bot.channels.web_security import source_address
from bot.store import accounts, audit, login_attempts, sessions
from bot.store.accounts import Account
from bot.store.login_attempts import TooMany

MAX_NAME = 60


class SignIn:
    """The pages of the door. Passwords are looked at two at a time: each holds a reader's connection meanwhile."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(2)

    async def page(self, visit: Visit) -> Response:
        """The log-in form; straight on for who is logged in already.

        A link from Telegram brings no SameSite=Strict cookie along: the page then offers to go on, which does.
        """
        to = log_in.path(visit.request.query_params.get("to", ""))
        if visit.session is not None:
            return visit.go(to)
        why = visit.query("why", known=frozenset(["out"]))
        return visit.render("login.html", why=why, name="", until=None, to=to, kept="")

    async def log_in(self, visit: Visit) -> Response:
        """A new session for the right name and password; otherwise the same words in the same time, whoever it was."""
        name = unicodedata.normalize("NFC", visit.form.get("name", "")).strip()[:MAX_NAME]
        to = log_in.path(visit.form.get("to", ""))
        try:
            account = await self._checked(visit, name, visit.form.get("password", ""))
        except TooMany as error:
            response = visit.render("login.html", 429, why="too_many", name=name, until=error.until, to=to, kept="")
            response.headers["Retry-After"] = str(max(1, int((error.until - visit.now).total_seconds())))
            return response
        if account is None:
            return visit.render("login.html", 401, why="wrong", name=name, until=None, to=to, kept="")
        return await second_factor.begin(visit, account, to)

    async def log_out(self, visit: Visit) -> Response:
        """End the session, here and in the browser."""
        async with visit.house.store.write() as tx:
            await sessions.end(tx, log_in.token(visit))
            await audit.record(tx, visit.account.id, "log out", visit.account.id, visit.now)
        return log_in.without_cookie(visit, visit.go("/console/login?why=out"))

    async def password_page(self, visit: Visit) -> Response:
        """The form for a new password."""
        return _password_page(visit)

    async def change_password(self, visit: Visit) -> Response:
        """The new password holds, every other session of the account is ended, and this one gets a new token."""
        account, new = visit.account, visit.form.get("new", "")
        if not account.must_change_password:
            try:
                owner = await self._checked(visit, account.name, visit.form.get("current", ""))
            except TooMany as error:
                return _password_page(visit, 429, why="too_many", until=error.until)
            if owner is None:
                return _password_page(visit, 422, why="wrong")
        if new != visit.form.get("again", ""):
            return _password_page(visit, 422, why="differs")
        try:
            passwords.check(new, account.name)
        except passwords.WeakPassword as error:
            return _password_page(visit, 422, why="weak", weakness=str(error))
        password_hash = await accounts.hash_password(new)
        async with visit.house.store.write() as tx:
            await accounts.set_password(tx, account.id, password_hash)
            await sessions.end_all(tx, account.id)
            await audit.record(tx, account.id, "password changed", account.id, visit.now)
        is_confirmed = visit.session is not None and visit.session.is_confirmed
        return await log_in.begin(visit, account, visit.go("/console/"), is_confirmed=is_confirmed)

    async def renew_code(self, visit: Visit) -> Response:
        """On to setting up another phone, for who knows the password: an open screen is not enough."""
        if visit.session is None or not visit.session.is_confirmed:
            raise not_found()
        try:
            owner = await self._checked(visit, visit.account.name, visit.form.get("current", ""))
        except TooMany as error:
            return _password_page(visit, 429, why="too_many", until=error.until)
        if owner is None:
            return _password_page(visit, 422, why="wrong")
        async with visit.house.store.write() as tx:
            await sessions.offer(tx, visit.session.token_hash, second_factor.new_sealed_secret(visit))
        return visit.go("/console/code/new")

    async def _checked(self, visit: Visit, name: str, password: str) -> Account | None:
        """The account, if the password is theirs; counted before it is looked at. Raises `TooMany`."""
        house = visit.house
        source = source_address(visit.request, is_behind_proxy=house.settings.public_url is not None)
        async with house.store.write() as tx:
            attempt = await login_attempts.count(tx, house.vault, address=source, name=name, now=visit.now)
        async with self._turn, house.store.read() as read:
            account = await accounts.verify(read, name, password)
            stronger = await accounts.renew_hash(read, account.id, password) if account else None
        async with house.store.write() as tx:
            if account is None:
                await audit.record(tx, None, "log in failed", house.vault.lookup("login-name", name), visit.now)
            else:
                await login_attempts.forgive(tx, attempt)
                if stronger is not None:
                    await accounts.keep_hash(tx, account.id, stronger)
        return account


def _password_page(visit: Visit, status: int = 200, **values: object) -> Response:
    return visit.render("password.html", status, **{"why": None, "weakness": "", "until": None, **values})
