"""Who looks at a ticket and who writes in it: true while it is true, for a minute at most, and never a claim."""

from datetime import timedelta

from bot.store.live import Hub
from bot.store.presence import LASTS, Presence
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
    presence.stops_writing("t1", MAIJA[0])
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
            lambda: presence.stops_writing("t1", MAIJA[0]),
            lambda: presence.stops_writing("t1", MAIJA[0]),
            lambda: presence.looks("t1", *MAIJA, NOW + LASTS * 2),
        ):
            act()
            woken.append(await news.wait(0))

    assert woken == [True, False, True, False, True, False, True]
