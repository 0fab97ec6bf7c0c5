"""The campaign of the links that askers pass on to each other: the service's own, and counted like any other."""

from datetime import date

from admin.house import House
from bot.store import campaigns
from bot.store.engine import Tx

NAME = "Kaverilta"
PLACE = "Kysyjien jakama linkki"


async def ship(house: House) -> None:
    """Put it in, where it isn't there yet."""
    async with house.store.write() as tx:
        await make(tx, house.today())


async def make(tx: Tx, today: date) -> None:
    """The campaign, from *today* on, where there is none yet."""
    await campaigns.make_shared(tx, name=NAME, place=PLACE, today=today)
