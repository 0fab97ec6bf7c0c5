"""What askers are told of their data: who answers for it and how long it is kept, as the owner's `service.yaml` has it.

The days come from the same place as those of the nightly job, so that what is told and what is done can't differ.
"""

from bot import wording
from bot.profile import ServiceProfile
from bot.wording import escape_markdown
from knowledge.entry import Language


def in_short(profile: ServiceProfile, language: Language) -> str:
    """The answer to /tietosuoja, as Markdown."""
    kept = profile.retention
    return wording.say(
        language,
        wording.PRIVACY,
        texts_days=str(kept.texts_days),
        texts_at_most_days=str(kept.texts_at_most_days),
        address_days=str(kept.address_days),
        controller=escape_markdown(profile.controller.name[language]),
        contact=escape_markdown(profile.controller.contact[language]),
    )
