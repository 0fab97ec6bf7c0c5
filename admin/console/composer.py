"""The box under a thread: what is written there goes to the asker or stays as a note, and until then is a draft."""

import hashlib
import re
from dataclasses import replace

from starlette.responses import JSONResponse, Response

from admin.console import ticket as ticket_page
from admin.console.ticket import NUMBER, Unread, read_ticket_id
from admin.console.visit import Refused, Visit, not_found
from admin.console.words import moment
from bot.advising import MAX_REPLY, Desk
from bot.channels import telegram
from bot.channels.incoming import clean
from bot.channels.markup import units
from bot.store import conversations, drafts, tickets
from bot.store.drafts import Draft
from bot.store.tickets import NotOpen

FORM_KEY = re.compile(r"[A-Za-z0-9_-]{8,40}")
MESSAGE_IDS = re.compile(r"([0-9]{1,15}(,[0-9]{1,15})*)?")
MODES = frozenset(["reply", "note"])
ACTS = MODES | {"draft", "preview"}
SAY_FIELDS = ("act", "mode", "key", "draft", "seen", "text", "find")  # the search for an answer goes along
DRAFT_FIELDS = ("mode", "key", "draft", "text")


async def say(visit: Visit) -> Response:
    """What the button pressed says: reply to the asker, keep a note or the draft, or show what the asker would see.

    Whatever goes wrong, the text stays.
    """
    act = visit.form.get("act", "")
    if act not in ACTS:
        raise Refused(400, "bad_form")
    draft = read_draft(visit, act if act in MODES else visit.form.get("mode", ""))
    words = clean(draft.text)
    if max(units(draft.text), units(words)) > MAX_REPLY:
        return await ticket_page.show(visit, 422, problem="too_long", draft=draft)
    if act == "draft":
        await _keep(visit, draft)
        return visit.go(f"/console/tickets/{read_ticket_id(visit)}?done=drafted#latest")
    if not words:
        return await ticket_page.show(visit, 422, problem="empty", draft=draft)
    if act == "preview":
        return await ticket_page.show(visit, draft=draft, seen=read_seen(visit), is_preview=True)
    if act == "note":
        return await ticket_page.attempt(visit, "noted", lambda desk, id_: _note(visit, desk, id_, draft), draft=draft)
    seen = read_seen(visit)
    return await ticket_page.attempt(
        visit, "replied", lambda desk, id_: _reply(visit, desk, id_, draft, seen), draft=draft
    )


async def save_draft(visit: Visit) -> Response:
    """Keep what stands in the box, as its page asks every few seconds; an emptied box leaves nothing.

    Tells the key and version to go on with, when it was kept, and whether there are other drafts of one's own here.
    """
    draft = read_draft(visit, visit.form.get("mode", ""))
    if units(draft.text) > MAX_REPLY:
        return JSONResponse({}, status_code=422)
    kept = await _keep(visit, draft)
    async with visit.house.store.read() as read:
        begun = await drafts.of(read, visit.house.vault, read_ticket_id(visit), visit.account.id)
    return JSONResponse(
        {
            "key": kept.key,
            "version": kept.version,
            "at": moment(kept.saved_at, visit.now, visit.house.hours.zone) if kept.saved_at else "",
            "has_other": any(other.key != kept.key for other in begun),
        }
    )


async def drop_draft(visit: Visit) -> Response:
    """Throw one of one's own drafts away."""
    ticket_id, key = read_ticket_id(visit), visit.request.path_params["key"]
    if not FORM_KEY.fullmatch(key):
        raise not_found()
    async with visit.house.store.write() as tx:
        await drafts.drop(tx, ticket_id, visit.account.id, key)
    return visit.go(f"/console/tickets/{ticket_id}#latest")


async def typing(visit: Visit) -> Response:
    """The advisor writes a reply (`on`) or a note (`note`), or has stopped (`off`).

    Colleagues see it whoever has the question; the asker only that a reply is written, and by whoever has it.
    """
    ticket_id, account, hub, now = read_ticket_id(visit), visit.account, visit.house.store.hub, visit.now
    what = visit.form.get("typing")
    async with visit.house.store.read() as read:
        ticket = await tickets.get(read, ticket_id)
        if ticket is None:
            return Response(status_code=204)
        sealed = await conversations.sealed_address(read, ticket.conversation_id)
    is_reply = what == "on" and ticket.closed_at is None and ticket.account_id == account.id
    if what in {"on", "note"}:
        hub.presence.writes(ticket_id, account.id, account.name, now, to_asker=account.shown_name if is_reply else "")
    else:
        hub.presence.stops_writing(ticket_id, account.id, now)
    bot = visit.house.telegram
    if is_reply and ticket.channel == telegram.NAME and bot is not None and sealed is not None:
        bot.show_typing(visit.house.vault.unseal(sealed))
    return Response(status_code=204)


def read_draft(visit: Visit, mode: str) -> Draft:
    """What stands in the box. Raises `Refused`."""
    form = visit.form
    key, version = form.get("key", ""), form.get("draft", "0")
    if mode not in MODES or not FORM_KEY.fullmatch(key) or not NUMBER.fullmatch(version):
        raise Refused(400, "bad_form")
    return Draft(form.get("text", ""), mode, key, int(version))


def read_seen(visit: Visit) -> frozenset[int]:
    """The messages of others that stood on the form's page. Raises `Refused`."""
    ids = visit.form.get("seen", "")
    if not MESSAGE_IDS.fullmatch(ids):
        raise Refused(400, "bad_form")
    return frozenset(map(int, filter(None, ids.split(","))))


async def _keep(visit: Visit, draft: Draft) -> Draft:
    ticket_id = read_ticket_id(visit)
    try:
        async with visit.house.store.write() as tx:
            if draft.text.strip():
                return await drafts.save(tx, visit.house.vault, ticket_id, visit.account.id, draft, visit.now)
            await drafts.drop(tx, ticket_id, visit.account.id, draft.key, draft.version)
    except NotOpen as error:
        raise not_found() from error
    return replace(draft, version=0, saved_at=None)


async def _note(visit: Visit, desk: Desk, ticket_id: str, draft: Draft) -> None:
    async with visit.house.store.write() as tx:
        await desk.note_in(tx, visit.account, ticket_id, clean(draft.text), visit.now)
        await drafts.drop(tx, ticket_id, visit.account.id, draft.key)


async def _reply(visit: Visit, desk: Desk, ticket_id: str, draft: Draft, seen: frozenset[int]) -> None:
    """Send it, unless others have written since the page was made. Raises `Unread`, and what `Desk.reply` raises."""
    words = clean(draft.text)
    # The key alone would swallow a text that was changed after a first try whose answer got lost on the way.
    once = f"{draft.key}-{hashlib.sha256(words.encode()).hexdigest()[:16]}"
    async with visit.house.store.write() as tx:
        sent = await desk.reply_in(tx, visit.account, ticket_id, words, once, visit.now)
        if sent is not None:  # what has gone out already can't be called back by what came after it
            thread = await tickets.thread(tx.connection, ticket_id)
            if any(said.id not in seen and said.account_name != visit.account.name for said in thread):
                raise Unread(seen)
        await drafts.drop(tx, ticket_id, visit.account.id, draft.key)
