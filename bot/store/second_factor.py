"""What confirms a log-in besides the password: a phone's one-time codes and the recovery codes on paper.

The secret is sealed by the vault, the recovery codes are keyed hashes. Each code is good once, whoever is first.
"""

from collections.abc import Sequence

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Tx
from bot.store.schema import account, recovery_code


async def secret(read: AsyncConnection, account_id: str) -> bytes | None:
    """The sealed secret of the account's phone, or None when there is none."""
    row = (await read.execute(select(account.c.code_secret).where(account.c.id == account_id))).first()
    return row.code_secret if row else None


async def set_up(
    tx: Tx, account_id: str, secret: bytes, step: int, recovery_lookups: Sequence[str], *, may_replace: bool
) -> bool:
    """Let the sealed *secret* and these recovery codes hold from now on; *step* is of the code that proved it.

    False, and no change, where one holds already and may not be replaced.
    """
    may = [] if may_replace else [account.c.code_secret.is_(None)]
    done = await tx.execute(
        update(account).where(account.c.id == account_id, *may).values(code_secret=secret, code_step=step)
    )
    if done.rowcount == 0:
        return False
    await tx.execute(delete(recovery_code).where(recovery_code.c.account_id == account_id))
    await tx.execute(
        recovery_code.insert(), [{"lookup": lookup, "account_id": account_id} for lookup in recovery_lookups]
    )
    return True


async def use_code(tx: Tx, account_id: str, step: int) -> bool:
    """Whether the code of *step* is newer than every one that was used; if so, it is used now."""
    is_newer = or_(account.c.code_step.is_(None), account.c.code_step < step)
    used = await tx.execute(update(account).where(account.c.id == account_id, is_newer).values(code_step=step))
    return used.rowcount == 1


async def use_recovery_code(tx: Tx, account_id: str, lookup: str) -> bool:
    """Whether *lookup* is of a recovery code of theirs; if so, it is gone now."""
    used = await tx.execute(
        delete(recovery_code).where(recovery_code.c.account_id == account_id, recovery_code.c.lookup == lookup)
    )
    return used.rowcount == 1


async def recovery_codes_left(read: AsyncConnection, account_id: str) -> int:
    """How many recovery codes the account has not used yet."""
    count = select(func.count()).select_from(recovery_code).where(recovery_code.c.account_id == account_id)
    return (await read.execute(count)).scalar_one()


async def forget(tx: Tx, account_id: str) -> None:
    """Let the account set up another phone at its next log-in: this one, and its codes on paper, are worth nothing."""
    await tx.execute(update(account).where(account.c.id == account_id).values(code_secret=None, code_step=None))
    await tx.execute(delete(recovery_code).where(recovery_code.c.account_id == account_id))
