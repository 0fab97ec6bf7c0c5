"""Confirming a log-in by a one-time code of one's phone, and setting the phone up the first time.

Asked for wherever others than this machine's own users reach the service.
"""

import re
from urllib.parse import quote

import segno
from starlette.responses import Response

from admin.console import log_in, totp
from admin.console.visit import Visit
from bot.channels.web_security import source_address
from bot.store import audit, login_attempts, second_factor
from bot.store.accounts import Account
from bot.store.login_attempts import Attempt, TooMany

CODE = re.compile(r"[0-9]{6}")
MAX_TYPED = 40


async def begin(visit: Visit, account: Account, to: str) -> Response:
    """On to the page *to* for who has shown the account's password: where others reach us, past the phone's code."""
    if not visit.house.settings.is_public:
        return await log_in.begin(visit, account, visit.go(to))
    secret = None if account.has_codes else new_sealed_secret(visit)
    to_code = visit.go(f"/console/code?to={quote(to)}")
    return await log_in.begin(visit, account, to_code, act="password right", offered_secret=secret)


async def page(visit: Visit) -> Response:
    """The field for the code; for who has no phone set up yet, on to that."""
    to = log_in.path(visit.request.query_params.get("to", ""))
    if not visit.lacks_code:
        return visit.go(to)
    if not visit.account.has_codes:
        return visit.go("/console/code/new")
    return _code_page(visit, to=to)


async def check(visit: Visit) -> Response:
    """A confirmed session with a token of its own for the right code of the phone, or one from the paper."""
    to = log_in.path(visit.form.get("to", ""))
    if not visit.lacks_code:
        return visit.go(to)
    typed = re.sub(r"[\s-]", "", visit.form.get("code", "")[:MAX_TYPED]).upper()
    is_phones = bool(CODE.fullmatch(typed))
    try:
        attempt = await _count(visit, is_phones=is_phones)
    except TooMany as error:
        return _code_page(visit, 429, why="too_many", until=error.until, to=to)
    is_right = await (_use_code(visit, typed) if is_phones else _use_recovery_code(visit, typed))
    if not is_right:
        async with visit.house.store.write() as tx:
            await audit.record(tx, visit.account.id, "one-time code wrong", visit.account.id, visit.now)
        return _code_page(visit, 401, why="wrong", to=to)
    async with visit.house.store.write() as tx:
        await login_attempts.forgive(tx, attempt)
    return await log_in.begin(visit, visit.account, visit.go(to), is_confirmed=True)


async def new(visit: Visit) -> Response:
    """What the phone's app needs: the same until the phone has shown a code of it, or the log-in is over."""
    secret = _offered_secret(visit)
    if secret is None:
        return visit.go("/console/code")
    return _new_page(visit, secret)


async def set_up(visit: Visit) -> Response:
    """The phone holds when it shows a right code. Not a redirect: the recovery codes stand nowhere but on this page."""
    secret = _offered_secret(visit)
    if secret is None or visit.session is None:
        return visit.go("/console/code")
    try:
        attempt = await _count(visit, is_phones=True)
    except TooMany as error:
        return _new_page(visit, secret, 429, why="too_many", until=error.until)
    typed = re.sub(r"\s", "", visit.form.get("code", "")[:MAX_TYPED])
    step = totp.matching_step(secret, typed, visit.now)
    if step is None:
        return _new_page(visit, secret, 422, why="wrong")
    house, account = visit.house, visit.account
    codes = totp.new_recovery_codes()
    lookups = [_recovery_lookup(visit, code.replace("-", "")) for code in codes]
    async with house.store.write() as tx:
        await login_attempts.forgive(tx, attempt)
        is_set_up = await second_factor.set_up(
            tx, account.id, house.vault.seal(secret), step, lookups, may_replace=visit.session.is_confirmed
        )
        if is_set_up:
            await audit.record(tx, account.id, "one-time codes set up", account.id, visit.now)
    if not is_set_up:  # another log-in of the account was quicker: its phone is asked for now
        return visit.go("/console/code")
    return await log_in.begin(visit, account, visit.render("recovery_codes.html", codes=codes), is_confirmed=True)


def new_sealed_secret(visit: Visit) -> bytes:
    """A secret to set a phone up with."""
    return visit.house.vault.seal(totp.new_secret())


def _offered_secret(visit: Visit) -> str | None:
    sealed = visit.session.offered_secret if visit.session else None
    return visit.house.vault.unseal(sealed) if sealed is not None else None


async def _count(visit: Visit, *, is_phones: bool) -> Attempt:
    house, account_id = visit.house, visit.account.id
    async with house.store.write() as tx:
        if is_phones:
            return await login_attempts.count_one_time_code(tx, house.vault, account_id=account_id, now=visit.now)
        source = source_address(visit.request, is_behind_proxy=house.settings.public_url is not None)
        return await login_attempts.count_recovery_code(
            tx, house.vault, account_id=account_id, address=source, now=visit.now
        )


async def _use_code(visit: Visit, typed: str) -> bool:
    house, account_id = visit.house, visit.account.id
    async with house.store.read() as read:
        sealed = await second_factor.secret(read, account_id)
    step = totp.matching_step(house.vault.unseal(sealed), typed, visit.now) if sealed is not None else None
    if step is None:
        return False
    async with house.store.write() as tx:
        return await second_factor.use_code(tx, account_id, step)


async def _use_recovery_code(visit: Visit, typed: str) -> bool:
    account_id = visit.account.id
    async with visit.house.store.write() as tx:
        is_right = await second_factor.use_recovery_code(tx, account_id, _recovery_lookup(visit, typed))
        if is_right:
            await audit.record(tx, account_id, "recovery code used", account_id, visit.now)
    return is_right


def _recovery_lookup(visit: Visit, code: str) -> str:
    return visit.house.vault.lookup("recovery-code", visit.account.id, code)


def _code_page(visit: Visit, status: int = 200, **values: object) -> Response:
    return visit.render("code.html", status, **{"why": None, "until": None, **values})


def _new_page(visit: Visit, secret: str, status: int = 200, **values: object) -> Response:
    address = totp.address(secret, service=visit.house.profile.name, name=visit.account.name)
    picture = segno.make(address, error="m", micro=False).svg_data_uri(
        omitsize=True,
        light="#fff",
        dark="#000",  # its ground is white in dark mode, too: cameras want it so
    )
    groups = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return visit.render(
        "new_code.html", status, **{"why": None, "until": None, **values}, address=address, key=groups, picture=picture
    )
