"""Telling the coordinators something once, durably: in their chats and by e-mail, each in their language."""

from collections.abc import Callable

from admin.house import House
from bot.channels import email
from bot.channels.email import Letter
from bot.channels.markup import as_plain_text
from bot.store import chat_links, outbox, summary_readers
from bot.store.engine import Tx
from knowledge.entry import Language


async def tell(tx: Tx, house: House, key: str, say: Callable[[Language], str]) -> int:
    """Queue what *say* says, under *key*, for everyone who reads summaries; how many there are.

    Where no coordinator's chat is linked, the advisors' group of the settings hears it, as it does summaries.
    """
    count = 0
    readers = await summary_readers.everyone(tx.connection)
    for reader in readers:
        if reader.is_chat:
            count += await _post(tx, house, f"{key}:{reader.id}", say(reader.language), reader.id)
        elif reader.sealed_email is not None and reader.since is not None and house.settings.mail_server is not None:
            count += await email.post(
                tx,
                house.vault,
                _letter(house, say(reader.language)),
                key=f"{key}:{reader.id}",
                recipient=reader.id,
                sealed_address=reader.sealed_email,
                now=house.clock(),
            )
    if not any(reader.is_chat for reader in readers) and house.settings.advisor_chat is not None:
        address = str(house.settings.advisor_chat)
        group = await chat_links.link(tx, house.vault, purpose="advisors", address=address, now=house.clock())
        count += await _post(tx, house, f"{key}:{group}", say("fi"), group)
    return count


async def _post(tx: Tx, house: House, key: str, text: str, chat: str) -> bool:
    if house.telegram is None:
        return False  # no channel would ever take it
    return await outbox.add_notice(tx, key=key, text=text, chat_link_id=chat, now=house.clock())


def _letter(house: House, text: str) -> Letter:
    """The first sentence is the subject."""
    plain = as_plain_text(text)
    first = plain.partition("\n")[0]
    return Letter(subject=f"{house.profile.name}: {first.partition('. ')[0].rstrip('.')}", text=f"{plain}\n")
