"""Find a Chromium for the browser tests; with `--install`, get one when this machine has none.

Prints the path of the browser. `--install` says nothing when one is found, since it runs before every test.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# The headless shell is the same browser without a desktop's weight: half the processor time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
OWN_FILES = (  # inside Playwright's folder
    "chromium_headless_shell-*/chrome-headless-shell-*/chrome-headless-shell",
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
)


def find() -> Path | None:
    """The browser named by KOPPI_BROWSER, else one of the machine, else Playwright's own; None without any."""
    return next(_candidates(), None)


def _candidates() -> Iterator[Path]:
    named = os.environ.get("KOPPI_BROWSER")
    if named:
        found = shutil.which(named)
        if found is None:
            raise SystemExit(f"KOPPI_BROWSER names {named}, which can't be run.")
        yield Path(found)
    for name in NAMES:
        # A snap's browser can't read test files outside the home folder, and Ubuntu's package is only a door to it.
        if (found := shutil.which(name)) and not Path(found).resolve().is_relative_to("/snap"):
            yield Path(found)
    if MAC.exists():
        yield MAC
    for pattern in OWN_FILES:
        yield from sorted(_playwright_folder().glob(pattern), reverse=True)


def _playwright_folder() -> Path:
    if path := os.environ.get("PLAYWRIGHT_BROWSERS_PATH"):
        return Path(path)
    caches = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return caches / "ms-playwright"


def install() -> Path:
    """A browser that was not there before: Playwright's download, or Debian's package where that can't be had."""
    print("No Chromium on this machine. Downloading Playwright's (about 120 MB) …", flush=True)
    if _run(sys.executable, "-m", "playwright", "install", "--only-shell", "chromium") and (found := find()):
        return found
    if shutil.which("apt-get") is None:
        raise SystemExit("The download failed. Install Chromium or Chrome, or name it in KOPPI_BROWSER.")
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    print("The download failed. Installing Debian's package with apt-get …", flush=True)
    _run(*as_root, "apt-get", "-qq", "update")
    install = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "install", "-y"]
    for package in ("chromium-headless-shell", "chromium"):
        if _run(*install, "--no-install-recommends", package) and (found := find()):
            return found
    raise SystemExit("apt-get could not install it. Run `sudo apt-get install chromium`, or name one in KOPPI_BROWSER.")


def _run(*command: str) -> bool:
    """Whether *command* succeeded; what it prints is shown only when it didn't."""
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"  {error}", flush=True)
        return False
    if done.returncode != 0:
        print(*(f"  {line}" for line in (done.stdout + done.stderr).splitlines()[-5:]), sep="\n", flush=True)
    return done.returncode == 0


def main() -> None:
    """Print the browser's path, or install one silently when there is one already."""
    browser = find()
    if "--install" in sys.argv[1:]:
        if browser is None:
            print(f"The browser tests will use {install()}", flush=True)
    elif browser is None:
        raise SystemExit("No Chromium or Chrome on this machine; try --install.")
    else:
        print(browser)


if __name__ == "__main__":
    main()
