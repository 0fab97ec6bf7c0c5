"""The reckoning of a fault run notices what it is there to notice: else a clean table would prove nothing."""

from collections import Counter
from dataclasses import replace

from tests.torture.ledger import Arrival, Handled, Kept, Row, Seen, reckon

CRISIS = "Soita 112."
UPDATE, CRY = ("telegram", "7"), ("telegram", "8")
TOLD = Row(1, frozenset({"Kelasta."}), "sent", number=11)
HELPED = Row(2, frozenset({CRISIS}), "sent", number=12)


def seen(*arrivals: Arrival) -> Seen:
    """Two updates, one a cry for help; an advisor's reply that was acknowledged; what arrived in the one chat."""
    return Seen(
        {UPDATE, CRY}, {"5": arrivals}, Counter([("reply", "t")]), ["Hei, täällä Väinö."], {CRY: "5"}, deaf=set()
    )


def kept(*rows: Row, **changed: object) -> Kept:
    """The database of a world where all went well but for what is *changed*."""
    inbox = {
        UPDATE: Handled("done", "answer", 1, [("sent", "Kelasta.")]),
        CRY: Handled("done", "crisis", 1, [("sent", CRISIS)]),
    }
    well = Kept(inbox, set(), {"5": rows}, Counter([("reply", "t")]), Counter(["Hei, täällä Väinö."]))
    return replace(well, **changed)  # type: ignore[arg-type]


ARRIVED = [Arrival(11, "Kelasta."), Arrival(12, CRISIS)]


def test_a_world_where_all_went_well_has_nothing_to_find() -> None:
    """What was cut off and came twice is counted, not blamed; what Telegram refused is shown to the staff."""
    cut_off = replace(TOLD, attempts=2, uncertain=True, number=13)
    given_up = Row(3, frozenset({"Hei."}), "failed", 2, uncertain=True, reason="perhaps delivered: stopped twice")
    again = reckon(seen(*ARRIVED, Arrival(13, "Kelasta.")), kept(cut_off, HELPED), [CRISIS])
    after = reckon(seen(Arrival(11, "Hei."), Arrival(14, "Hei.")), kept(given_up), [CRISIS])
    never = reckon(seen(), kept(replace(given_up, reason="blocked")), [CRISIS])
    well = reckon(seen(*ARRIVED), kept(TOLD, HELPED), [CRISIS])

    assert (well.faults, well.explained, well.failed) == ([], 0, 0)
    assert (again.faults, again.explained) == ([], 1)
    assert (after.faults, after.failed, after.missed, after.explained) == ([], 1, 0, 1)
    assert (never.faults, never.failed, never.missed) == ([], 1, 1)


def test_what_is_lost_anywhere_on_its_way_is_found() -> None:
    """An update, a decision, a reply, a delivery, an advisor's act, a cry for help: each has its own way to vanish."""
    there = kept(TOLD, HELPED)
    without_update = replace(there, inbox={CRY: there.inbox[CRY]})
    undecided = replace(there, inbox={**there.inbox, UPDATE: Handled("open", None, 0)})
    without_reply = replace(there, inbox={**there.inbox, UPDATE: Handled("done", "answer", 2, [("sent", "Kelasta.")])})
    slowed = replace(there, inbox={**there.inbox, CRY: Handled("done", "slowed", 0)})
    unhelped = replace(there, inbox={**there.inbox, CRY: Handled("done", "crisis", 1, [("failed", CRISIS)])})
    waiting = kept(replace(TOLD, state="queued", number=None), HELPED)

    def lost(kept: Kept, *arrivals: Arrival) -> list[str]:
        return reckon(seen(*(arrivals or ARRIVED)), kept, [CRISIS]).lost

    assert lost(without_update) == ["never kept: telegram 7"]
    assert lost(replace(without_update, quarantine={UPDATE})) == []
    assert lost(undecided) == ["never decided: telegram 7"]
    assert lost(without_reply) == ["a reply of 2 is missing: telegram 7"]
    assert lost(there, ARRIVED[1]) == ["recorded as sent and never arrived: outbox 1"]
    assert lost(waiting, ARRIVED[1]) == ["still queued: outbox 1"]
    assert lost(replace(there, audit=Counter())) == ["an acknowledged reply is not in the audit: t"]
    assert lost(replace(there, replies=Counter())) == ["acknowledged reply 0 is there 0 times"]
    assert lost(slowed) == ["a cry for help was answered with slowed: telegram 8"]
    assert lost(unhelped) == ["a cry for help was answered with crisis: telegram 8"]
    assert lost(replace(there, unfinished=["web 3"])) == ["still waits: web 3"]


def test_what_is_doubled_or_out_of_order_is_found() -> None:
    """A second copy that nothing explains, a second reply row, an advisor's words twice, an answer before its time."""
    there = kept(TOLD, HELPED)
    twice = replace(
        there, inbox={**there.inbox, UPDATE: Handled("done", "answer", 1, [("sent", "Kelasta."), ("sent", "Kelasta.")])}
    )
    swapped = reckon(seen(ARRIVED[1], ARRIVED[0]), there, [CRISIS])
    care, after = replace(HELPED, is_urgent=True), Row(3, frozenset({"Hei."}), "sent", number=13)
    cared = reckon(seen(ARRIVED[1], ARRIVED[0]), kept(TOLD, care), [CRISIS])
    late = reckon(seen(ARRIVED[0], Arrival(13, "Hei."), ARRIVED[1]), kept(TOLD, care, after), [CRISIS])
    around = reckon(seen(Arrival(13, "Hei."), ARRIVED[1], ARRIVED[0]), kept(TOLD, care, after), [CRISIS])
    third = kept(replace(TOLD, attempts=2, uncertain=True, number=14), HELPED)

    def doubled(kept: Kept, *more: Arrival) -> list[str]:
        return reckon(seen(*ARRIVED, *more), kept, [CRISIS]).doubled

    assert doubled(there, Arrival(13, "Kelasta.")) == ["arrived without an explanation: message 13 of chat 5"]
    assert doubled(third, Arrival(13, "Kelasta."), Arrival(14, "Kelasta.")) == [
        "arrived without an explanation: message 13 of chat 5"
    ]
    assert doubled(twice) == ["a reply more than the 1 decided: telegram 7"]
    assert doubled(replace(there, replies=Counter({"Hei, täällä Väinö.": 2}))) == [
        "acknowledged reply 0 is there 2 times"
    ]
    assert swapped.inversions == ["out of order: messages 0 and 1 of chat 5"]
    assert cared.inversions == [], "the reply to a danger may overtake"
    assert late.inversions == ["out of order: messages 1 and 2 of chat 5"], "and nothing may overtake it"
    assert around.inversions == ["out of order: messages 0 and 2 of chat 5"], "nor each other around it"
