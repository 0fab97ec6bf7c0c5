"""The FAQ by topic, for who doesn't know what to ask: categories, the entries of one, and what others ask. Pure."""

from collections.abc import Sequence

from bot import wording
from bot.dialogue import Button, Reply, Signals
from knowledge.entry import Entry, Language

BUTTONS_A_PAGE = 8
_TITLES_A_PAGE = BUTTONS_A_PAGE - 2  # beside "more" and "back"


def topics(signals: Signals, language: Language, page: int = 0) -> Reply:
    """The categories as buttons, what others ask before them."""
    buttons = [Button("topic", _category_name(id_, language), f"{id_}:0") for id_ in _categories(signals)]
    if popular_entries(signals):
        buttons.insert(0, Button("popular", wording.say(language, wording.BUTTON_POPULAR)))
    buttons.insert(0, Button("situations", wording.say(language, wording.BUTTON_SITUATIONS), "0"))
    return Reply(wording.say(language, wording.TOPICS), paged(buttons, page, language, more="topics", prefix=""))


def entries_of(signals: Signals, language: Language, place: str) -> Reply | None:
    """One page of a category's entries; *place* is "category:page". None when there is no such category now."""
    category, _, number = place.partition(":")
    entries = [entry for entry in signals.entries.values() if entry.category == category]
    if not entries:
        return None
    buttons = sorted(_openers(entries, language), key=lambda button: button.label.casefold())
    title = f"**{_category_name(category, language)}**"
    shown = paged(buttons, page_number(number), language, more="topic", prefix=f"{category}:", leads_back=True)
    return Reply(title, shown)


def popular(signals: Signals, language: Language) -> Reply | None:
    """What has been asked most lately; None when nothing was asked often enough to be told."""
    entries = popular_entries(signals)
    if not entries:
        return None
    back = Button("topics", wording.say(language, wording.BUTTON_BACK), "0")
    return Reply(wording.say(language, wording.POPULAR), (*_openers(entries, language)[:_TITLES_A_PAGE], back))


def popular_entries(signals: Signals) -> list[Entry]:
    """The entries asked most, of those that are still there."""
    return [signals.entries[id_] for id_ in signals.popular if id_ in signals.entries]


def page_number(text: str) -> int:
    """The page that a button's value names; the first for anything else."""
    return int(text) if text.isascii() and text.isdigit() else 0


def _categories(signals: Signals) -> list[str]:
    """Those with entries: the known ones in the order of `wording`, then any that an owner has added."""
    there = {entry.category for entry in signals.entries.values()}
    return [*(id_ for id_ in wording.CATEGORIES if id_ in there), *sorted(there - wording.CATEGORIES.keys())]


def _category_name(category: str, language: Language) -> str:
    known = wording.CATEGORIES.get(category)
    return wording.say(language, known) if known else category.replace("-", " ").capitalize()


def _openers(entries: Sequence[Entry], language: Language) -> list[Button]:
    return [Button("open", entry.text(language)[0], entry.id) for entry in entries]


def paged(
    buttons: Sequence[Button], page: int, language: Language, *, more: str, prefix: str, leads_back: bool = False
) -> tuple[Button, ...]:
    """One page of *buttons*, with the way on and the way back as far as there is one."""
    if len(buttons) + leads_back <= BUTTONS_A_PAGE:
        page, shown, is_last = 0, buttons, True
    else:
        page = min(page, (len(buttons) - 1) // _TITLES_A_PAGE)
        end = (page + 1) * _TITLES_A_PAGE
        shown, is_last = buttons[page * _TITLES_A_PAGE : end], end >= len(buttons)
    ways = []
    if not is_last:
        ways.append(Button(more, wording.say(language, wording.BUTTON_MORE), f"{prefix}{page + 1}"))
    if page:
        ways.append(Button(more, wording.say(language, wording.BUTTON_BACK), f"{prefix}{page - 1}"))
    elif leads_back:
        ways.append(Button("topics", wording.say(language, wording.BUTTON_BACK), "0"))
    return (*shown, *ways)
