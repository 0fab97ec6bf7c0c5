"""Which advisor is who in Telegram: linked by a one-time code, known again by a keyed hash, never by a name."""

from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import accounts
from bot.store.accounts import Account
from bot.store.engine import Tx
from bot.store.schema import telegram_account
from bot.vault import Vault


async def link(tx: Tx, vault: Vault, *, account_id: str, telegram_id: str, now: datetime) -> None:
    """Know *telegram_id* as this account from now on; either one's earlier link is gone."""
    lookup = _lookup(vault, telegram_id)
    await tx.execute(
        delete(telegram_account).where(
            or_(telegram_account.c.account_id == account_id, telegram_account.c.lookup == lookup)
        )
    )
    await tx.execute(telegram_account.insert().values(account_id=account_id, lookup=lookup, linked_at=now))


async def find(read: AsyncConnection, vault: Vault, telegram_id: str) -> Account | None:
    """Whose *telegram_id* it is; None for a stranger, and for somebody whose account is disabled."""
    row = await read.execute(
        select(telegram_account.c.account_id).where(telegram_account.c.lookup == _lookup(vault, telegram_id))
    )
    account_id = row.scalar()
    account = await accounts.get(read, account_id) if account_id else None
    return None if account is None or account.is_disabled else account


async def linked_at(read: AsyncConnection, account_id: str) -> datetime | None:
    """Since when this account's Telegram has been linked; None when it isn't."""
    row = await read.execute(select(telegram_account.c.linked_at).where(telegram_account.c.account_id == account_id))
    since: datetime | None = row.scalar()
    return since


async def unlink(tx: Tx, account_id: str) -> bool:
    """Forget who this account is in Telegram; False when nobody knew."""
    gone = await tx.execute(delete(telegram_account).where(telegram_account.c.account_id == account_id))
    return gone.rowcount == 1


def _lookup(vault: Vault, telegram_id: str) -> str:
    return vault.lookup("telegram-account", telegram_id)
