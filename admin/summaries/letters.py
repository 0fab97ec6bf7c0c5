"""The letters about summaries, in their reader's language; never a word of an asker's, never an alias."""

from markupsafe import escape

from admin.house import House
from admin.summaries import wording
from admin.summaries.wording import say
from bot.channels.email import PICTURE, Letter
from bot.channels.markup import as_plain_text, as_web_html
from bot.store.summary_readers import CONFIRM_WITHIN
from knowledge.entry import Language


def asking(house: House, reader_id: str, language: Language, *, by: str) -> Letter:
    """Whether the owner of an address that *by* has added wants summaries there."""
    values = {"service": house.profile.name, "by": by, "link": page_of(house, reader_id)}
    return Letter(
        subject=say(language, wording.WANTED_SUBJECT, **values),
        text=say(language, wording.WANTED, **values, days=str(CONFIRM_WITHIN.days)),
    )


def summary(house: House, reader_id: str, language: Language, title: str, text: str, picture: str) -> Letter:
    """A summary's *text*, and *picture*: what the picture shows that goes along, if one does; both Markdown."""
    page = page_of(house, reader_id)
    end = say(language, wording.END_HERE, link=page)
    shown_end = str(escape(end)).replace(page, f'<a href="{page}">{page}</a>')
    words = as_plain_text(picture)
    return Letter(
        subject=say(language, wording.SUBJECT, service=house.profile.name, title=title),
        text="\n\n".join(part for part in (as_plain_text(text), words, end) if part) + "\n",
        html=(
            f'<!doctype html>\n<html lang="{language}"><body style="{_LOOKS}">\n{as_web_html(text)}'
            f"{_shown(words)}<p>{shown_end}</p>\n</body></html>\n"
        ),
    )


def page_of(house: House, reader_id: str) -> str:
    """The page where the owner of an address says whether they want summaries; nobody else knows its address."""
    return f"{house.settings.console_address}/console/reading/{reader_id}/{token(house, reader_id)}"


def token(house: House, reader_id: str) -> str:
    """What the page's address ends with: it stands nowhere but in letters to that reader."""
    return house.vault.lookup("summary-reader-page", reader_id)


def _shown(words: str) -> str:
    if not words:
        return ""
    looks = 'width="540" style="max-width:100%;height:auto"'
    return f'<p><img src="cid:{PICTURE}" alt="{escape(words)}" {looks}></p>\n'


_LOOKS = "max-width:36rem;margin:0;padding:16px;overflow-wrap:anywhere;font:16px/1.5 system-ui,sans-serif;color:#1B2A2F"
