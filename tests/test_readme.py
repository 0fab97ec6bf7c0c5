"""The README tells the truth: what it does not name, nobody finds; what it names must exist."""

import re
from pathlib import Path

import click
import pytest

from admin.cli import main
from bot.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_stands_in_the_readme_with_its_default_and_meaning(name: str) -> None:
    """An operator sets nothing that they haven't read of."""
    row = re.search(rf"^\| `KOPPI_{name.upper()}` \| (.+?) \| (.+?) \|$", README, re.MULTILINE)

    assert row is not None
    default = Settings.model_fields[name].default
    shown = row[1].strip("`").removeprefix("./")
    assert shown == ("–" if default is None else str(default))
    assert len(row[2]) > 20


def _commands(group: click.Group, before: str = "koppi") -> list[str]:
    found = []
    for name, command in group.commands.items():
        inner = _commands(command, f"{before} {name}") if isinstance(command, click.Group) else [f"{before} {name}"]
        found.extend(inner)
    return found


@pytest.mark.parametrize("command", _commands(main))
def test_every_command_stands_in_the_readme(command: str) -> None:
    """A command nobody knows of might as well not be there."""
    assert f"`{command}" in README


@pytest.mark.parametrize("name", re.findall(r"`(koppi [a-z]+(?: [a-z]+)?)", README))
def test_every_command_the_readme_names_exists(name: str) -> None:
    """A command that is only promised sends people in circles."""
    assert any(command == name or command.startswith(name + " ") for command in _commands(main)) or name in {
        command.rsplit(" ", 1)[0] for command in _commands(main)
    }


@pytest.mark.parametrize("path", re.findall(r"\]\(((?!http)[^)]+)\)", README))
def test_every_picture_and_page_the_readme_shows_is_there(path: str) -> None:
    """A broken picture is the first thing a stranger would see."""
    assert (ROOT / path).is_file()
