"""Accounts: who may come in. An invitation's link is sent or shown once; nobody but its owner ever knows a password."""

import secrets
import unicodedata
from dataclasses import dataclass

from starlette.responses import Response

from admin import letters
from admin.console.visit import RANDOM_ID, Visit, not_found
from bot.channels.email import MAX_ADDRESS, is_address, post
from bot.channels.email import NAME as EMAIL
from bot.store import accounts, audit, invitations, outbox, second_factor, sessions, tickets
from bot.store.accounts import ROLES, Account, NameTaken, Role
from bot.store.engine import Tx
from bot.store.invitations import AlreadyInvited, Invitation

MAX_NAME = 60
DONE = frozenset(["disabled", "code_reset", "invited", "revoked", "ended"])


@dataclass(frozen=True)
class Filled:
    """What stood in the form that could not be taken."""

    name: str = ""
    email: str = ""
    role: Role | None = None


async def page(visit: Visit) -> Response:
    """All accounts, and the form for a new one."""
    return await _page(visit)


async def invite(visit: Visit) -> Response:
    """A link to choose a password by, sent by e-mail or shown. Not a redirect: it stands nowhere but on this page."""
    name = written_name(visit, "name")
    email = visit.form.get("email", "").strip()
    role = next((role for role in ROLES if role == visit.form.get("role")), None)
    filled = Filled(name[:MAX_NAME], email[:MAX_ADDRESS], role)
    if not name or len(name) > MAX_NAME or not name.isprintable():
        return await _page(visit, 422, fault="name", filled=filled)
    if role is None:
        return await _page(visit, 422, fault="role", filled=filled)
    if email and (visit.house.settings.mail_server is None or not is_address(email)):
        return await _page(visit, 422, fault="email", filled=filled)
    try:
        async with visit.house.store.write() as tx:
            if await accounts.is_taken(tx.connection, name):
                raise NameTaken(name)
            invited, token = await invitations.invite(
                tx, name=name, role=role, invited_by=visit.account.id, now=visit.now
            )
            await audit.record(tx, visit.account.id, "invited", invited.id, visit.now)
            if email:
                await _send(tx, visit, invited, token, email)
    except NameTaken:
        return await _page(visit, 409, fault="taken", filled=filled)
    except AlreadyInvited:
        return await _page(visit, 409, fault="invited", filled=filled)
    return visit.go("/console/people?done=invited") if email else await _page(visit, made=invited, link=token)


def written_name(visit: Visit, field: str) -> str:
    """A name as it was written in a field of the form, in one way however a keyboard makes its letters and spaces."""
    return " ".join(unicodedata.normalize("NFC", visit.form.get(field, "")).split())


async def revoke_invitation(visit: Visit) -> Response:
    """The link opens nothing any more; an e-mail that hasn't gone out stays here."""
    invitation_id: str = visit.request.path_params["invitation_id"]
    if not RANDOM_ID.fullmatch(invitation_id):
        raise not_found()
    async with visit.house.store.write() as tx:
        if not await invitations.revoke(tx, invitation_id):
            raise not_found()
        await outbox.withdraw_letters(tx, EMAIL, invitation_id)
        await audit.record(tx, visit.account.id, "invitation revoked", invitation_id, visit.now)
    return visit.go("/console/people?done=revoked")


async def disable(visit: Visit) -> Response:
    """Shut an account out at once, and free what it held. One's own stays: somebody must be left to manage."""
    of = await _account(visit)
    if of.id == visit.account.id:
        return await _page(visit, 409, fault="own")
    async with visit.house.store.write() as tx:
        await accounts.disable(tx, of.id, visit.now)
        await sessions.end_all(tx, of.id)
        await tickets.release_all(tx, of.id)
        for recipient in (of.id, *await invitations.revoke_all(tx, of.id)):
            await outbox.withdraw_letters(tx, EMAIL, recipient)
        await audit.record(tx, visit.account.id, "account disabled", of.id, visit.now)
    return visit.go("/console/people?done=disabled")


async def reset(visit: Visit) -> Response:
    """A link to choose another password by, for somebody who has lost theirs: that one opens nothing from now on."""
    of = await _account(visit)
    if of.id == visit.account.id:
        return visit.go("/console/password")
    nobody_knows = await accounts.hash_password(secrets.token_urlsafe(32))
    async with visit.house.store.write() as tx:
        await accounts.set_password(tx, of.id, nobody_knows)
        await sessions.end_all(tx, of.id)
        made, token = await invitations.invite(
            tx, name=of.name, role=of.role, invited_by=visit.account.id, now=visit.now, account_id=of.id
        )
        await audit.record(tx, visit.account.id, "password reset", of.id, visit.now)
    return await _page(visit, made=made, link=token)


async def end_sessions(visit: Visit) -> Response:
    """Log somebody out everywhere, such as from a lost laptop."""
    of = await _account(visit)
    async with visit.house.store.write() as tx:
        await sessions.end_all(tx, of.id)
        await audit.record(tx, visit.account.id, "sessions ended", of.id, visit.now)
    return visit.go("/console/people?done=ended")


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


async def _send(tx: Tx, visit: Visit, invited: Invitation, token: str, address: str) -> None:
    house = visit.house
    letter = letters.invitation(house, invited, _link(visit, token), by=visit.account.name, now=visit.now)
    await post(
        tx,
        house.vault,
        letter,
        key=f"invitation:{invited.id}",
        recipient=invited.id,
        sealed_address=house.vault.seal(address),
        now=visit.now,
    )


def _link(visit: Visit, token: str) -> str:
    return f"{visit.house.settings.console_address}/console/invited/{token}"


async def _page(
    visit: Visit,
    status: int = 200,
    *,
    fault: str | None = None,
    filled: Filled = Filled(),
    made: Invitation | None = None,
    link: str = "",
) -> Response:
    async with visit.house.store.read() as read:
        everyone = await accounts.everyone(read)
        pending = await invitations.pending(read, visit.now)
    return visit.render(
        "people.html",
        status,
        everyone=everyone,
        pending=pending,
        waited_for={invited.account_id for invited in pending},
        has_advisors=any(account.is_advisor and not account.is_disabled for account in everyone),
        sends_mail=visit.house.settings.mail_server is not None,
        roles=ROLES,
        fault=fault,
        filled=filled,
        made=made,
        link=_link(visit, link) if link else "",
        done=visit.query("done", known=DONE),
    )


async def _account(visit: Visit) -> Account:
    account_id: str = visit.request.path_params["account_id"]
    async with visit.house.store.read() as read:
        found = await accounts.get(read, account_id) if RANDOM_ID.fullmatch(account_id) else None
    if found is None or found.is_disabled:
        raise not_found()
    return found
