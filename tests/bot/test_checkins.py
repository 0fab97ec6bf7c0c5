"""The bot asks first only where somebody agreed to it; pure rules: what is chosen, when it may be, what follows."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot import checkins, wording
from bot.browsing import BUTTONS_A_PAGE
from bot.checkins import FORTNIGHT, MOMENTS, OUTCOMES, PutOff, day_of, fate
from bot.conversation import decide
from bot.dialogue import AgreeToBeAsked, Button, Command, Conversation, Decision, Plan, Press, State
from knowledge.entry import LANGUAGES
from knowledge.situations import situations
from tests.bot.test_conversation import NEW, NOW, OPEN, press, signals

TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)
AFTER_DANGER = replace(NEW, state=State(safety_until=NOW - 3 * DAY))


def tap(talk: Conversation, button: Button, message_id: int = 12) -> Decision:
    """What follows on pressing *button*."""
    return decide(talk, Press(button.verb, button.value, message_id), signals(), NOW)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_moment_is_chosen_by_two_taps_and_said_back_with_the_way_to_end_it(language: str) -> None:
    """Consent is the asker's own tap, to a day that is named; nothing is agreed to before it."""
    talk = replace(NEW, language=language)  # type: ignore[arg-type]
    menu = decide(talk, Command("muistuta"), signals(), NOW)
    assert (menu.asking, menu.kind) == (None, "asking")
    assert [button.value for button in menu.replies[0].buttons] == list(MOMENTS)
    for button in menu.replies[0].buttons:
        second = tap(talk, button)
        if second.asking is None:
            assert len(second.replies[0].buttons) == len(MOMENTS[button.value].whens) > 1
            second = tap(talk, second.replies[0].buttons[-1])
        assert second.asking is not None
        ((plan,), reply) = second.asking.plans, second.replies[0]
        assert (second.asking.kind, plan.what) == ("checkins", button.value)
        assert TODAY < plan.on <= TODAY + timedelta(days=366)
        assert [one.verb for one in reply.buttons] == ["endasks"]
        assert tap(talk, reply.buttons[0]).asking == AgreeToBeAsked("checkins")
        assert str(plan.on.day) in reply.text


def test_a_season_is_the_next_one_and_never_today() -> None:
    """In May "toukokuun lopussa" is this month; from that day on it is next year's."""
    assert day_of("may", date(2026, 5, 24)) == date(2026, 5, 25)
    assert day_of("may", date(2026, 5, 25)) == date(2027, 5, 25)
    assert day_of("month", date(2026, 12, 20)) == date(2027, 1, 19)
    assert day_of("nonsense", TODAY) is None
    for value in ("graduation:nonsense", "summer:tomorrow", ":", "x"):  # forged: the nearest thing that was offered
        plans = decide(NEW, Press("askat", value, 4), signals(), NOW).asking
        assert plans is None or plans.plans[0].on == day_of(MOMENTS[plans.plans[0].what].whens[0], TODAY)


def test_the_offer_comes_once_a_month_after_help_and_never_after_a_danger() -> None:
    """A question after every answer would be a nuisance; of a crisis nobody is asked what came of it."""
    helped = press(NEW, "yes", "cv")
    follow_up, later, *_ = helped.replies[0].buttons
    assert (follow_up.verb, later.verb) == ("followup", "asks")
    assert wording.OFFER_TO_ASK in helped.replies[0].text
    talk = replace(helped.conversation, state=replace(helped.conversation.state, rated_id=None))
    for days, is_offered in ((29, False), (30, True)):
        again = decide(talk, Press("yes", "cv", 13), signals(), NOW + days * DAY)
        assert (wording.OFFER_TO_ASK in again.replies[0].text) == is_offered
    assert press(AFTER_DANGER, "yes", "cv").replies[0].buttons == ()
    assert [button.verb for button in press(NEW, "yes", "kriisiapu").replies[0].buttons] == ["asks"]
    plans = tap(talk, follow_up).asking
    assert plans == AgreeToBeAsked("outcomes", (Plan("cv", TODAY + 14 * DAY), Plan("cv", TODAY + 30 * DAY)))


@pytest.mark.parametrize(
    ("kind", "talk", "last", "late", "expected"),
    [
        ("checkins", NEW, None, 0, "ask"),
        ("checkins", NEW, TODAY - FORTNIGHT, 0, "ask"),
        ("outcomes", NEW, TODAY - 13 * DAY, 0, PutOff(NOW + DAY)),
        ("checkins", NEW, TODAY, 0, PutOff(NOW + FORTNIGHT)),
        ("checkins", OPEN, None, 0, PutOff(NOW + DAY)),
        ("checkins", NEW, None, 30, "ask"),
        ("checkins", NEW, None, 31, "drop"),
        ("checkins", replace(NEW, state=State(safety_until=NOW)), None, 0, PutOff(NOW + timedelta(minutes=1))),
        ("outcomes", replace(NEW, state=State(safety_until=NOW)), None, 0, PutOff(NOW + timedelta(minutes=1))),
        ("checkins", AFTER_DANGER, None, 0, "ask"),
        ("outcomes", AFTER_DANGER, None, 0, "drop"),
        ("outcomes", replace(NEW, state=State(safety_until=NOW - 30 * DAY)), None, 0, "ask"),
    ],
)
def test_what_is_due_waits_for_its_turn(
    kind: str, talk: Conversation, last: date | None, late: int, expected: object
) -> None:
    """One a fortnight, none beside a person's answer or right after a danger, none when its time is long past."""
    assert fate(kind, Plan("later", TODAY - late * DAY), talk, last, NOW, TODAY) == expected


@pytest.mark.parametrize("moment", [*MOMENTS, "gone"])
def test_from_stuck_three_situations_and_a_draft_lead_on(moment: str) -> None:
    """A step that can be taken now, in words that can be edited; and one tap ends the asking."""
    asks = checkins.question("checkins", Plan(moment, TODAY), NEW, NOW)
    *feelings, end = asks.buttons
    good, stuck, ask = (tap(NEW, button) for button in feelings)
    verbs = [button.verb for button in stuck.replies[0].buttons]
    assert (verbs[:4], end.verb) == (["situation"] * 3 + ["draft"], "endasks")
    assert len(verbs) <= BUTTONS_A_PAGE
    assert {button.value for button in stuck.replies[0].buttons[:3]} <= set(situations())
    assert [button.verb for button in good.replies[0].buttons] == ["moment", "endasks"]
    assert [button.verb for button in ask.replies[0].buttons] == ["situations", "person"]
    assert [decision.events[0].kind for decision in (good, stuck, ask)] == [
        "checkin_good", "checkin_stuck", "checkin_ask",
    ]  # fmt: skip
    assert tap(stuck.conversation, feelings[0]).events == (), "a slipped thumb is counted once"


def test_within_a_month_of_a_danger_the_numbers_come_first() -> None:
    """And from "jumissa" the first way leads to the card of not coping."""
    asks = checkins.question("checkins", Plan("summer", TODAY), AFTER_DANGER, NOW)
    stuck = tap(AFTER_DANGER, asks.buttons[1]).replies[0]

    assert asks.text.startswith(wording.GENTLE_LINE)
    assert stuck.text.startswith(wording.GENTLE_LINE)
    assert stuck.buttons[0].value == "en-jaksa"


def test_what_came_of_it_is_told_by_one_tap_without_naming_the_matter() -> None:
    """Who else sees the phone learns nothing; the figures get the topic and the campaign, once."""
    asks = checkins.question("outcomes", Plan("paihteet", TODAY, "juliste"), NEW, NOW)
    assert "päih" not in asks.text.lower()
    for outcome, button in zip(OUTCOMES, asks.buttons, strict=False):
        told = tap(NEW, button)
        (event,) = told.events
        assert (event.kind, event.topic, event.campaign) == (f"outcome_{outcome}", "paihteet", "juliste")
        assert bool(told.replies[0].buttons) == (outcome == "not_yet")
        assert tap(told.conversation, button).events == ()
    for forged in ("rich:cv:", "", "job"):
        assert decide(NEW, Press("outcome", forged, 4), signals(), NOW).replies
