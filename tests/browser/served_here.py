"""The app served by threads of this process, with tables in memory: there is no process to start, and none to wait for.

Requests go through Chalice's own local server, and messages of the queue to the consumers of `chalice local`.
"""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from chalice.app import Chalice
from chalice.cli.factory import CLIFactory
from chalice.local import ChaliceRequestHandler, HTTPServerThread, LocalDevServer, create_local_server

import app
from chalicelib.access import authorization
from chalicelib.api.graphql import query_cost
from chalicelib.jobs import heartbeat, order_reminders, queue, ses_events, webhook_addresses
from chalicelib.settings import settings
from chalicelib.store import pagination
from localdev.queue_poller import QueuePoller
from tests import database
from tests.conftest import ROOT
from tests.localdev.servers import free_port, wait_for

POLL_SECONDS = 0.05


@contextmanager
def served(port: int = 0) -> Iterator[str]:
    """Serve the API on the tables of the test, and yield its URL. At the end, all connections end."""
    port = port or free_port()
    connections: list[socket.socket] = []
    config = CLIFactory(str(ROOT)).create_config_obj()
    server: list[LocalDevServer] = []

    def make() -> LocalDevServer:
        app.app.__class__ = Chalice  # Chalice's server gives the app a class that another server cannot take
        made = create_local_server(app.app, config, "127.0.0.1", port)
        accept = made.server.get_request

        def remember() -> tuple[Any, Any]:
            connection, address = accept()
            connections.append(connection)
            return connection, address

        report = made.server.handle_error

        def report_faults(*request: Any) -> None:
            """Print the fault, unless a page has left before its answer."""
            if not isinstance(sys.exception(), ConnectionError):
                report(*request)

        patch.setattr(made.server, "get_request", remember)
        patch.setattr(made.server, "handle_error", report_faults)
        server.append(made)
        return made

    thread = HTTPServerThread(make)
    kind = app.app.__class__
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ChaliceRequestHandler, "log_message", lambda *_: None)  # a line for each request
        thread.start()
        try:
            wait_for(lambda: server or None, "the server")
            yield f"http://127.0.0.1:{port}/graphql"
        finally:
            thread.shutdown()
            thread.join()
            server[0].server.server_close()
            for connection in connections:  # its threads answer on those that browsers keep
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            app.app.__class__ = kind


@contextmanager
def settings_of(url: str, *, open_access: bool, read_budget: int) -> Iterator[None]:
    """Have the settings that `chalice local` makes for a server at this address."""
    changed = replace(settings, api_url=url, local_webhooks=True, open_access=open_access, read_budget=read_budget)
    with pytest.MonkeyPatch.context() as patch:
        for module in (authorization, heartbeat, order_reminders, pagination, query_cost, webhook_addresses):
            patch.setattr(module, "settings", changed)
        yield


@contextmanager
def consumed() -> Iterator[None]:
    """Hand each message of the queues to its consumer."""
    poller, ended = QueuePoller(app.app), threading.Event()

    def work() -> None:
        while not ended.wait(POLL_SECONDS):
            if database.is_message_waiting(queue.NAME, ses_events.NAME):  # to receive nothing costs 2 ms
                poller.deliver_waiting()

    thread = threading.Thread(target=work, name="queues")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
