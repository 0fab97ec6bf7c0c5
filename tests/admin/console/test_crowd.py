"""Questions as those read them who may not know whose they are: never few people's, whatever lists are compared."""

import html
import re
from datetime import timedelta

import pytest

from admin.console.crowd import Crowd
from bot.store.narrowing import ALL, Narrowing
from bot.store.questions import Origin
from tests.admin.console.office import Office

WEB, TELEGRAM = Narrowing(channel="web"), Narrowing(channel="telegram")


def _asked(*groups: tuple[int, str, str]) -> dict[int, Origin]:
    """Two questions each of so many askers by a channel in a language."""
    asked = [
        Origin(f"{channel} {language} {number // 2}", channel, language)
        for askers, channel, language in groups
        for number in range(2 * askers)
    ]
    return dict(enumerate(asked))


def test_a_list_of_fewer_than_five_askers_shows_nothing() -> None:
    """Eight questions of four people are enough to guess which of them belong together."""
    few, enough = _asked((4, "web", "fi")), _asked((5, "web", "fi"))

    assert Crowd(few).of(ALL, few) is None
    assert Crowd(enough).of(ALL, enough) == set(enough)
    assert Crowd({}).of(WEB, {}) == set()
    assert Crowd(enough).of(Narrowing("helped"), [0, 1, 2]) is None
    assert Crowd(enough).of(Narrowing("helped"), []) == set()


def test_no_two_lists_differ_by_fewer_than_five_askers() -> None:
    """What the list of all holds and that of one channel does not would else be the other channel's one asker."""
    asked = _asked((5, "telegram", "fi"), (6, "web", "fi"), (1, "web", "sv"))
    crowd = Crowd(asked)
    web = crowd.of(WEB, asked)
    swedish = crowd.of(Narrowing(language="sv"), asked)
    by_telegram = crowd.of(TELEGRAM, asked)

    assert (swedish, by_telegram) == (None, None), "one more group is left out, or the one asker would be what is left"
    assert web == {number for number, origin in asked.items() if (origin.channel, origin.language) == ("web", "fi")}
    assert crowd.of(ALL, asked) == set(asked)
    assert Crowd(_asked((5, "web", "fi"), (5, "web", "sv"))).of(Narrowing(channel="web", language="sv"), range(20))


def test_one_asker_on_two_channels_is_one() -> None:
    """Four people are not five because one of them also wrote in Telegram."""
    both = _asked((4, "web", "fi"), (9, "web", "en")) | {100: Origin("web fi 0", "telegram", "fi")}

    assert Crowd(both).of(Narrowing(language="en"), both) is None
    assert Crowd(both).of(Narrowing(language="fi"), both) is None


def test_what_is_too_narrow_leads_to_the_next_wider_list() -> None:
    """A page that shows nothing says where something is to be read."""
    crowd = Crowd(_asked((3, "web", "fi"), (6, "telegram", "fi"), (6, "telegram", "sv")))
    narrow = Narrowing("helped", topic="cv", channel="web", language="fi")

    assert crowd.wider(narrow, range(30)) == Narrowing("helped", topic="cv")
    assert crowd.wider(narrow, range(4)) == ALL
    assert Crowd(_asked((4, "web", "fi"))).wider(narrow, range(4)) is None


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # what is read is tested on both
async def test_a_coordinator_reads_months_that_are_over_and_nobodys_questions_by_themselves(office: Office) -> None:
    """One day, one channel and one language were once enough to see all that one asker had written."""
    for number in range(6):
        await office.ticket(f"Saako iguaanin tuoda töihin {number}?", channel="telegram" if number == 5 else "web")
        office.clock.advance(timedelta(minutes=1))
    day = office.clock().date()
    office.clock.advance(timedelta(days=10))
    month, here = f"first={day:%Y-%m}-01&last={day:%Y-%m}-30", "/console/questions"
    async with office.at_work(office.kaisa) as kaisa:
        seen = {
            query: html.unescape((await kaisa.sees(f"{here}?{query}")).text)
            for query in (
                "", month, f"{month}&channel=web", f"{month}&channel=telegram&came=person", f"{month}&came=helped",
                f"first={day}&last={day}", f"first={day}&last={day}&channel=telegram",
                "first=2026-12-01&last=2026-12-31",
            )
        }  # fmt: skip
        office.clock.advance(timedelta(days=-10))
        running = (await kaisa.sees(f"{here}?{month}")).text  # what each evening brought would be told by it
    numbers = {query: re.findall(r"töihin (\d)", page) for query, page in seen.items()}
    too_narrow = seen[f"{month}&channel=telegram&came=person"]

    assert sorted(numbers[""]) == list("012345") != numbers[""]
    assert numbers[month] == numbers[""]
    assert "iguaanin" not in running
    assert {query: found for query, found in numbers.items() if found and query not in ("", month)} == {}
    assert f'href="{here}?{month}&came=person"' in too_narrow
    assert "alle viideltä kysyjältä" in too_narrow
    assert "ei ole kysymyksiä luettavana" in seen[f"{month}&came=helped"]
    assert all(f'href="{here}?{month}' in seen[query] for query in list(seen)[-3:])
    assert not any(
        re.search(rf"{day.day}\.{day.month}\.|before=", page.partition("<main")[2]) for page in seen.values()
    )
