"""The three people of the tests, by their Telegram chats and accounts.

Aino writes. Väinö is her advisor. Sulo has a disabled account and must be refused. Bulk are others who write too.
"""

from datetime import UTC, datetime

from argon2 import PasswordHasher

from bot.dialogue import Conversation
from bot.store import accounts, conversations
from bot.store.accounts import Account
from bot.store.engine import Store, Tx
from bot.vault import Vault

SECRET_KEY = "the key of the tests"
VAULT = Vault(SECRET_KEY)

AINO = 1001
VAINO_CHAT = 2002
ADVISORS_GROUP = -3003
BULK = range(5000, 9000)

PASSWORD = "kuusenoksa-ja-harava-71"
# The argon2id hash of PASSWORD with little memory and one pass: making a real one for each test takes too long.
PASSWORD_HASH = "$argon2id$v=19$m=8,t=1,p=1$4E7+B8g5zA91TMsePsvbOg$X1jFbmNsulIFo9w59lJ30A4LtdN6FIqwHSoGvr1WW3g"
LONG_AGO = datetime(2026, 1, 2, 9, 0, tzinfo=UTC)


def quick_hasher() -> PasswordHasher:
    """Makes hashes like PASSWORD_HASH."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def employ(store: Store) -> tuple[Account, Account]:
    """Väinö, who may answer, and Sulo, who may not any more."""
    async with store.write() as tx:
        vaino, sulo = [
            await accounts.add(
                tx,
                name=name,
                role="tyovoimaneuvoja",
                password_hash=PASSWORD_HASH,
                must_change_password=False,
                now=LONG_AGO,
            )
            for name in ("Väinö", "Sulo")
        ]
        await accounts.disable(tx, sulo.id, LONG_AGO)
    return vaino, sulo


async def meet(
    tx: Tx, vault: Vault, chat: int | str = AINO, now: datetime = LONG_AGO, *, channel: str = "telegram"
) -> Conversation:
    """A conversation with whoever is at *chat*, begun now."""
    lookup = vault.lookup(channel, str(chat))
    return await conversations.begin(
        tx, vault, channel=channel, lookup=lookup, address_text=str(chat), language="fi", now=now
    )
