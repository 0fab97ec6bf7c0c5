"""Run by the virtual environment of suppgram, not ours: it on SQLite, as its own command starts it, asking the server
that the first argument names instead of Telegram's. Arguments: that server's address, the bot's token, a file.
"""

import asyncio
import sys
from typing import Any

from suppgram.builder import Builder
from suppgram.frontends.telegram.app_manager import TelegramAppManager
from telegram.ext import ApplicationBuilder


def main(server: str, token: str, database: str) -> None:
    """Serve customers until killed."""

    def from_tokens(tokens: list[str]) -> Any:
        return TelegramAppManager([ApplicationBuilder().token(one).base_url(f"{server}/bot").build() for one in tokens])

    TelegramAppManager.from_tokens = from_tokens
    builder = Builder().with_sqlalchemy_storage(f"sqlite+aiosqlite:///{database}")
    builder = builder.with_telegram_customer_frontend(token).build()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(builder.start())
    loop.run_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
