"""One question on its way through the whole bot, Telegram included, on both databases."""

from tests.support.knowledge import KNOWN, UNKNOWN
from tests.support.koppi import Koppi


async def test_a_known_question_is_answered_with_its_source(koppi: Koppi) -> None:
    """The bot's first duty: an answer at once, and where it comes from."""
    answer = await koppi.asks(KNOWN)

    assert answer.text.startswith("Asumistukea haetaan Kelasta.")
    assert "Tarkistettu 1.11.2026" in answer.text
    assert [entity.url for entity in answer.entities if entity.url] == ["https://example.org/asumistuki"]
    assert answer.labels == ["Auttoi", "Ei auttanut", "Kysy ihmiseltä"]


async def test_an_unknown_question_is_offered_to_a_person_and_sent_only_by_the_askers_tap(koppi: Koppi) -> None:
    """Nothing goes to a person unasked; the reply comes back to the same chat."""
    offer = await koppi.asks(UNKNOWN)

    assert offer.labels == ["Lähetä: raha ja arki", "Lähetä: työ ja opinnot", "Älä lähetä"]
