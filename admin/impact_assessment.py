"""The impact assessment (GDPR, Article 35) as Markdown, for whoever answers for the service to finish.

What `service.yaml` and the settings tell is filled in; what only the owner can say stands as a blank, "[… what]", and
the document ends with the list of them. Its words are in `impact_assessment.fi.md`, `….sv.md` and `….en.md`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from babel.dates import get_day_names
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.profile import WEEKDAYS, ServiceProfile
from knowledge.entry import Language

HERE = Path(__file__).parent


def document(profile: ServiceProfile, language: Language, *, has_telegram: bool, widget_origins: Sequence[str]) -> str:
    """The assessment of the service that *profile* describes, with the channels it is reached by."""
    blanks: list[str] = []

    def blank(what: str) -> str:
        blanks.append(what)
        return f"[… {what}]"

    templates = Environment(
        loader=FileSystemLoader(HERE),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown, for a file: no browser reads it as HTML
        trim_blocks=True,
    )
    filled_in = values(profile, language, has_telegram=has_telegram, widget_origins=widget_origins)
    # The list of blanks is the last thing in a template: it is complete when it is written.
    return templates.get_template(f"impact_assessment.{language}.md").render(filled_in, blank=blank, blanks=blanks)


def values(
    profile: ServiceProfile, language: Language, *, has_telegram: bool, widget_origins: Sequence[str]
) -> Mapping[str, object]:
    """What a template is told, by name; empty is what the owner hasn't said yet."""
    unsaid = profile.to_be_filled()
    said = {
        "controller": profile.controller.name[language] if f"controller.name.{language}" not in unsaid else "",
        "contact": profile.controller.contact[language] if f"controller.contact.{language}" not in unsaid else "",
        "feedback": profile.feedback_email if "feedback_email" not in unsaid else "",
        "name": profile.name,
        "region": profile.region,
        "crisis_texts_approved_by": profile.crisis.approved_by,
    }
    return {
        **{name: _in_a_cell(text) for name, text in said.items()},
        **profile.retention.model_dump(),
        "hours": _hours_in_words(profile, language),
        "promise_hours": format_decimal(profile.promise_hours, locale=language),
        "has_telegram": has_telegram,
        "widget_origins": ", ".join(widget_origins),
    }


def _in_a_cell(text: str) -> str:
    """*text* on one line, with nothing in it that would end a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def _hours_in_words(profile: ServiceProfile, language: Language) -> str:
    """Such as "ma 9.00–16.00, pe 9.00–15.00", in the week's order."""
    names = get_day_names("abbreviated", locale=language)
    between = ":" if language == "en" else "."
    days = []
    for number, weekday in enumerate(WEEKDAYS):
        if opening := profile.opening_hours.get(weekday):  # type: ignore[call-overload]
            opens, closes = (f"{moment.hour}{between}{moment:%M}" for moment in opening)
            days.append(f"{names[number]} {opens}–{closes}")
    return ", ".join(days)
