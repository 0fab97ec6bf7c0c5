"""How an advisor likes the console to be: single keys, and being told of a new question while a page is open."""

from starlette.responses import Response

from admin.console.visit import Visit
from bot.store import habits
from bot.store.habits import Habits

FIELDS = ("keys", "notices", "sound")


async def change(visit: Visit) -> Response:
    """What was ticked under "Oma tili"."""
    chosen = Habits(**{name: name in visit.form for name in FIELDS})
    async with visit.house.store.write() as tx:
        await habits.keep(tx, visit.account.id, chosen)
    return visit.go("/console/me?done=habits#habits-title")
