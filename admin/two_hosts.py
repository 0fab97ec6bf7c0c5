"""The console on a host of its own: a browser then keeps it and the chat, which everybody may open, apart.

By the name that a request calls us: at the console's there is the console, at the public one all the rest. This
machine's own names reach both.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

CONSOLE = "/console"
EVERYWHERE = frozenset({"/healthz", "/readyz", "/metrics"})


class TwoHosts:
    """Lets each host have its own pages; with one address for both nothing changes."""

    def __init__(self, app: ASGIApp, *, public: str, console: str) -> None:
        self._app = app
        self._public, self._console = urlsplit(public).hostname, urlsplit(console).hostname
        self._address = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._elsewhere(scope) if scope["type"] == "http" and self._public != self._console else None
        await (answer or self._app)(scope, receive, send)

    def _elsewhere(self, scope: Scope) -> Response | None:
        """What to answer where this host doesn't have the page; None where it does."""
        host = urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname
        path, is_read = scope["path"], scope["method"] in {"GET", "HEAD"}
        is_consoles = path == CONSOLE or path.startswith(f"{CONSOLE}/")
        if host == self._public and is_consoles:
            query = scope["query_string"].decode("ascii", "replace")
            # Links in older messages lead here; what was written in a form is not passed on.
            return self._moved(scope["raw_path"].decode("ascii"), query) if is_read else _nothing()
        if host == self._console and not is_consoles and path not in EVERYWHERE:
            return self._moved(f"{CONSOLE}/", "") if path == "/" and is_read else _nothing()
        return None

    def _moved(self, path: str, query: str) -> Response:
        return RedirectResponse(f"{self._address}{path}" + (f"?{query}" if query else ""), status_code=308)


def _nothing() -> Response:
    return PlainTextResponse("Not found", status_code=404)
