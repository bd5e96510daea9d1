"""The start of a server under `chalice local`: environment, emulator, tables, demo data, banner, jobs."""

import logging
import os
import sys
import threading

from localdev import banner, environment, server, shared_emulator
from localdev.console import LocalError, exit_process, exit_with_error, print_info
from localdev.emulator import VERSION
from localdev.environment import JobsMode
from localdev.lambda_events import ChaliceApp
from localdev.processes import Process, call_when_parent_ends, is_in_our_group
from localdev.state import State


def prepare_server() -> None:
    if os.name != "posix":
        exit_with_error("Use Linux, macOS, or WSL on Windows.")
    worker = os.environ.get("CHALICE_WORKER") == "true"
    owner = _find_reloader() if worker else Process.current()
    try:
        _prepare(owner, worker=worker)
    except LocalError as error:
        exit_with_error(str(error))


def _find_reloader() -> Process:
    """Return the reloader that started this worker. Call once: if it is killed, this process gets another parent."""
    pid = os.getppid()
    reloader = Process.find(pid)
    if reloader is None or not is_in_our_group(pid):
        exit_process(0)  # the reloader was killed while this worker started, and the parent is one that adopts orphans
    # When the reloader is killed, Chalice leaves its worker running, which keeps the port.
    call_when_parent_ends(pid, lambda: exit_process(0))
    return reloader


def _prepare(owner: Process, *, worker: bool) -> None:
    quiet_library_logs()
    address = server.parse_address()
    server.check_port(address)
    server.improve_http_server(address)
    state, chosen = connect(owner, address, reloaded=worker)
    provision(state)
    _print_banner(address, owner, state, chosen)


def connect(owner: Process, address: server.Address, *, reloaded: bool) -> tuple[State, str | None]:
    """Set the environment for a server at `address`. Return the state, and the developer's own emulator if one is set."""
    if "chalicelib.settings" in sys.modules:
        raise LocalError("chalicelib was imported before localdev.start() and has read the wrong environment.")
    chosen = environment.prepare_environment(os.environ, address.host)
    os.environ.setdefault(environment.API_URL, f"{address.url}/graphql")
    state = State.of_checkout()
    if chosen is None:
        running = shared_emulator.connect(state, owner)
        shared_emulator.watch(state, running, reloaded=reloaded)
        os.environ[environment.ENDPOINT] = running.endpoint
    return state, chosen


def provision(state: State) -> None:
    """Create tables, queues and demo data. chalicelib is imported only here, after the environment is set."""
    from botocore.exceptions import BotoCoreError, ClientError
    from pynamodb.exceptions import PynamoDBException

    from chalicelib.jobs import queue
    from chalicelib.store.connection import create_tables
    from localdev import demo

    state.create()
    with state.locked("provision"):  # two servers starting at once would both create a missing table
        try:
            create_tables()
            queue.create()
            demo.create_demo_data()
        except (BotoCoreError, ClientError, PynamoDBException) as error:
            endpoint = os.environ[environment.ENDPOINT]
            raise LocalError(f"Tables and queues could not be created at {endpoint}: {error}") from error


def run_jobs(app: ChaliceApp) -> None:
    """Start the queue poller and the ticker. The ticker waits for the server, because the heartbeat calls it."""
    from localdev.queue_poller import QueuePoller
    from localdev.ticker import Ticker

    mode = environment.read_jobs_mode(os.environ)
    if mode is not JobsMode.OFF:
        QueuePoller(app).start()
    if mode is JobsMode.ALL:
        ticker, address = Ticker(app), server.parse_address()

        def tick() -> None:
            address.wait_until_up()
            ticker.run()

        threading.Thread(target=tick, name="ticker", daemon=True).start()


def _print_banner(address: server.Address, owner: Process, state: State, chosen: str | None) -> None:
    endpoint = os.environ[environment.ENDPOINT]
    if not state.mark_greeted(owner):
        print_info(banner.format_reload_line(address, endpoint))
        return
    print_info(
        banner.format_banner(
            address=address,
            endpoint=endpoint,
            emulator=f"MiniStack {VERSION}, an emulator," if chosen is None else "your AWS_ENDPOINT_URL",
            data=banner.describe_data(state.root) if chosen is None else "kept by that emulator",
            jobs=environment.read_jobs_mode(os.environ),
            is_open=os.environ.get("CRM_OPEN_ACCESS", "").lower() in {"1", "true", "yes", "on"},
        )
    )


def quiet_library_logs() -> None:
    """Set library loggers to WARNING: `chalice local` sets the root logger to INFO."""
    for name in ("boto3", "botocore", "pynamodb", "urllib3", "faker"):
        logging.getLogger(name).setLevel(logging.WARNING)
