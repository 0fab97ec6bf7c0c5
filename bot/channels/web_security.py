"""What keeps the web server's pages safe: headers on every response, faults included, and whom a request is from.

The headers are pure ASGI: streams pass through untouched.
"""

from collections.abc import Mapping, Sequence

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; "
    "manifest-src 'self'"
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
}
STRICT_TRANSPORT = "max-age=63072000; includeSubDomains"


class SecurityHeaders:
    """Adds what is missing, so that a route may set its own, such as a longer cache for a static file.

    Only what begins with `/widget` may stand in a frame, and that on the pages of *widget_origins* alone.
    """

    def __init__(self, app: ASGIApp, *, is_secure: bool, widget_origins: Sequence[str] = ()) -> None:
        self._app = app
        self._headers = {**HEADERS, **({"strict-transport-security": STRICT_TRANSPORT} if is_secure else {})}
        framing = "frame-ancestors " + (" ".join(widget_origins) or "'none'")
        self._widget_headers = {
            **self._headers,
            "content-security-policy": POLICY.replace("frame-ancestors 'none'", framing),
            "cross-origin-resource-policy": "cross-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        wanted = self._widget_headers if scope["path"].startswith("/widget") else self._headers

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in wanted.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def is_same_origin(headers: Mapping[str, str], host: str) -> bool:
    """Whether a request that changes something comes from our own page.

    Browsers tell by Sec-Fetch-Site; older ones by Origin. Neither means no browser of ours: refused. The method is that
    of Filippo Valsorda's "Cross-Site Request Forgery" (2025), as Go's net/http uses it.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2] == host


def source_address(request: Request, *, is_behind_proxy: bool) -> str:
    """Where *request* came from on the network, for counting; empty for a socket without an address.

    Behind the operator's own proxy (a public address, and a peer on this machine) it is the one that the proxy has
    added last; what stands before it anybody may have made up.
    """
    peer = request.client.host if request.client else ""
    told = ",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
    return told[:64] if is_behind_proxy and told and peer in {"127.0.0.1", "::1"} else peer
