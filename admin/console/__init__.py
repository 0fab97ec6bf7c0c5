"""The advisors' pages: queue, thread, learning, figures, accounts."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin.house import House


def routes(_house: House) -> list[BaseRoute]:
    """The console's routes, all under `/console/`."""

    async def to_console(_request: Request) -> Response:
        return RedirectResponse("/console/", status_code=308)

    async def log_in(_request: Request) -> Response:
        return HTMLResponse("<!doctype html><html lang=fi><title>Otappa koppi</title><h1>Kirjaudu</h1>")

    return [Route("/console", to_console), Route("/console/", log_in), Route("/console/login", log_in)]
