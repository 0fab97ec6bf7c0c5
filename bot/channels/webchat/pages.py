"""The pages beside the chat: what becomes of an asker's data, and who can't use the chat yet. From `service.yaml`."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from bot.channels.webchat.chat import Face, WebChat
from bot.channels.webchat.returning import LINK_LIVES
from bot.channels.webchat.visitor import COOKIE_SECONDS, language_for, token_of, visitor

PAGES = {"/tietosuoja": "privacy", "/saavutettavuus": "accessibility"}
ANSWERED_WITHIN_DAYS = 14  # the law's, for feedback on accessibility


def routes(chat: WebChat, face: Face) -> list[BaseRoute]:
    """The pages, in the language of the visitor's conversation or the one that `?kieli=` asks for."""

    def page(path: str, template: str) -> Route:
        async def serve(request: Request) -> Response:
            asker = await visitor(chat, token_of(request))
            language = language_for(request, None if "kieli" in request.query_params else asker.talk)
            controller = chat.profile.controller
            html = face.render(
                f"{template}.{language}.html",
                language,
                path=path,
                controller=controller.name[language],
                contact=controller.contact[language],
                feedback=chat.profile.feedback_email.strip() or controller.contact[language],
                kept=chat.profile.retention,
                days=ANSWERED_WITHIN_DAYS,
                cookie_days=COOKIE_SECONDS // (24 * 3600),
                link_days=LINK_LIVES.days,
            )
            return HTMLResponse(html)

        return Route(path, serve)

    return [page(path, template) for path, template in PAGES.items()]
