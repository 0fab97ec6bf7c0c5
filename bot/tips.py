"""One tip a week: what is said of it, how it is subscribed to, and how it looks. Pure."""

from bot import wording
from bot.dialogue import Button, Conversation, Decision, Happened, Reply, Signals, Subscribing
from knowledge.entry import Language

QUESTION = "tip"  # the verb of the button with the question that a tip ends with


def way_in(language: Language) -> Button:
    """The button that leads to what tips are."""
    return Button("tips", wording.say(language, wording.BUTTON_TIPS))


def decide(conversation: Conversation, verb: str, signals: Signals) -> Decision:
    """What follows from asking for *tips*, or from the taps to *subscribe* and to *unsubscribe*."""
    language, has_them = conversation.language, signals.gets_tips
    if verb == "subscribe":
        reply = Reply(wording.say(language, wording.TIPS_BEGUN), (_end_button(language),))
        news = () if has_them else (Happened("tips_begun"),)
        return Decision("tips", conversation, (reply,), events=news, subscribing=Subscribing("tips"))
    if verb == "unsubscribe":
        reply = Reply(wording.say(language, wording.TIPS_ENDED))
        news = (Happened("tip_left"),) if has_them else ()
        return Decision("tips", conversation, (reply,), events=news, subscribing=Subscribing("tips", ends=True))
    return Decision("tips", conversation, (_about(conversation, has_them=has_them),))


def message(tip_id: str, text: str, question: str, language: Language) -> Reply:
    """The tip as it is sent: its *text* is Markdown, its *question* one tap away, and so is the end of it all."""
    ask = Button(QUESTION, question, f"{tip_id} {question}")
    return Reply(f"**{wording.say(language, wording.TIP_TITLE)}**\n\n{text}", (ask, _end_button(language)))


def read_value(value: str) -> tuple[str, str]:
    """The tip's id and its question, of the button with the question."""
    tip_id, _, question = value.partition(" ")
    return tip_id, question


def _about(conversation: Conversation, *, has_them: bool) -> Reply:
    language = conversation.language
    if has_them:
        return Reply(wording.say(language, wording.TIPS_STAND), (_end_button(language),))
    sentences = [wording.TIPS_OFFER, *([wording.TIPS_ON_THE_WEB] if conversation.channel == "web" else [])]
    text = "\n\n".join(wording.say(language, sentence) for sentence in sentences)
    return Reply(text, (Button("subscribe", wording.say(language, wording.BUTTON_SUBSCRIBE_TIPS), "tips"),))


def _end_button(language: Language) -> Button:
    return Button("unsubscribe", wording.say(language, wording.BUTTON_END_TIPS), "tips")
