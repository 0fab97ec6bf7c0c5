"""What `python -m tests.bench` is asked for: a slip of the finger must not start another table, of many minutes."""

import pytest

from tests.bench import growth, pace
from tests.bench.__main__ import chosen, main


def test_a_table_is_chosen_by_its_name_and_what_it_does_not_know_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """`--grwoth` measured something else, for minutes, and looked as if it had been obeyed."""
    assert chosen([]) is main
    assert chosen(["--growth", "--sqlite"]) is growth.main
    assert chosen(["--pace", "--postgresql", "--quick"]) is pace.main
    for wrong in (["--grwoth"], ["--growth", "--quick"], ["--sqlite"], ["--pace", "--growth"], ["growth"]):
        with pytest.raises(SystemExit, match="2"):
            chosen(wrong)
    assert "--growth [--sqlite] [--postgresql]" in capsys.readouterr().err
