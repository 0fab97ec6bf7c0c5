"""The comparison with other searches tells who is ahead, and by how much for certain."""

from knowledge.comparing import OURS, Found, as_table, compare
from knowledge.questions import Question

ASKED = [
    Question(f"kysymys {number}", "a", frozenset({"b"} if number % 2 else ()), "spoken", "x") for number in range(40)
]


def test_a_search_is_measured_question_by_question_against_ours() -> None:
    """Two shares with their own intervals don't tell whether one search is better: the same questions do."""
    ours = Found([("a", "c")] * 40, 1.5)
    compared = compare(
        ASKED,
        ours,
        {
            "as good": Found([("b", "a") if number % 2 else ("a",) for number in range(40)], 0.1),
            "late": Found([("c", "d", "a")] * 20 + [()] * 20, 30.0),
        },
    )

    assert list(compared) == [OURS, "as good", "late"]
    assert compared[OURS].recall_1.share == compared["as good"].recall_3.share == 1.0
    assert (compared["as good"].ahead.share, compared["as good"].ahead.high) == (0.0, 0.0)
    assert (compared["late"].recall_1.share, compared["late"].recall_3.share) == (0.0, 0.5)
    assert compared["late"].ahead.low == 1.0
    table = as_table(compared).splitlines()
    assert table[2].startswith(f"| {OURS} | 100.0%")
    assert table[2].endswith("|  | 1.5 |")
    assert "| 100.0% [100.0%, 100.0%] | 30.0 |" in table[4]
