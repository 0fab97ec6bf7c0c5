"""`koppi bounce`: a letter that came back (RFC 3464) ends what is sent to its reader of summaries.

Which letter it was tells its Message-ID, so random that nobody guesses one. Who has seen a letter's head could make up
a bounce of it; signing the id would not help, since what is returned is what was seen. They end no more by that than
the link in the same letter does, and the console shows it.
"""

import re
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

from sqlalchemy import or_, select

from admin.summaries.standing import QUESTION
from bot.channels.email import NAME as EMAIL
from bot.store import audit, outbox, summary_readers
from bot.store.engine import Store
from bot.store.schema import outbox as outbox_table

LARGEST = 1_000_000  # bytes of a mail that are looked at
_OURS = re.compile(r"^message-id:\s*<([0-9a-f]{32})@", re.IGNORECASE | re.MULTILINE)
_PERMANENT = re.compile(r"5\.\d{1,3}\.\d{1,3}")


class NotABounce(Exception):
    """This mail does not say that one of our letters can't be delivered; the message says what is missing."""


def read(mail: bytes) -> tuple[str, str]:
    """The id of the letter that came back, and the status that the mail server gives, such as "5.1.1".

    Raises `NotABounce` for all other mail, also for what says that a letter is late.
    """
    report = BytesParser(policy=default).parsebytes(mail[:LARGEST])
    parts = list(report.walk())
    status = next((found for part in parts if (found := _status(part))), None)
    if status is None:
        raise NotABounce("it holds no report that a letter can't be delivered for good")
    returned = (_OURS.search(_head(part)) for part in parts if part.get_content_type().startswith(_RETURNED))
    letter = next((found[1] for found in returned if found), None)
    if letter is None:
        raise NotABounce("it returns no letter of this service's")
    return letter, status


async def note(store: Store, letter: str, now: datetime) -> bool:
    """Send nothing more to the reader of summaries who was to get *letter*; False when there is none any more."""
    async with store.write() as tx:
        found = await tx.execute(
            select(outbox_table.c.destination).where(
                outbox_table.c.channel == EMAIL,
                outbox_table.c.external_id == letter,
                or_(outbox_table.c.key.startswith("summary:"), outbox_table.c.key.startswith(QUESTION)),
            )
        )
        reader = found.scalar()
        if reader is None or not await summary_readers.bounced(tx, reader, now):
            return False
        await outbox.withdraw_letters(tx, EMAIL, reader)
        await audit.record(tx, None, "summary reader bounced", reader, now)
    return True


_RETURNED = ("message/rfc822", "text/rfc822-headers", "message/global")


def _status(part: EmailMessage) -> str | None:
    """The status of the first recipient in this part for whom it is given up for good."""
    if part.get_content_type() not in {"message/delivery-status", "message/global-delivery-status"}:
        return None
    for about in part.iter_parts() if part.is_multipart() else ():
        found = _PERMANENT.match(str(about.get("Status", "")).strip())
        if found and str(about.get("Action", "")).strip().lower() == "failed":
            return found[0]
    return None


def _head(part: EmailMessage) -> str:
    """The head of a letter that was returned, however it was; what its body quotes is somebody's own words."""
    _, _, letter = part.as_bytes().partition(b"\n\n")
    return letter.partition(b"\n\n")[0].decode("ascii", "replace")
