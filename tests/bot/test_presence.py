"""Who looks at a ticket and who writes in it: true while it is true, for a minute at most, and never a claim."""

import asyncio
from datetime import timedelta

import pytest

from bot.store import presence_sharing
from bot.store.engine import Store
from bot.store.live import Hub
from bot.store.presence import ASKER, LASTS, RETOLD_AFTER, Presence
from tests.support import stores
from tests.support.clock import A_TUESDAY_MORNING as NOW

SECOND = timedelta(seconds=1)
MAIJA, VAINO = ("m" * 32, "Maija"), ("v" * 32, "Väinö")


def _seen(presence: Presence, at: timedelta = timedelta(0), *, by: str = VAINO[0]) -> list[tuple[str, bool]]:
    return [(who.name, who.writes) for who in presence.of(NOW + at, besides=by).get("t1", [])]


def test_a_colleague_is_seen_looking_and_writing_and_nobody_sees_themselves() -> None:
    """Each mark ends by itself after a minute, when it is taken back, or with the last page that shows the ticket."""
    presence = Hub().presence
    presence.looks("t1", *MAIJA, NOW)
    presence.looks("t1", *VAINO, NOW)
    looked = _seen(presence)
    presence.writes("t1", *MAIJA, NOW + 30 * SECOND)
    wrote = _seen(presence, 30 * SECOND)
    by_maija = _seen(presence, 30 * SECOND, by=MAIJA[0])
    lasts = presence.seconds_left(NOW + 30 * SECOND)
    ended = [_seen(presence, 30 * SECOND + LASTS - SECOND), _seen(presence, 30 * SECOND + LASTS)]
    presence.writes("t1", *MAIJA, NOW)
    presence.stops_writing("t1", MAIJA[0], NOW)
    stopped = _seen(presence)
    with presence.open("t1", MAIJA[0]):
        with presence.open("t1", MAIJA[0]):
            pass
        still = _seen(presence)
    gone = _seen(presence)

    assert looked == [("Maija", False)]
    assert wrote == [("Maija", True)]
    assert by_maija == [("Väinö", False)]
    assert lasts == 30
    assert ended == [[("Maija", True)], []]
    assert stopped == still == [("Maija", False)]
    assert gone == []


async def test_pages_are_woken_by_what_they_show_anew_alone() -> None:
    """Every open page looks at the database when it is woken."""
    hub = Hub()
    presence, woken = hub.presence, []
    with hub.subscribe(Presence.TOPIC) as news:
        for act in (
            lambda: presence.looks("t1", *MAIJA, NOW),
            lambda: presence.looks("t1", *MAIJA, NOW + SECOND),
            lambda: presence.writes("t1", *MAIJA, NOW),
            lambda: presence.writes("t1", *MAIJA, NOW + SECOND),
            lambda: presence.stops_writing("t1", MAIJA[0], NOW),
            lambda: presence.stops_writing("t1", MAIJA[0], NOW),
            lambda: presence.looks("t1", *MAIJA, NOW + LASTS * 2),
        ):
            act()
            woken.append(await news.wait(0))

    assert woken == [True, False, True, False, True, False, True]


def test_an_asker_sees_only_who_writes_to_them_and_staff_see_the_asker_write() -> None:
    """A note is nobody's reply, and somebody who only looks keeps no asker waiting; each ends after a minute."""
    presence = Hub().presence
    presence.writes("t1", *MAIJA, NOW)
    notes = presence.writer_to_asker("t1", NOW)
    presence.writes("t1", *VAINO, NOW, to_asker="Väinö")
    presence.writes("t2", ASKER, "", NOW)
    replies = [presence.writer_to_asker(ticket, NOW) for ticket in ("t1", "t2")]
    asks = [presence.asker_writes(ticket, NOW) for ticket in ("t1", "t2")]
    lasts = presence.seconds_left(NOW + SECOND, "t1")
    later = presence.writer_to_asker("t1", NOW + LASTS), presence.asker_writes("t2", NOW + LASTS)
    presence.writes("t1", *VAINO, NOW + SECOND)
    turned_to_a_note = presence.writer_to_asker("t1", NOW + SECOND)
    presence.stops_writing("t2", ASKER, NOW)

    assert (notes, replies, asks) == (None, ["Väinö", None], [False, True])
    assert lasts == 59
    assert later == (None, False)
    assert turned_to_a_note is None
    assert not presence.asker_writes("t2", NOW)
    assert presence.of(NOW, besides="").keys() == {"t1"}


async def test_an_askers_page_is_woken_by_what_it_shows_alone() -> None:
    """Every open page looks at the database when it is woken."""
    hub = Hub()
    presence, woken = hub.presence, []
    with hub.subscribe(Presence.topic("t1")) as news:
        for act in (
            lambda: presence.looks("t1", *VAINO, NOW),
            lambda: presence.writes("t2", *VAINO, NOW, to_asker="Väinö"),
            lambda: presence.writes("t1", *VAINO, NOW, to_asker="Väinö"),
            lambda: presence.writes("t1", *VAINO, NOW + SECOND, to_asker="Väinö"),
            lambda: presence.stops_writing("t1", VAINO[0], NOW),
            lambda: presence.writes("t1", ASKER, "", NOW),
            lambda: presence.stops_writing("t1", ASKER, NOW),
        ):
            act()
            woken.append(await news.wait(0))

    assert woken == [False, False, True, False, True, True, True]


# --- of several processes ---------------------------------------------------------------------------------------


def _tell(teller: Presence, *hearers: Presence) -> int:
    told = teller.take_changes(NOW)
    for one in told:
        for hearer in hearers:
            hearer.hear(one, NOW)
    return len(told)


def test_what_one_process_knows_the_others_hear() -> None:
    """A page is served by one process, and what its script posts perhaps by another; nothing is told for ever."""
    here, there = Hub().presence, Hub().presence
    here.begin_telling()
    there.begin_telling()
    here.looks("t1", *MAIJA, NOW)
    told = [_tell(here, there, here)]
    looked = _seen(there)
    there.writes("t1", *MAIJA, NOW, to_asker="Maija")
    told.append(_tell(there, here, there))
    wrote, asker_sees = _seen(here), here.writer_to_asker("t1", NOW)
    here.stops_writing("t1", MAIJA[0], NOW)
    told.append(_tell(here, there))
    stopped = _seen(there)
    here.looks("t1", *MAIJA, NOW + SECOND)
    here.looks("t1", *MAIJA, NOW + 2 * SECOND)
    told.append(_tell(here, there))
    here.looks("t1", *MAIJA, NOW + RETOLD_AFTER)
    told.append(_tell(here, there))

    assert told == [1, 1, 1, 0, 1], "a mark that is renewed is told anew only after a while"
    assert (looked, wrote, asker_sees, stopped) == (
        [("Maija", False)],
        [("Maija", True)],
        "Maija",
        [("Maija", False)],
    )


def test_a_page_that_is_open_here_outlives_one_that_closes_elsewhere() -> None:
    """Two windows of one advisor, each served by another process."""
    here, there = Hub().presence, Hub().presence
    here.begin_telling()
    there.begin_telling()
    with here.open("t1", MAIJA[0]):
        here.looks("t1", *MAIJA, NOW)
        _tell(here, there)
        with there.open("t1", MAIJA[0]):
            there.looks("t1", *MAIJA, NOW)
        closed_there = _seen(there)
        _tell(there, here)
        _tell(here, there)
        still = _seen(here), _seen(there)
    _tell(here, there)

    assert closed_there == []
    assert still == ([("Maija", False)], [("Maija", False)])
    assert _seen(there) == []


@pytest.mark.parametrize("heard", ["", "{}", "[1]", '{"ticket": 5}', "null", '{"from": "x", "ticket": "t1"}'])
def test_what_another_version_tells_is_passed_over(heard: str) -> None:
    """While an upgrade is under way two of them run side by side."""
    presence = Hub().presence
    presence.hear(heard, NOW)

    assert _seen(presence) == []


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
async def test_two_processes_on_one_database_tell_each_other(
    store: Store, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the server they share; nothing of it is written down there."""
    monkeypatch.setattr(presence_sharing, "LOOK_AGAIN_SECONDS", 0.05)
    async with stores.opened(database) as other, asyncio.TaskGroup() as tasks, asyncio.timeout(10):
        for one in (store, other):
            tasks.create_task(presence_sharing.share(one, lambda: NOW))
        with other.hub.subscribe(Presence.TOPIC) as news:
            while not other.hub.presence.of(NOW, besides=""):
                store.hub.presence.stops_writing("t1", MAIJA[0], NOW)  # until the other one listens
                store.hub.presence.writes("t1", *MAIJA, NOW, to_asker="Maija")
                await news.wait(0.1)
        seen = other.hub.presence.writer_to_asker("t1", NOW)
        for one in (store, other):
            one.hub.stop()

    assert seen == "Maija"
