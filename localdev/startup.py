"""In which order does a server under `chalice local` get what it needs?"""

import logging
import os
import sys
import threading
from typing import Any

from localdev import backend, banner, environment, server
from localdev.console import LocalError, fail, leave, say
from localdev.emulator import VERSION
from localdev.environment import Jobs
from localdev.processes import Process, in_our_group, on_parent_gone
from localdev.state import State


def begin() -> None:
    if os.name != "posix":
        fail("It runs on Linux and macOS; on Windows use WSL.")
    worker = os.environ.get("CHALICE_WORKER") == "true"
    owner = _reloader() if worker else Process.current()
    try:
        _begin(owner, worker=worker)
    except LocalError as error:
        fail(str(error))


def _reloader() -> Process:
    """Who outlives the workers that it starts. Asked for once: when it is killed, another becomes our parent."""
    pid = os.getppid()
    reloader = Process.find(pid)
    if reloader is None or not in_our_group(pid):
        leave(0)  # it was killed already, while this worker started, and that parent adopts orphans
    # Chalice leaves its worker behind when the reloader is killed, and with it the port.
    on_parent_gone(pid, lambda: leave(0))
    return reloader


def _begin(owner: Process, *, worker: bool) -> None:
    quieten_logs()
    address = server.address()
    server.check_port(address)
    server.improve_http_server(address)
    state, chosen = connect(owner, address, reloaded=worker)
    provision(state)
    _greet(address, owner, state, chosen)


def connect(owner: Process, address: server.Address, *, reloaded: bool) -> tuple[State, str | None]:
    """Set the environment for a server at `address`, with an emulator that answers; the developer's own one, if any."""
    if "chalicelib.settings" in sys.modules:
        raise LocalError("chalicelib was imported before localdev.start(), so it has read another environment.")
    chosen = environment.prepare(os.environ, address.host)
    os.environ.setdefault(environment.API_URL, f"{address.url}/graphql")
    state = State.of_checkout()
    if chosen is None:
        running = backend.connect(state, owner)
        backend.watch(state, running, reloaded=reloaded)
        os.environ[environment.ENDPOINT] = running.endpoint
    return state, chosen


def provision(state: State) -> None:
    """Tables and queues, then demo data. chalicelib is imported only here, now that the environment is set."""
    from botocore.exceptions import BotoCoreError, ClientError
    from pynamodb.exceptions import PynamoDBException

    from chalicelib.jobs import queue
    from chalicelib.store.connection import create_tables
    from localdev import demo

    state.create()
    with state.locked("provision"):  # two servers started at once would both find a table missing
        try:
            create_tables()
            queue.create()
            demo.provide()
        except (BotoCoreError, ClientError, PynamoDBException) as error:
            endpoint = os.environ[environment.ENDPOINT]
            raise LocalError(f"No tables and queues could be made at {endpoint}: {error}") from error


def run_jobs(app: Any) -> None:
    """The schedules begin when the server answers, since the heartbeat asks it."""
    from localdev.queue_poller import Pump
    from localdev.ticker import Ticker

    mode = environment.jobs_mode(os.environ)
    if mode is not Jobs.OFF:
        Pump(app).start()
    if mode is Jobs.ALL:
        ticker, address = Ticker(app), server.address()

        def tick() -> None:
            address.wait_until_up()
            ticker.run()

        threading.Thread(target=tick, name="ticker", daemon=True).start()


def _greet(address: server.Address, owner: Process, state: State, chosen: str | None) -> None:
    endpoint = os.environ[environment.ENDPOINT]
    if not state.first_word_to(owner):
        say(banner.short(address, endpoint))
        return
    say(
        banner.full(
            address,
            endpoint=endpoint,
            emulator=f"MiniStack {VERSION}, an emulator," if chosen is None else "your AWS_ENDPOINT_URL",
            data=banner.kept_data(state.root) if chosen is None else "kept by that emulator",
            jobs=environment.jobs_mode(os.environ),
            is_open=os.environ.get("CRM_OPEN_ACCESS", "").lower() in {"1", "true", "yes", "on"},
        )
    )


def quieten_logs() -> None:
    """`chalice local` sets the root logger to INFO, and these speak there of each client."""
    for name in ("boto3", "botocore", "pynamodb", "urllib3", "faker"):
        logging.getLogger(name).setLevel(logging.WARNING)
