"""`koppi audit`: the audit log as lines for another machine to keep, where nobody who changes it here reaches it."""

import json
from collections.abc import AsyncIterator

from sqlalchemy import select

from bot.store.engine import Store
from bot.store.schema import audit

BATCH = 1000  # lines looked at together: the log of years fits into no memory


async def lines(store: Store, after: int) -> AsyncIterator[str]:
    """Every line with an id above *after*, oldest first, as JSON: what its hash is made of, and that."""
    while True:
        async with store.read() as read:
            wanted = select(audit).where(audit.c.id > after).order_by(audit.c.id).limit(BATCH)
            rows = (await read.execute(wanted)).all()
        if not rows:
            return
        for row in rows:
            yield json.dumps({**row._mapping, "at": row.at.isoformat()}, ensure_ascii=False)
        after = rows[-1].id
