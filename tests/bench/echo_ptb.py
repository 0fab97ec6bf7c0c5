"""python-telegram-bot's bare echo, as its examples have it: `python -m tests.bench.echo_ptb polling|webhook API PORT`.

No database, no verdict, nothing kept: what the client library and the network cost by themselves.
"""

import asyncio
import logging
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters

from tests.support.fake_telegram import TOKEN


async def echo(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """Say the same."""
    if update.message and update.message.text:
        await update.message.reply_text(update.message.text)


async def main(mode: str, api: str, port: int) -> None:
    """Run until killed."""
    logging.disable()
    builder = Application.builder().token(TOKEN).base_url(f"{api}/bot").concurrent_updates(True)
    bot = (builder if mode == "polling" else builder.updater(None)).build()
    bot.add_handler(MessageHandler(filters.TEXT, echo))

    async def hook(request: Request) -> Response:
        await bot.update_queue.put(Update.de_json(await request.json(), bot.bot))
        return Response()

    async with bot:
        await bot.start()
        if mode == "polling" and bot.updater:
            await bot.updater.start_polling(allowed_updates=["message"])
            await asyncio.Event().wait()
        await bot.bot.set_webhook(f"http://localhost:{port}/hook")
        app = Starlette(routes=[Route("/hook", hook, methods=["POST"])])
        await uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False, lifespan="off")).serve()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
