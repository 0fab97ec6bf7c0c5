"""How somebody behind the service likes the console to be: kept with the account, for each machine of theirs."""

from dataclasses import dataclass

from sqlalchemy import Row, update

from bot.store.engine import Tx
from bot.store.schema import account


@dataclass(frozen=True)
class Habits:
    """*keys*: single keys act. *notices*, *sound*: the browser tells of a new question while a page is open."""

    keys: bool = True
    notices: bool = False
    sound: bool = False


def of(row: Row[tuple[object, ...]]) -> Habits:
    """What the owner of this account's row has chosen."""
    return Habits(row.uses_keys, row.wants_notices, row.wants_sound)


async def keep(tx: Tx, account_id: str, habits: Habits) -> None:
    """Keep these instead of what was chosen before."""
    await tx.execute(
        update(account)
        .where(account.c.id == account_id)
        .values(uses_keys=habits.keys, wants_notices=habits.notices, wants_sound=habits.sound)
    )
