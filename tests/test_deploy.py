"""What an operator copies: it names what exists, and locks the service in."""

import shutil
import subprocess
from pathlib import Path

import pytest

from admin.cli import main
from bot.settings import Settings

UNIT = Path(__file__).parents[1] / "deploy" / "koppi.service"


def lines(name: str) -> list[str]:
    """The unit's values of *name*."""
    unit = UNIT.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix(f"{name}=") for line in unit if line.startswith(f"{name}=")]


def test_the_unit_starts_a_command_there_is_with_settings_there_are() -> None:
    """A unit is tried last, on a machine far away."""
    (command,) = lines("ExecStart")
    settings = [line.partition("=")[0] for line in lines("Environment")]

    assert command.split()[0].endswith("/.venv/bin/koppi")
    assert command.split()[1] in main.commands
    assert {f"KOPPI_{name.upper()}" for name in Settings.model_fields} >= set(settings)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_reads_the_unit_and_finds_little_exposed(tmp_path: Path) -> None:
    """A misspelt setting is ignored with a word in a log that nobody reads."""
    unit = tmp_path / UNIT.name
    text = UNIT.read_text(encoding="utf-8").replace("/opt/koppi/.venv/bin/koppi", "/bin/true")
    unit.write_text(text, encoding="utf-8")
    read = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (read.returncode, read.stderr) == (0, "")
    assert judged.returncode == 0, judged.stdout[-300:]
