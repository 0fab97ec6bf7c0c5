"""`/jaa`: a message to a friend, ready to be sent. It is the same for everybody, and refers to nobody."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from bot import sharing, wording
from bot.channels.webchat.chat import Face, WebChat
from bot.channels.webchat.openings import Openings
from bot.channels.webchat.visitor import language_for, token_of, visitor
from bot.store.campaigns import SHARED, web_link

PATH = "/jaa"


def routes(chat: WebChat, face: Face, openings: Openings) -> list[BaseRoute]:
    """The page, in the language of the visitor's conversation or the one that `?kieli=` asks for."""

    async def page(request: Request) -> Response:
        asker = await visitor(chat, token_of(request))
        language = language_for(request, None if "kieli" in request.query_params else asker.talk)
        scheme = "https" if chat.is_secure else "http"
        link = web_link(f"{scheme}://{request.headers.get('host', '')}", SHARED, language)
        message = wording.say(language, wording.SHARE_MESSAGE, name=chat.profile.name)
        apps = {
            "WhatsApp": sharing.whatsapp_chooser(link, message),
            "Telegram": sharing.telegram_chooser(link, message),
        }
        return HTMLResponse(face.render("share.html", language, path=PATH, message=message, link=link, apps=apps))

    async def opened(request: Request) -> Response:
        return await openings.told(request, "shared", SHARED, browser=token_of(request))

    return [Route(PATH, page), Route(f"{PATH}/opened", opened, methods=["POST"])]
