"""The list of answers begins with what is to be looked at again soon."""

import re
from datetime import UTC, datetime
from html import unescape

from tests.admin.console.office import Office


async def test_what_is_due_soon_stands_first_and_overdue_ones_are_marked(office: Office) -> None:
    """The one who edits answers sees what gets old without knowing of any command."""
    async with office.at_work(office.saara) as saara:
        early = (await saara.sees("/console/faq")).text
    office.clock.advance(datetime(2027, 4, 2, 9, 0, tzinfo=UTC) - office.clock())
    async with office.at_work(office.saara) as saara:
        late = (await saara.sees("/console/faq")).text

    assert _soon(early) == ["Mikään ei vanhene kuukauden sisällä."]
    first, *_, last = _soon(late)
    assert first == "Kriisinumerot soita joka numero läpi piti tarkistaa 19.2.2027"
    assert last.endswith("viimeistään 1.5.2027")
    assert 'href="/console/faq/asumistuki"' in late.split("</section>")[0]


def _soon(html: str) -> list[str]:
    """The lines of the first list, as read."""
    section = html[html.index('id="soon"') : html.index("</section>")]
    lines = re.findall(r"<(?:li|p)>(.*?)</(?:li|p)>", section, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", line)).split()) for line in lines]
