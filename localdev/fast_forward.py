"""`python -m localdev fast-forward`: run the jobs of the last days in seconds, with the clock moved from slot to slot."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread
from typing import Any

from localdev import environment, keep_bytecode_out_of_the_checkout, replay, server, startup
from localdev.console import print_info
from localdev.past_runs import PastRuns
from localdev.processes import Process
from localdev.server import Address


def run(days: int, *, heartbeat: bool, verbose: bool) -> None:
    """Run the jobs of the last days on this checkout's local data. Raises LocalError."""
    keep_bytecode_out_of_the_checkout()
    startup.quiet_library_logs()
    address = server.free_address()
    os.environ[environment.API_URL] = f"{address.url}/graphql"  # the heartbeat checks the server of this process
    state, _ = startup.connect(Process.current(), address, reloaded=False)
    startup.provision(state)
    from app import app

    with serve(app, address):
        run_past(app, days, heartbeat=heartbeat, verbose=verbose)


def run_past(app: Any, days: int, *, heartbeat: bool, verbose: bool) -> None:
    from chalicelib import clock

    now = clock.now()
    since = now - timedelta(days=days)
    runs = PastRuns(app, since, now, heartbeat_since=since if heartbeat else now)
    events = list(runs.events())
    seconds = replay.play(events, f"Running the jobs of {days} days", verbose=verbose)
    print_info(f"\n{days} days, {len(events)} firings in {seconds:.0f} s:")
    for line in runs.summary():
        print_info(line)


@contextmanager
def serve(app: Any, address: Address) -> Iterator[None]:
    """Serve HTTP in this process, where the clock is moved."""
    from chalice.config import Config
    from chalice.local import ChaliceRequestHandler, create_local_server

    log_message, ChaliceRequestHandler.log_message = ChaliceRequestHandler.log_message, lambda *_: None
    http = create_local_server(app, Config.create(), address.host, address.port).server
    thread = Thread(target=http.serve_forever, name="http", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ChaliceRequestHandler.log_message = log_message
        http.shutdown()
        http.server_close()
        thread.join()
