"""What can go wrong with one call to the Bot API, by name, for `FakeTelegram.fails`."""

from dataclasses import dataclass
from typing import Any

from tests.support.http_server import Reset, Response, Silence, Torn


def refusal(status: int, description: str, **parameters: int) -> Response:
    """The error as Telegram words it."""
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    return Response(status, body | ({"parameters": parameters} if parameters else {}))


@dataclass(frozen=True)
class Fault:
    """How one call goes wrong: the error it is answered with, or what happens to the connection.

    *accepts* tells whether the call takes effect all the same, as when only the answer is lost.
    """

    accepts: bool = False
    answer: Response | type[Exception] | None = None
    seconds: float = 0.0


def too_many_requests(retry_after: int) -> Fault:
    """429: wait so many seconds."""
    return error(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


def error(status: int, description: str, **parameters: int) -> Fault:
    """The call has no effect and is answered with this error."""
    return Fault(answer=refusal(status, description, **parameters))


def delay(seconds: float) -> Fault:
    """The call succeeds, but late."""
    return Fault(accepts=True, seconds=seconds)


OUT_OF_ORDER = Fault(answer=Response(502, b"<html>502 Bad Gateway</html>", {"Content-Type": "text/html"}))
BLOCKED = error(403, "Forbidden: bot was blocked by the user")
CANNOT_PARSE = error(400, "Bad Request: can't parse entities: Unsupported start tag at byte offset 0")
SILENT_AFTER_ACCEPTING = Fault(accepts=True, answer=Silence)
SILENT_BEFORE_ACCEPTING = Fault(answer=Silence)
RESET_BEFORE_ACCEPTING = Fault(answer=Reset)
RESET_AFTER_ACCEPTING = Fault(accepts=True, answer=Reset)
TORN_AFTER_ACCEPTING = Fault(accepts=True, answer=Torn)
ODD_ANSWER_AFTER_ACCEPTING = Fault(accepts=True, answer=Response(200, {"ok": True, "result": {}}))
GIBBERISH_AFTER_ACCEPTING = Fault(accepts=True, answer=Response(200, b'{"ok":tr'))
