"""The FAQ's Markdown as Telegram's HTML and as a web page's, and messages cut to what a channel carries.

Only paragraphs, line breaks, bold, italics, lists and links are rendered; everything else, and all HTML, comes out as
plain text.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

TELEGRAM_LIMIT = 4096  # UTF-16 code units of one message

_PARSER = MarkdownIt("zero", {"breaks": True, "html": False}).enable(
    ["emphasis", "link", "list", "newline", "escape", "autolink"]
)


_ANSWERS_KEPT = 256
_answers: OrderedDict[str, str] = OrderedDict()


def as_telegram_html(markdown: str) -> str:
    """*markdown* in the HTML that Telegram takes: `b`, `i` and `a`, with lists as lines."""
    return _answers.get(markdown) or "".join(_telegram(_PARSER.parse(markdown))).strip()


def as_signed_html(signature: str, text: str) -> str:
    """A person's words as they were written, under their *signature*, in the HTML that Telegram takes."""
    return f"<b>{escape(signature)}</b>\n{escape(text)}"


def kept_rendered() -> Collection[str]:
    """The answers whose HTML is kept in memory."""
    return _answers.keys()


def _keep(answer: str) -> None:
    """Each message is asked for twice (is it short enough; then to send it), and an answer again and again.

    The bot's other messages may quote an asker, and no sentence of an asker's stays in memory.
    """
    if answer in _answers:
        _answers.move_to_end(answer)
        return
    _answers[answer] = as_telegram_html(answer)
    if len(_answers) > _ANSWERS_KEPT:
        _answers.popitem(last=False)


def as_web_html(markdown: str) -> Markup:
    """*markdown* as HTML for a page; links open outside and tell the other side nothing."""
    tokens = _PARSER.parse(markdown)
    for token in _flat(tokens):
        if token.type == "link_open":
            token.attrSet("rel", "noopener noreferrer nofollow")
            token.attrSet("target", "_blank")
    return Markup(_PARSER.renderer.render(tokens, _PARSER.options, {}))  # noqa: S704 - html is off in the parser


def as_plain_text(markdown: str) -> str:
    """*markdown* without its marks; a link's address stands after its words."""
    return "".join(_plain(_PARSER.parse(markdown))).strip()


def units(text: str) -> int:
    """The length of *text* as Telegram counts it: in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def split(markdown: str, limit: int = TELEGRAM_LIMIT, *, is_answer: bool = False) -> list[str]:
    """*markdown* in pieces of at most *limit* units as Telegram HTML, cut at paragraphs, lines, sentences or words.

    *is_answer*: it is an answer of the FAQ with nobody's words in it, and will be asked for again.
    """
    if is_answer:
        _keep(markdown)
    if units(as_telegram_html(markdown)) <= limit:
        return [markdown]
    for separator in ("\n\n", "\n", ". ", " "):
        cut = _cut_near_middle(markdown, separator)
        if cut is not None:
            first, second = markdown[:cut], markdown[cut:]
            return [*split(first.strip(), limit), *split(second.strip(), limit)]
    middle = len(markdown) // 2
    return [*split(markdown[:middle], limit), *split(markdown[middle:], limit)]


def _cut_near_middle(text: str, separator: str) -> int | None:
    """Where to cut *text* after a *separator*, near its middle; None when only a sliver would come off."""
    middle, margin = len(text) // 2, len(text) // 8
    before, after = text.rfind(separator, margin, middle), text.find(separator, middle, len(text) - margin)
    cuts = [cut + len(separator) for cut in (before, after) if cut != -1]
    return min(cuts, key=lambda cut: abs(cut - middle), default=None)


def _flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def _telegram(tokens: list[Token]) -> Iterator[str]:
    tags = {"strong_open": "<b>", "strong_close": "</b>", "em_open": "<i>", "em_close": "</i>"}
    for text, token in _lines(tokens):
        if token is None:
            yield str(escape(text))
        elif token.type == "link_open":
            yield f'<a href="{escape(token.attrGet("href") or "")}">'
        elif token.type == "link_close":
            yield "</a>"
        else:
            yield tags.get(token.type, "")


def _plain(tokens: list[Token]) -> Iterator[str]:
    address = ""
    for text, token in _lines(tokens):
        if token is None:
            yield text
        elif token.type == "link_open":
            address = str(token.attrGet("href") or "")
        elif token.type == "link_close":
            yield f" ({address})"


def _lines(tokens: list[Token]) -> Iterator[tuple[str, Token | None]]:
    """The text of *tokens* with its line breaks and list marks, and between them the tokens of inline marks."""
    numbers: list[int | None] = []
    for token in tokens:
        match token.type:
            case "ordered_list_open":
                numbers.append(int(token.attrGet("start") or 1))
            case "bullet_list_open":
                numbers.append(None)
            case "ordered_list_close" | "bullet_list_close":
                numbers.pop()
                if not numbers:
                    yield "\n", None
            case "list_item_open":
                number = numbers[-1]
                yield ("• " if number is None else f"{number}. "), None
                numbers[-1] = None if number is None else number + 1
            case "paragraph_close":
                yield ("\n" if numbers else "\n\n"), None
            case "inline":
                yield from _inline(token.children or [])
            case _:
                pass


def _inline(tokens: list[Token]) -> Iterator[tuple[str, Token | None]]:
    for token in tokens:
        if token.type == "text":
            yield token.content, None
        elif token.type in {"softbreak", "hardbreak"}:
            yield "\n", None
        else:
            yield "", token
