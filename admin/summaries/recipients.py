"""Who gets which summaries now: the console, the coordinators' chats, and the addresses that have said yes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from sqlalchemy.ext.asyncio import AsyncConnection

from admin.house import House
from admin.summaries.due import Period
from bot.store import chat_links, summary_readers
from bot.store.summary_readers import USUAL, WISHES, Reader
from knowledge.entry import Language

CONSOLE = "console"


@dataclass(frozen=True)
class Recipient:
    """Somebody, or the console, that a summary goes to.

    Attributes
        id: 'console', a chat link's, or an address's.
        periods: the summaries they get by themselves.
        by_hand: those that an operator can send them.
        since: what was due before this they never get by themselves; None where that doesn't matter.
        sealed_email: None for the console and for chats.
    """

    id: str
    language: Language
    periods: Collection[Period]
    by_hand: Collection[Period]
    since: datetime | None = None
    sealed_email: bytes | None = None


async def recipients(read: AsyncConnection, house: House) -> list[Recipient]:
    """The console first: it gets all that anybody gets, in Finnish, so that what was sent can be looked up."""
    found = [_recipient(reader) for reader in await summary_readers.everyone(read) if _can_be_reached(house, reader)]
    if not found and (group := await _advisors_group(read, house)) is not None:
        found = [Recipient(group, "fi", USUAL, WISHES)]
    periods = frozenset[Period](USUAL).union(*(recipient.periods for recipient in found))
    return [Recipient(CONSOLE, "fi", periods, get_args(Period)), *found]


async def _advisors_group(read: AsyncConnection, house: House) -> str | None:
    """The id of the advisors' group that the settings name: in a small service it is all there is."""
    if house.telegram is None or house.settings.advisor_chat is None:
        return None
    return await chat_links.find(read, house.vault, purpose="advisors", address=str(house.settings.advisor_chat))


def _can_be_reached(house: House, reader: Reader) -> bool:
    """A message that no channel can take would wait in the outbox for ever."""
    if reader.since is None:
        return False
    return house.telegram is not None if reader.is_chat else house.settings.mail_server is not None


def _recipient(reader: Reader) -> Recipient:
    """Who has said what they want gets nothing else by hand either."""
    by_hand: Sequence[Period] = WISHES if not reader.has_wished else sorted(reader.wants)
    return Recipient(reader.id, reader.language, reader.wants, by_hand, reader.since, reader.sealed_email)
