"""What can be done by hand? `python -m localdev reset` deletes the local data, `fast-forward` has days go by in seconds."""

import argparse
import fcntl
import sys
import time

from localdev import fast_forward
from localdev.console import LocalError, complain, say
from localdev.emulator import SAVE_SECONDS
from localdev.processes import Process
from localdev.state import State


def reset() -> int:
    state = State.of_checkout()
    state.create()
    with state.lifetime_lock.open("a+") as lock:
        deadline = time.monotonic() + SAVE_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                lock.seek(0)
                keeper = Process.parse(lock.read())
            if keeper is not None:
                keeper.terminate()
            if time.monotonic() > deadline:
                complain(f"The emulator does not end. End process {keeper} and try again.")
                return 1
            time.sleep(0.1)
        state.delete_data()
    say(f"Deleted the local data in {state.root}. The next start makes new demo data.")
    if state.owners():
        say("A server is running: it starts again by itself, with new demo data.")
    return 0


def forward(days: int, *, heartbeat: bool) -> int:
    try:
        fast_forward.run(days, heartbeat=heartbeat)
    except LocalError as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        complain("Stopped. What was done is kept.")
        return 130
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m localdev")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("reset", help="delete the local data")
    walk = commands.add_parser("fast-forward", help="have all jobs of the last days done now, each at its time")
    walk.add_argument("--days", type=int, choices=range(1, 366), metavar="1..365", default=7, help="default: 7")
    walk.add_argument(
        "--no-heartbeat", action="store_true", help="leave out the 288 heartbeats a day, most of the work"
    )
    words = parser.parse_args()
    return reset() if words.command == "reset" else forward(words.days, heartbeat=not words.no_heartbeat)


if __name__ == "__main__":
    sys.exit(main())
