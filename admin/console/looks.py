"""What the audit log tells of who saw a thread: each opening, and of a page that stays open whatever it shows anew.

An open page asks for itself again whenever anything changes, and that is nobody's second look. It brings along what it
shows, as a keyed hash that only this log-in's pages of this ticket have: who has not opened the thread cannot pass by
the log.
"""

from collections.abc import Sequence

from admin.console.front_door import is_automatic
from admin.console.visit import Visit
from bot.store.tickets import ThreadMessage, TicketRow

HEADER = "X-Shown"
LENGTH = 32  # of a keyed hash


def shown(visit: Visit, ticket: TicketRow, by_others: Sequence[ThreadMessage]) -> str:
    """Stands for this log-in's page of *ticket* and, after that, for what it shows of what others wrote there.

    The asker's contact details are shown to who has the ticket, and count only then.
    """
    log_in, vault = visit.session.token_hash if visit.session else "", visit.house.vault
    is_mine = ticket.account_id == visit.account.id
    texts = [f"{message.id}{'' if is_mine or not message.has_contacts else '?'}" for message in by_others]
    page = vault.lookup("opened", log_in, ticket.id)
    return page + vault.lookup("shown", page, *texts)


def to_note(visit: Visit, now_shown: str) -> str | None:
    """The act that the log tells of this request; None where an open page asks again and shows nothing more."""
    before = visit.request.headers.get(HEADER, "")
    if not is_automatic(visit.request) or before[:LENGTH] != now_shown[:LENGTH]:
        return "view"
    return None if before == now_shown else "see more"
