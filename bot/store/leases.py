"""What only one process may do at a time, such as asking Telegram for updates: whoever holds the lease does it."""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, update

from bot.store.engine import Store
from bot.store.schema import lease


async def hold(
    store: Store, name: str, owner: str, now: datetime, lasts: timedelta, *, former: str | None = None
) -> bool:
    """True while *owner* holds the lease *name*, renewed now; a lease that ran out goes to whoever asks first.

    *former*: who is known to be gone, so that what they hold is free.
    """
    if not store.is_shared:
        return True  # one process: the lock file in the data folder has seen to that
    async with store.write() as tx:
        new = await tx.insert_once(lease, {"name": name, "owner": owner, "expires_at": now + lasts})
        if new is not None:
            return True
        is_ours_to_take = or_(lease.c.owner.in_((owner, former or owner)), lease.c.expires_at < now)
        renewed = await tx.execute(
            update(lease).where(lease.c.name == name, is_ours_to_take).values(owner=owner, expires_at=now + lasts)
        )
        return renewed.rowcount == 1


async def give_back(store: Store, name: str, owner: str) -> None:
    """Let whoever asks next have the lease *name* at once, if *owner* still holds it."""
    if not store.is_shared:
        return
    async with store.write() as tx:
        await tx.execute(delete(lease).where(lease.c.name == name, lease.c.owner == owner))
