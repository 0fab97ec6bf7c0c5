"""What an operator copies: it names what exists, and locks the service in."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from admin import health
from admin.cli import main
from bot.settings import Settings

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "deploy" / "koppi.service"
SETTINGS = {f"KOPPI_{name.upper()}" for name in Settings.model_fields}
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
CADDYFILE = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8")


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
    assert set(settings) <= SETTINGS


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


def instructions(name: str) -> list[str]:
    """What follows each *name* of the Dockerfile, in its order."""
    return re.findall(rf"^{name} (.+)$", DOCKERFILE, re.MULTILINE)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """What compose.yaml says, its anchors resolved."""
    read: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return read


def test_the_image_is_made_of_what_there_is_and_of_all_the_service_imports() -> None:
    """An image is built on a machine far away, and a package that was left out is missed at night."""
    copied = [name for line in instructions("COPY") if "--from" not in line for name in line.split()[:-1]]
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")} - {"tests"}

    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert packages <= set(copied)
    assert {line.removeprefix("!") for line in allowed if line.startswith("!")} == set(copied)
    assert "*" in allowed


def test_the_image_starts_a_command_there_is_as_nobody_much_and_asks_what_there_is() -> None:
    """Root in a container is root on the machine once anything else goes wrong."""
    (entry,), (command,), (check,) = (instructions(name) for name in ("ENTRYPOINT", "CMD", "HEALTHCHECK"))
    (user,), (port,) = instructions("USER"), instructions("EXPOSE")
    looked_at = re.findall(r"\}(/\w+)'", check)

    assert json.loads(entry) == ["koppi"]
    assert [part for part in json.loads(command) if part not in main.commands] == []
    assert f"useradd --system --uid 10001 --home-dir /var/lib/koppi --shell /usr/sbin/nologin {user}" in DOCKERFILE
    assert DOCKERFILE.index("\nUSER ") < DOCKERFILE.index("\nENTRYPOINT ")
    assert set(re.findall(r"KOPPI_\w+", DOCKERFILE)) <= SETTINGS
    assert int(port) == Settings.model_fields["port"].default
    assert looked_at == ["/healthz"]
    assert "/healthz" in {getattr(route, "path", None) for route in health.routes(None)}  # type: ignore[arg-type]


def test_compose_names_settings_files_and_ports_there_are(compose: dict[str, Any]) -> None:
    """Two processes, one door: the proxy asks where they listen, and they believe it alone."""
    services = compose["services"]
    ours = [service for name, service in services.items() if name.startswith("koppi-")]
    ports = {service["environment"]["KOPPI_PORT"] for service in ours}
    mounted = [
        source
        for service in services.values()
        for source, _, _ in (volume.partition(":") for volume in service["volumes"])
    ]

    assert len(ours) == len(ports) == 2
    assert {name for service in ours for name in service["environment"]} <= SETTINGS
    assert set(re.findall(r"127\.0\.0\.1:(\d+)", CADDYFILE)) == {str(port) for port in ports}
    assert {service["network_mode"] for service in ours} == {"service:caddy"}
    assert all(service["read_only"] and service["cap_drop"] == ["ALL"] for service in [*ours, services["caddy"]])
    assert {source for source in mounted if not source.startswith("./")} == set(compose["volumes"])
    assert (ROOT / "deploy" / "Caddyfile").is_file()
    assert "health_uri /healthz" in CADDYFILE


def test_the_proxy_writes_down_no_request() -> None:
    """Of what no process answers Caddy logs whose it was, its address with any token, and Telegram's secret."""
    options, _, site = CADDYFILE.partition("{$CHAT_HOST} {")

    assert re.search(r"log default \{\s+format filter \{\s+wrap json\s+fields \{\s+request delete\s+\}", options)
    assert not re.search(r"^\s*log\b", site, re.MULTILINE)
