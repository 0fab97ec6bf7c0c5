"""`python -m tests.torture.careless_koppi serve`: the service on an SQLite that does not sync its commits.

The control of the power cuts: what survives them with this, too, has not been tried.
"""

from admin import cli
from bot.store.engine import SQLITE_PRAGMAS

if __name__ == "__main__":
    SQLITE_PRAGMAS["synchronous"] = 1  # NORMAL
    cli.main()
