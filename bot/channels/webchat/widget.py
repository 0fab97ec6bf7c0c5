"""`/widget.js`: one line of script puts a bubble on another site's page, and the chat into a frame behind it.

The script asks for nothing but the frame, and only when the bubble is pressed.
"""

import hashlib
import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot import wording
from bot.channels.webchat.chat import HERE, WebChat
from knowledge.entry import LANGUAGES

SCRIPT_PATH = "/widget.js"
FILE = HERE / "widget.js"
WORDS = {
    "open": wording.WIDGET_OPEN,
    "news": wording.WIDGET_NEWS,
    "title": wording.WIDGET_TITLE,
    "close": wording.WIDGET_CLOSE,
    "ownTab": wording.WEB_OWN_TAB,
}


def routes(chat: WebChat) -> list[BaseRoute]:
    """The script, with the bubble's words in every language."""
    content = script(chat.profile.name)
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'

    async def serve(request: Request) -> Response:
        headers = {"ETag": tag, "Cache-Control": "max-age=600"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type="text/javascript", headers=headers)

    return [Route(SCRIPT_PATH, serve)]


def script(name: str) -> bytes:
    """The script of the service called *name*."""
    words = {
        language: {key: wording.say(language, sentence, name=name) for key, sentence in WORDS.items()}
        for language in LANGUAGES
    }
    return FILE.read_text(encoding="utf-8").replace("{/* words */}", json.dumps(words, ensure_ascii=False)).encode()
