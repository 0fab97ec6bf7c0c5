"""For who doesn't know what to ask: cards of situations in life, each with questions to begin from. Pure."""

from bot import wording
from bot.browsing import page_number, paged
from bot.dialogue import Button, Reply
from knowledge.entry import Language
from knowledge.situations import situations


def way_in(language: Language) -> Button:
    """The button that leads to the cards."""
    return Button("situations", wording.say(language, wording.BUTTON_SITUATIONS), "0")


def cards(language: Language, place: str, *, is_in_danger: bool = False) -> Reply:
    """One page of the cards, by its number in *place*; where help is at once before them for who *is_in_danger*."""
    buttons = [Button("situation", card.title[language], id_) for id_, card in situations().items()]
    shown = paged(buttons, page_number(place), language, more="situations", prefix="")
    return Reply(_with_care(wording.SITUATIONS, language, cares=is_in_danger), shown)


def questions(language: Language, channel: str, situation_id: str, *, is_in_danger: bool = False) -> Reply | None:
    """One card: its questions to ask, or on the web to edit first; and the ways past them. None when there is none."""
    card = situations().get(situation_id)
    if card is None:
        return None
    lead = f"**{card.title[language]}**\n\n{card.lead[language]}"
    hint = wording.say(language, wording.EDIT_THE_QUESTION if channel == "web" else wording.PRESS_THE_QUESTION)
    drafts = [Button("draft", question.text(language), question.text(language)) for question in card.questions]
    ways = (
        Button("own", wording.say(language, wording.BUTTON_OWN_WORDS)),
        Button("person", wording.say(language, wording.BUTTON_PERSON)),
        Button("situations", wording.say(language, wording.BUTTON_BACK), "0"),
    )
    text = _with_care(lead, language, cares=card.care or is_in_danger)
    return Reply(f"{text}\n\n{hint}", (*drafts, *ways))


def _with_care(sentence: str, language: Language, *, cares: bool) -> str:
    words = wording.say(language, sentence)
    return f"{wording.say(language, wording.GENTLE_LINE)}\n\n{words}" if cares else words
