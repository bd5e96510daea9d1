"""Measures `crmctl import` over HTTP against a batch writer that only stores the same rows.

An import also claims e-mail addresses, SKUs and references, books each order on its customer and on the totals of its day,
and can be repeated. That needs transactions, which cost two write units per row instead of one. The batch writer does none of it.
"""

import math
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from cProfile import Profile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer

from benchmarks.backend import ROOT
from benchmarks.metering import Usage, metered
from benchmarks.profiling import time_by_part
from benchmarks.result import Result, print_results
from benchmarks.served import chalice_local, in_process
from chalicelib.api.http.endpoint import respond
from chalicelib.api.http.http_types import Request, Response
from chalicelib.settings import settings
from chalicelib.store import connection

DATA = Path(os.environ.get("CRM_BENCH_DATA") or ROOT.parent / "shared" / "data") / "northwind"
ROUNDS = 3
COPY = "copy-"
KINDS = {"bulkCreateCustomers": "customer", "bulkCreateProducts": "product", "bulkCreateOrders": "order"}
MAX_COSTS = {"customer": (1, 10), "product": (1, 8), "order": (1.3, 17)}
"""(calls, write units) per row. Calls: one transaction, and a share in what a request asks once. Units: two for each row of the
transaction, one for each index entry, and one for each order line, which is written before."""
Rows = dict[str, list[dict[str, Any]]]
"""Python rows of each table."""


@dataclass(slots=True)
class RequestCosts:
    """What the requests of an import cost, by the kind of row that they bring."""

    usage: Usage
    requests: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    cpu: float = 0.0
    wall: float = 0.0

    def respond(self, request: Request) -> Response:
        name = re.search(r"bulkCreate\w+", str(request.body))
        kind = KINDS[name[0]] if name else ""
        calls, units = self.usage.calls, self.usage.write_units
        cpu, wall = time.thread_time(), time.perf_counter()
        answer = respond(request)
        self.cpu += time.thread_time() - cpu
        self.wall += time.perf_counter() - wall
        self.requests[kind] += 1
        self.calls[kind] += self.usage.calls - calls
        self.units[kind] += round(self.usage.write_units - units)
        return answer


def import_to(url: str, *options: str) -> float:
    """Return the seconds of the import."""
    with tempfile.TemporaryDirectory() as rejects:
        command = [sys.executable, "-m", "crmctl", "import", str(DATA), "--url", url, "--rejects", rejects, *options]
        began = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
        seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return seconds


def names() -> list[str]:
    return [str(table.Meta.table_name) for table in connection.TABLES]


def empty() -> None:
    """Create new, empty tables, and new ones for the copy."""
    client = connection.client()
    for name in client.list_tables()["TableNames"]:
        client.delete_table(TableName=name)
    connection.create_tables()
    for name in names():
        found = client.describe_table(TableName=name)["Table"]
        wanted = ("AttributeDefinitions", "KeySchema")
        indexes = [
            {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
            for index in found.get("GlobalSecondaryIndexes", ())
        ]
        more = {"GlobalSecondaryIndexes": indexes} if indexes else {}
        same = {key: found[key] for key in wanted}
        client.create_table(TableName=COPY + name, BillingMode="PAY_PER_REQUEST", **same, **more)


def rows() -> Rows:
    plain = TypeDeserializer().deserialize
    found: Rows = {}
    for name in names():
        pages = connection.client().get_paginator("scan").paginate(TableName=name)
        found[name] = [{key: plain(value) for key, value in item.items()} for page in pages for item in page["Items"]]
    return found


def copy(resource: Any, stored: Rows) -> float:
    """Return the seconds in which a batch writer stores those rows."""
    began = time.perf_counter()
    for name, items in stored.items():
        with resource.Table(COPY + name).batch_writer() as batch:
            for item in items:
                batch.put_item(Item=item)
    return time.perf_counter() - began


def print_cpu_shares(busy: float) -> None:
    """Print who used the server's CPU time; `busy` is its share of the time. The profiler is slow, so this is another import."""
    empty()
    profile = Profile(time.thread_time)
    with in_process(lambda request: profile.runcall(respond, request)) as url:
        import_to(url, "--workers", "1")
    print(f"{1 - busy:6.1%} waiting for the emulator", file=sys.stderr)
    for name, share in time_by_part(profile).items():
        print(f"{share * busy:6.1%} {name}", file=sys.stderr)


def timed(resource: Any) -> Iterator[Result]:
    """Import and copy in turns. The best round of each counts."""
    imported, copied = [], []
    with chalice_local() as url:
        for _ in range(ROUNDS):
            empty()
            imported.append(import_to(url))
            stored = rows()
            copied.append(copy(resource, stored))
    many = sum(map(len, stored.values()))
    print(f"{many} rows: imports {imported} s, copies {copied} s", file=sys.stderr)
    ratio = min(copied) / min(imported)
    # It makes six calls for each of the batch writer's, and the emulator takes longer for a transaction than for as many puts.
    yield Result(f"rows a second of `crmctl import`, {many} rows", ratio, compared_to="batch writer", minimum=0.1)


def counted(resource: Any) -> Iterator[Result]:
    empty()
    with metered() as usage:
        asked = RequestCosts(usage)
        with in_process(asked.respond) as url:
            import_to(url, "--workers", "1")  # in their order, and so always the same
    stored = rows()
    with metered(resource.meta.client) as bare:
        copy(resource, stored)
    print_cpu_shares(asked.cpu / asked.wall)
    for kind, (calls, units) in MAX_COSTS.items():
        many = len(stored[f"{settings.table_prefix}{kind}s"])
        yield Result(
            f"HTTP requests for {many} {kind}s", asked.requests[kind], "requests", maximum=math.ceil(many / 50)
        )
        yield Result(f"DynamoDB calls of {many} {kind}s", asked.calls[kind] / many, "for each", maximum=calls)
        yield Result(f"write units of {many} {kind}s", asked.units[kind] / many, "for each", maximum=units)
    compared_to = f"{bare.calls} of the batch writer"
    yield Result("DynamoDB calls of the import", asked.calls.total() / bare.calls, compared_to=compared_to)
    compared_to = f"{bare.write_units:.0f} of the batch writer"
    yield Result(
        "write units of the import", asked.units.total() / bare.write_units, compared_to=compared_to, maximum=1.9
    )


def results() -> Iterable[Result]:
    if not DATA.exists():
        print(f"... left out: there are no books at {DATA}", file=sys.stderr)
        return
    resource = boto3.resource("dynamodb")
    object.__setattr__(settings, "open_access", True)
    yield from counted(resource)
    yield from timed(resource)


if __name__ == "__main__":
    print_results(results())
