"""Commands for developers: `python -m localdev reset` deletes the local data, `fast-forward` runs past jobs, `break` and
`mend` let a job fail and work again.
"""

import argparse
import fcntl
import sys
import time

from localdev import breakage, fast_forward
from localdev.console import LocalError, print_error, print_info
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
                supervisor = Process.parse(lock.read())
            if supervisor is not None:
                supervisor.terminate()
            if time.monotonic() > deadline:
                print_error(f"The emulator does not stop. End process {supervisor}, then repeat this command.")
                return 1
            time.sleep(0.1)
        state.delete_data()
    print_info(f"Deleted the local data in {state.root}. The next start creates new demo data.")
    if state.owners():
        print_info("A running server restarts by itself, with new demo data.")
    return 0


def run_fast_forward(days: int, *, heartbeat: bool, verbose: bool) -> int:
    try:
        fast_forward.run(days, heartbeat=heartbeat, verbose=verbose)
    except LocalError as error:
        print_error(str(error))
        return 1
    except KeyboardInterrupt:
        print_error("Stopped. Finished runs are kept.")
        return 130
    return 0


def break_or_mend(job: str, *, broken: bool) -> int:
    try:
        breakage.change(job, broken=broken)
    except LocalError as error:
        print_error(str(error))
        return 2
    print_info(
        f"Each run of {job} fails from now on. Mend it: make mend JOB={job}" if broken else f"{job} works again."
    )
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m localdev")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("reset", help="delete the local data")
    forward_parser = commands.add_parser(
        "fast-forward", help="run all jobs of the last days now, each with the clock set to its time"
    )
    forward_parser.add_argument(
        "--days", type=int, choices=range(1, 366), metavar="1..365", default=7, help="default: 7"
    )
    forward_parser.add_argument(
        "--no-heartbeat", action="store_true", help="skip the heartbeat, which is most of the work (288 runs per day)"
    )
    forward_parser.add_argument("-v", "--verbose", action="store_true", help="show the log lines of the jobs")
    for name, help_text in (
        ("break", "let each run of a job fail, to try things out"),
        ("mend", "let the job work again"),
    ):
        commands.add_parser(name, help=help_text).add_argument("job")
    options = parser.parse_args()
    if options.command in {"break", "mend"}:
        return break_or_mend(options.job, broken=options.command == "break")
    if options.command == "reset":
        return reset()
    return run_fast_forward(options.days, heartbeat=not options.no_heartbeat, verbose=options.verbose)


if __name__ == "__main__":
    sys.exit(main())
