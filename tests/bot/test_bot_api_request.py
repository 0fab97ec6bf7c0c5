"""Reaching the Bot API: the token stands in every address, and so must stand in no error."""

import asyncio
import traceback

import pytest
from telegram.error import TimedOut

from bot.channels.bot_api_request import NEVER_SENT, BotApiRequest

TOKEN = "123:SECRET"


async def test_no_error_names_the_address_with_the_token() -> None:
    """Whoever prints an error that nobody has caught would print the token, and who reads it has the bot."""
    is_taken, is_over = asyncio.Event(), asyncio.Event()

    async def answer_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_taken.set()
        await is_over.wait()
        writer.close()

    server = await asyncio.start_server(answer_nothing, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/bot{TOKEN}/getMe"
    request = BotApiRequest(connections=1, connect_timeout=0.01, read_timeout=5)
    await request.initialize()
    first = asyncio.create_task(request.do_request(url, "POST"))
    try:
        await is_taken.wait()
        with pytest.raises(TimedOut) as raised:
            await request.do_request(url, "POST", pool_timeout=0.01)
    finally:
        first.cancel()
        is_over.set()
        await asyncio.gather(first, return_exceptions=True)
        await request.shutdown()
        server.close()
        await server.wait_closed()

    assert isinstance(raised.value.__cause__, NEVER_SENT)
    assert TOKEN not in "".join(traceback.format_exception(raised.value))
