"""What advisors begin their replies with, by name: written by them, for all of them. No text of an asker's is in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.conversations import new_id
from bot.store.engine import Tx
from bot.store.schema import account, reply_template, revision_counter
from knowledge.entry import Language

TOPIC = "templates"

Texts = Mapping[Language, str]


class NameTaken(Exception):
    """There is another one of this name."""


class Changed(Exception):
    """Somebody has changed it, or taken it away, since it was read."""


@dataclass(frozen=True)
class ReplyTemplate:
    """One of them. *texts*: at least one, by language; *account_name*: who wrote it so, None when it was shipped so."""

    id: str
    name: str
    texts: Texts
    version: int
    account_name: str | None
    changed_at: datetime

    def text(self, language: Language) -> tuple[str, Language]:
        """The text for an asker of *language*: in that, else in Finnish, else in what there is."""
        written_in = next((known for known in (language, "fi") if known in self.texts), next(iter(self.texts)))
        return self.texts[written_in], written_in


async def everything(read: AsyncConnection) -> list[ReplyTemplate]:
    """All of them, by name."""
    found = [_template(row) for row in await read.execute(_templates())]
    return sorted(found, key=lambda template: template.name.casefold())


async def get(read: AsyncConnection, template_id: str) -> ReplyTemplate | None:
    """The one with this id, or None."""
    row = (await read.execute(_templates().where(reply_template.c.id == template_id))).first()
    return _template(row) if row else None


async def add(tx: Tx, name: str, texts: Texts, account_id: str | None, now: datetime) -> str:
    """The id of a new one. Raises `NameTaken`."""
    values = {"id": new_id(), "name": name, "texts": dict(texts), "version": 1, "account_id": account_id}
    added = await tx.insert_once(reply_template, {**values, "changed_at": now})
    if added is None:
        raise NameTaken
    await tx.bump(TOPIC)
    return str(added)


async def change(
    tx: Tx, template_id: str, version: int, name: str, texts: Texts, account_id: str, now: datetime
) -> None:
    """Put this in the place of *version*. Raises `NameTaken`, or `Changed` when that isn't the latest any more."""
    try:
        changed = await tx.execute(
            update(reply_template)
            .where(reply_template.c.id == template_id, reply_template.c.version == version)
            .values(name=name, texts=dict(texts), version=version + 1, account_id=account_id, changed_at=now)
        )
    except IntegrityError as error:
        raise NameTaken from error
    if changed.rowcount == 0:
        raise Changed
    await tx.bump(TOPIC)


async def remove(tx: Tx, template_id: str, version: int) -> None:
    """Take it away for all. Raises `Changed` when *version* isn't the latest any more."""
    gone = await tx.execute(
        delete(reply_template).where(reply_template.c.id == template_id, reply_template.c.version == version)
    )
    if gone.rowcount == 0:
        raise Changed
    await tx.bump(TOPIC)


async def ship(tx: Tx, shipped: Sequence[tuple[str, Texts]], now: datetime) -> bool:
    """Add these names and texts where there have never been any; False when nothing was done."""
    ever = select(revision_counter.c.number).where(revision_counter.c.topic == TOPIC)
    if (await tx.execute(ever)).first() is not None:
        return False
    for name, texts in shipped:
        values = {"id": new_id(), "name": name, "texts": dict(texts), "version": 1, "changed_at": now}
        await tx.insert_once(reply_template, values)  # another process may be at the same
    await tx.bump(TOPIC)
    return True


def _templates() -> Select[tuple[object, ...]]:
    return select(reply_template, account.c.name.label("account_name")).join(account, isouter=True)


def _template(row: Row[tuple[object, ...]]) -> ReplyTemplate:
    return ReplyTemplate(row.id, row.name, row.texts, row.version, row.account_name, row.changed_at)
