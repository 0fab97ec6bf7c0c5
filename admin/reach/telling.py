"""Telling whoever reads summaries something once, durably: in their chats and by e-mail, each in their language."""

from collections.abc import Callable

from admin.house import House
from admin.summaries import wording
from admin.summaries.letters import page_of
from admin.summaries.recipients import CONSOLE, recipients
from bot.channels import email
from bot.channels.email import Letter
from bot.channels.markup import as_plain_text
from bot.store import outbox
from bot.store.engine import Tx
from knowledge.entry import Language


async def tell(tx: Tx, house: House, key: str, say: Callable[[Language], str]) -> None:
    """Queue what *say* says, under *key*, for each of them; what is queued or sent already changes nothing."""
    for reader in await recipients(tx.connection, house):
        own_key, text, now = f"{key}:{reader.id}", say(reader.language), house.clock()
        if reader.id == CONSOLE:
            continue  # it shows alarms on a page of its own
        if reader.sealed_email is None:
            await outbox.add_notice(tx, key=own_key, text=text, chat_link_id=reader.id, now=now)
        else:
            letter = _letter(house, reader.id, reader.language, text)
            await email.post(
                tx,
                house.vault,
                letter,
                key=own_key,
                recipient=reader.id,
                sealed_address=reader.sealed_email,
                now=now,
            )


def _letter(house: House, reader_id: str, language: Language, text: str) -> Letter:
    """The first sentence is the subject; the last tells how to get no more."""
    plain = as_plain_text(text)
    subject = plain.partition("\n")[0].partition(". ")[0].rstrip(".")
    end = wording.say(language, wording.END_HERE, link=page_of(house, reader_id))
    return Letter(subject=f"{house.profile.name}: {subject}", text=f"{plain}\n\n{end}\n")
