"""The start of a server under `chalice local`: environment, emulator, tables, demo data, banner, jobs."""

import logging
import os
import sys
import threading

from localdev import banner, environment, server, shared_emulator
from localdev.console import LocalError, exit_process, exit_with_error, print_error, print_info
from localdev.emulator import VERSION
from localdev.environment import JobsMode
from localdev.file_watch import watch_loaded_files_only
from localdev.kill_notice import report_when_killed
from localdev.lambda_events import ChaliceApp
from localdev.processes import Process, call_when_parent_ends, is_in_our_group
from localdev.state import RunningEmulator, State

WORKER_KILLED = (
    "The server has ended, because its worker process was stopped by a signal. "
    "The data is kept. Start the server again with `make local`."
)


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
    state, running = connect(owner, address, reloaded=worker)
    provision(state)
    state.publish_server(owner, address.url)
    _print_banner(address, owner, state, running)
    if worker:
        watch_loaded_files_only()
        report_when_killed(WORKER_KILLED)


def connect(owner: Process, address: server.Address, *, reloaded: bool) -> tuple[State, RunningEmulator | None]:
    """Set the environment for a server at `address`. Return no emulator if the developer has set another one."""
    if "chalicelib.settings" in sys.modules:
        raise LocalError("chalicelib was imported before localdev.start() and has read the wrong environment.")
    chosen = environment.prepare_environment(os.environ, address.host)
    os.environ.setdefault(environment.API_URL, f"{address.url}/graphql")
    state = State.of_checkout()
    if chosen is not None:
        return state, None
    running = shared_emulator.connect(state, owner)
    shared_emulator.watch(state, running, reloaded=reloaded)
    os.environ[environment.ENDPOINT] = running.endpoint
    return state, running


def provision(state: State) -> None:
    """Create tables, queues and demo data. chalicelib is imported only here, after the environment is set."""
    from botocore.exceptions import BotoCoreError, ClientError
    from pynamodb.exceptions import PynamoDBException

    from chalicelib.crm import stored_time_zone
    from chalicelib.jobs import queue, ses_events
    from chalicelib.store.connection import create_tables
    from localdev import demo

    state.create()
    with state.locked("provision"):  # two servers starting at once would both create a missing table
        try:
            create_tables()
            stored_time_zone.confirm()
            queue.create()
            ses_events.create()
            demo.create_demo_data()
        except stored_time_zone.OtherTimeZone as error:
            raise LocalError(f"{error}: `make reset` deletes the local data.") from error
        except (BotoCoreError, ClientError, PynamoDBException) as error:
            endpoint = os.environ[environment.ENDPOINT]
            raise LocalError(f"Tables and queues could not be created at {endpoint}: {error}") from error


def run_jobs(app: ChaliceApp) -> None:
    """Start the queue poller and the ticker. The ticker waits for the server, because the heartbeat calls it.

    Before that, the first start lets the demo shop work through its last weeks.
    """
    from localdev import breakage, demo_history
    from localdev.queue_poller import QueuePoller
    from localdev.ticker import Ticker

    mode = environment.read_jobs_mode(os.environ)
    if mode is JobsMode.ALL:
        with State.of_checkout().locked("provision"):
            demo_history.create(app)
    breakage.let_broken_jobs_fail(State.of_checkout())
    if mode is not JobsMode.OFF:
        QueuePoller(app).start()
    if mode is JobsMode.ALL:
        ticker, address = Ticker(app), server.parse_address()

        def tick() -> None:
            address.wait_until_up()
            ticker.run()

        threading.Thread(target=tick, name="ticker", daemon=True).start()


def _print_banner(address: server.Address, owner: Process, state: State, running: RunningEmulator | None) -> None:
    endpoint = os.environ[environment.ENDPOINT]
    emulator = str(running.supervisor) if running else endpoint
    greeted_with = state.swap_greeting(owner, emulator)
    if greeted_with is None:
        _print_full_banner(address, endpoint, state, is_own_emulator=running is None)
    else:
        print_info(banner.format_reload_line(address, endpoint))
    if running and running.lost_since and greeted_with != emulator:
        print_error(banner.describe_loss(running.lost_since))


def _print_full_banner(address: server.Address, endpoint: str, state: State, *, is_own_emulator: bool) -> None:
    print_info(
        banner.format_banner(
            address=address,
            endpoint=endpoint,
            emulator="your AWS_ENDPOINT_URL" if is_own_emulator else f"MiniStack {VERSION}, an emulator,",
            data="kept by that emulator" if is_own_emulator else banner.describe_data(state.root),
            jobs=environment.read_jobs_mode(os.environ),
            is_open=os.environ.get("CRM_OPEN_ACCESS", "").lower() in {"1", "true", "yes", "on"},
        )
    )


def quiet_library_logs() -> None:
    """Set library loggers to WARNING: `chalice local` sets the root logger to INFO."""
    for name in ("boto3", "botocore", "pynamodb", "urllib3", "faker"):
        logging.getLogger(name).setLevel(logging.WARNING)
