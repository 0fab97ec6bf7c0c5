"""The log-in as the browser holds it: a cookie with the session's token, new at each step that proves more."""

import re
from typing import TypeVar

from starlette.responses import Response

from admin.console import words
from admin.console.front_door import cookie_name
from admin.console.visit import Visit
from bot.store import audit, sessions
from bot.store.accounts import Account

PATH = re.compile(r"/console/[A-Za-z0-9/_-]*")

Answer = TypeVar("Answer", bound=Response)


async def begin(
    visit: Visit,
    account: Account,
    response: Answer,
    *,
    act: str = "log in",
    is_confirmed: bool = False,
    offered_secret: bytes | None = None,
) -> Answer:
    """*response*, with the cookie of a new session of *account*; it is written down as *act*."""
    async with visit.house.store.write() as tx:
        await sessions.end(tx, token(visit))  # a token from before the log-in is worth nothing after it
        fresh = await sessions.begin(
            tx,
            account.id,
            visit.now,
            device=words.device(visit.request.headers.get("user-agent", "")),
            is_confirmed=is_confirmed,
            offered_secret=offered_secret,
        )
        await audit.record(tx, account.id, act, account.id, visit.now)
    response.set_cookie(
        cookie_name(visit.house), fresh, secure=_is_secure(visit), httponly=True, samesite="strict", path="/"
    )
    return response


def without_cookie(visit: Visit, response: Answer) -> Answer:
    """*response*, which takes the cookie back."""
    response.delete_cookie(
        cookie_name(visit.house), secure=_is_secure(visit), httponly=True, samesite="strict", path="/"
    )
    return response


def token(visit: Visit) -> str:
    """The token that the browser sent; empty when it sent none."""
    return visit.request.cookies.get(cookie_name(visit.house), "")


def path(wanted: str) -> str:
    """*wanted* when it is a page of the console, else its front page."""
    return wanted if PATH.fullmatch(wanted) else "/console/"


def _is_secure(visit: Visit) -> bool:
    return visit.house.settings.address.startswith("https:")
