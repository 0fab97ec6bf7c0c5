"""`python -m tests.torture.wound_koppi serve`: the service with a clock that is wound from outside.

TORTURE_CLOCK names a file with the seconds by which its clock is ahead of this machine's; it is read again and again.
What the service looks at now and then it looks at every second, for nobody to wait half a minute after each turn.
"""

import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import time_machine

from admin import cli, run

FOLLOWS = 0.02  # seconds
TICKS = ("SUMMARY", "TIPS", "CHECKIN", "ADDING_UP", "RETENTION")


def main() -> None:
    """Serve in that time."""
    for name in TICKS:
        setattr(run, f"{name}_TICK_SECONDS", 1)
    file = Path(os.environ["TORTURE_CLOCK"])
    began = time.time() - time.monotonic()  # which nobody winds

    def now() -> datetime:
        return datetime.fromtimestamp(began + time.monotonic() + float(file.read_text(encoding="ascii")), UTC)

    def follow(clock: time_machine.Traveller) -> None:
        ahead = ""
        while True:
            if (read := file.read_text(encoding="ascii")) != ahead and read:
                ahead = read
                clock.move_to(now())
            time.sleep(FOLLOWS)

    with time_machine.travel(now(), tick=True) as clock:
        threading.Thread(target=follow, args=(clock,), daemon=True).start()
        cli.main()


if __name__ == "__main__":
    main()
