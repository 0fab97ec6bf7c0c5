"""Questions that ask the same stand together, whoever reads them first."""

from knowledge.clusters import cluster
from tests.support.knowledge import SteadyKnowledge

TEXTS = [
    "saako iguaanin tuoda töihin",
    "miten haen asumistukea?",
    "voiko iguaanin tuoda kouluun",
    "mistä saan uimahallin liput",
    "iguaani mukaan töihin, saako?",
    "asumistuen hakeminen, miten?",
]


def test_like_questions_stand_together_the_largest_group_first(knowledge_base: SteadyKnowledge) -> None:
    """By their words where the FAQ knows nothing of it, and by what they are about where it does."""
    groups = cluster(TEXTS, knowledge_base.index)

    assert [sorted(group) for group in groups] == [[0, 2, 4], [1, 5], [3]]
    assert groups == cluster(TEXTS, knowledge_base.index)


def test_few_or_empty_questions_are_no_trouble(knowledge_base: SteadyKnowledge) -> None:
    """None, one, and such as have no word in them."""
    assert cluster([], knowledge_base.index) == []
    assert cluster(["?"], knowledge_base.index) == [(0,)]
    assert sorted(place for group in cluster(["?", "", "cv"], knowledge_base.index) for place in group) == [0, 1, 2]
