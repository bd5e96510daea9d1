"""Fixtures: every test begins with empty tables, queues and topics, which moto provides in process.

Only for DynamoDB there is a database of our own in memory, since moto copies a whole table for each transaction.
`tests/faults/test_memory.py` compares its answers with MiniStack's. Tests marked `moto` need what it does not have: the
operations on tables, HTTP headers, or errors of its own. `pytest --backend=moto` runs all tests on moto.

Tests marked `ministack` need what both cannot do (real concurrency, exact write units, client request tokens) and
always run there; `pytest --backend=ministack` runs the others there too.
"""

import gc
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.update(
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_ACCOUNT_ID_ENDPOINT_MODE="disabled",
    AWS_EC2_METADATA_DISABLED="true",
    CRM_OPEN_ACCESS="true",
    CRM_STAGE="test",
)
for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL") or name == "AWS_PROFILE"]:
    del os.environ[name]

import hypothesis
import pytest
from moto import mock_aws

from chalicelib import aws
from chalicelib.jobs import queue, ses_events
from chalicelib.store import connection
from localdev.emulator import Emulator, fetch
from localdev.state import State
from tests import database, long_first, skip_policy
from tests.faults.fault_injection import intercepted
from tests.faults.memory import Memory

# A shell starts what it runs in the background with Ctrl-C ignored, and so would be the servers that tests start and stop.
signal.signal(signal.SIGINT, signal.default_int_handler)
queue._WAIT = 0  # an emulator has one server, which knows at once that there is nothing
# A machine under load is slow, which no test judges.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")
MEMORY = "memory"
MOTO = "moto"
ENDPOINT = "AWS_ENDPOINT_URL"
MINISTACK = "ministack"
ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--backend", choices=(MEMORY, MOTO, MINISTACK), default=MEMORY)
    parser.addoption(
        "--soak", nargs="?", const=5, type=float, metavar="MINUTES", help="run the soaks, each 5 MINUTES long"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(skip_policy)
    config.pluginmanager.register(long_first)
    config.addinivalue_line("markers", "ministack: needs real concurrency or exact write units, so never runs on moto")
    config.addinivalue_line("markers", "moto: needs what the DynamoDB in memory does not have")
    config.addinivalue_line("markers", "no_database: touches no tables of this process")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: tests of servers and browsers wait half of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    _keep_what_is_there()


def _keep_what_is_there() -> None:
    """What was imported and collected stays: the collector of garbage need not visit it, a second each time, again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def moto() -> Iterator[None]:
    """One for the session: each costs about 260 ms (measured)."""
    with mock_aws(), database.quick_queues(), connected_to(None):
        connection.create_tables()
        queue.create()
        ses_events.create()
        _keep_what_is_there()
        yield


@pytest.fixture(scope="session")
def ministack_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    state = State(tmp_path_factory.mktemp("ministack"))
    state.create()
    state.log.touch()
    fetch()
    with state.lifetime_lock.open("w") as lock:
        emulator = Emulator(state, lock.fileno())
        try:
            deadline = time.monotonic() + 60
            while not emulator.is_ready():
                assert emulator.is_running(), state.log.read_text()
                assert time.monotonic() < deadline, state.log.read_text()
                time.sleep(0.05)
            with connected_to(emulator.endpoint):
                connection.create_tables()
                queue.create()
                ses_events.create()
            yield emulator.endpoint
        finally:
            emulator.stop()


@pytest.fixture(autouse=True)
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """Empty tables, on the backend whose name this is."""
    if request.node.get_closest_marker("no_database"):
        yield "none"
    elif request.node.get_closest_marker(MINISTACK) or request.config.getoption("backend") == MINISTACK:
        with empty_ministack(request.getfixturevalue("ministack_url")):
            yield MINISTACK
    elif request.node.get_closest_marker(MOTO) or request.config.getoption("backend") == MOTO:
        request.getfixturevalue("moto")
        database.empty_moto()
        yield MOTO
    else:
        request.getfixturevalue("moto")
        database.empty_tables()
        with in_memory(database.MEMORY):
            yield MEMORY


@contextmanager
def in_memory(memory: Memory) -> Iterator[None]:
    """Send the requests to DynamoDB to a database in memory. `builders.rows_of` looks into it without a request."""
    client = connection.client()
    with intercepted(client, memory.send), database.unsigned_requests(client), pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "memory", memory, raising=False)
        yield


@contextmanager
def empty_ministack(url: str) -> Iterator[None]:
    with connected_to(url):
        _empty_ministack()
        yield


@contextmanager
def for_many_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    """Provide empty tables that outlive a test: on MiniStack if that is the backend, and otherwise in memory."""
    if request.config.getoption("backend") == MINISTACK:
        with empty_ministack(request.getfixturevalue("ministack_url")):
            yield
    else:
        with connected_to(None), in_memory(Memory()):
            yield


@contextmanager
def connected_to(endpoint: str | None) -> Iterator[None]:
    """All models and reads share one connection: turning it to another backend is one place."""
    shared = connection.connection
    before = shared.host, shared._client, os.environ.get(ENDPOINT)
    shared.host, shared._client = endpoint, None
    _forget_caches(endpoint)
    try:
        yield
    finally:
        shared.host, shared._client = before[:2]
        _forget_caches(before[2])


def _forget_caches(endpoint: str | None) -> None:
    """The clients besides DynamoDB's read their endpoint from the environment."""
    os.environ.pop(ENDPOINT, None)
    if endpoint:
        os.environ[ENDPOINT] = endpoint
    aws.client.cache_clear()
    queue._known_url.cache_clear()
    database.forget()


def _empty_ministack() -> None:
    client = connection.client()
    for table in connection.TABLES:
        keys = [entry["AttributeName"] for entry in table._get_schema()["key_schema"]]
        names = {f"#{number}": key for number, key in enumerate(keys)}
        pages = client.get_paginator("scan").paginate(
            TableName=table.Meta.table_name,
            ProjectionExpression=", ".join(names),
            ExpressionAttributeNames=names,
        )
        doomed = [{"DeleteRequest": {"Key": key}} for page in pages for key in page["Items"]]
        for start in range(0, len(doomed), 25):
            client.batch_write_item(RequestItems={table.Meta.table_name: doomed[start : start + 25]})
    for name in (queue.NAME, queue.DEAD, ses_events.NAME, ses_events.DEAD):
        aws.client("sqs").purge_queue(QueueUrl=queue._url(name))
