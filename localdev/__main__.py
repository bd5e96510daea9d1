"""What can be done by hand? `python -m localdev reset` deletes the local data."""

import fcntl
import sys
import time

from localdev.console import complain, say
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


def main() -> int:
    if sys.argv[1:] == ["reset"]:
        return reset()
    complain("usage: python -m localdev reset")
    return 2


if __name__ == "__main__":
    sys.exit(main())
