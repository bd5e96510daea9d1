"""How big is what goes to Lambda, and how long does each function of it take to start and to work for the first time?

The package is unpacked, and every start is a process of its own that finds nothing else (`cold`). It is held against the
parts that it is made of, without us: boto3's client that makes one call, graphql-core that answers `hello` by this schema,
pynamodb. They take turns. A job has nothing to work on, so its work is what each run costs.
"""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.firing import queue_url
from benchmarks.peers.operations import event
from benchmarks.result import Finding, tell
from benchmarks.rows import empty_tables
from benchmarks.served import in_process
from chalicelib import aws, clock
from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.api.graphql import schema
from chalicelib.api.http.endpoint import respond
from chalicelib.jobs import catalog, queue
from chalicelib.store import connection, tables
from deploy import package, policies
from localdev import lambda_events

ROUNDS = 9
MAX_ZIP = 20
"""MB."""
MAX_TIME, MAX_HEARTBEAT, MAX_MEMORY = 1.15, 0.75, 1.15
"""Of the parts. The heartbeat does without graphql-core."""
COLD = Path(__file__).with_name("cold.py")
REGION = "us-east-1"
QUERY = "{ allCustomers(first: 10) { edges { node { name } } } }"


class Start(NamedTuple):
    """Seconds of CPU, MiB."""

    imports: float
    first: float
    peak: float


class Work(NamedTuple):
    """Code, what it is given, and for a function what Lambda calls its handler."""

    start: str
    first: str
    event: Any
    handler: str = ""


_DATABASE = (
    "import boto3; client = boto3.client('dynamodb')",
    "client.get_item(TableName=event['table'], Key={'pk': {'S': 'a'}, 'sk': {'S': 'b'}})",
)
_GRAPHQL = ("import graphql", "graphql.graphql_sync(graphql.build_schema(event['sdl']), '{ hello }')")
_MODELS = ("import pynamodb.models", "")
_GIVEN = {"table": tables.AuxRow.Meta.table_name, "sdl": schema.SDL.read_text("utf-8")}
PARTS = {"boto3's DynamoDB client": _DATABASE, "graphql-core": _GRAPHQL, "pynamodb": _MODELS}
ALONE, TOGETHER = "boto3, graphql-core, pynamodb, each alone", "the three in one process"


def findings() -> Iterator[Finding]:
    with tempfile.TemporaryDirectory() as scratch, in_process(respond) as url:
        made, unpacked = package.build("dev", Path(scratch) / "package"), Path(scratch) / "unpacked"
        yield Finding("the zip", round(made.code.stat().st_size / 1e6, 1), "MB", most=MAX_ZIP)
        with zipfile.ZipFile(made.code) as archive:
            archive.extractall(unpacked)
        environment = {name: text for name, text in os.environ.items() if name.startswith(("AWS_", "CRM_"))}
        rounds = [a_round(unpacked, environment | {"CRM_API_URL": url}) for _ in range(ROUNDS)]
    least = {name: Start(*map(min, *(found[name] for found in rounds))) for name in rounds[0]}
    print("\n".join(f"    {name}: {start}" for name, start in least.items()), file=sys.stderr)
    imports, first = (sum(least[name][number] for name in PARTS) for number in (0, 1))
    for name in policies.NEEDS:
        found, most = least[name], MAX_HEARTBEAT if name == "heartbeat" else MAX_TIME
        both = (found.imports + found.first) / (imports + first)
        yield Finding(f"`{name}`: start", found.imports / imports, against=ALONE)
        yield Finding(f"`{name}`: start and first work", both, against=ALONE, most=most)
        yield Finding(f"`{name}`: memory", found.peak / least[TOGETHER].peak, against=TOGETHER, most=MAX_MEMORY)


def a_round(unpacked: Path, environment: Mapping[str, str]) -> dict[str, Start]:
    """Of each function and each part, in tables that are empty: a run that was made is not made again."""
    empty_tables()
    found = {name: started(unpacked, environment, Work(*part, _GIVEN)) for name, part in PARTS.items()}
    start, first = ("; ".join(codes) for codes in zip(*PARTS.values(), strict=True))
    found[TOGETHER] = started(unpacked, environment, Work(start, first, _GIVEN))
    found[policies.API] = started(
        unpacked, environment, Work("import app", "app.app(event, context)", request(), "app.app")
    )
    for job in catalog.JOBS.values():
        slot = job.schedule.until(clock.now() - timedelta(minutes=1))
        found[job.name] = started(
            unpacked, environment, function(job.name, lambda_events.schedule_event(job.name, slot, REGION))
        )
    return found | {"work": started(unpacked, environment, function("work", message()))}


def function(name: str, given: Any) -> Work:
    return Work("import app", f"app.{name}(event, context)", given, f"app.{name}")


def request() -> dict[str, Any]:
    key = api_keys.create("cold", Role.VIEWER, "operator").key
    asked = event(json.dumps({"query": QUERY}))
    asked["headers"]["Authorization"] = f"Bearer {key}"
    asked["multiValueHeaders"]["Authorization"] = [f"Bearer {key}"]
    return asked


def message() -> dict[str, Any]:
    """What `weekly_report` has sent."""
    sqs = aws.client("sqs")
    (sent,) = sqs.receive_message(QueueUrl=queue_url(), AttributeNames=["All"])["Messages"]
    sqs.delete_message(QueueUrl=queue_url(), ReceiptHandle=sent["ReceiptHandle"])
    return lambda_events.queue_event(sent, queue.NAME, REGION)


def started(unpacked: Path, environment: Mapping[str, str], work: Work) -> Start:
    lambdas_own = {"AWS_LAMBDA_FUNCTION_NAME": "crm", "_HANDLER": work.handler, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-S", "-s", str(COLD), str(unpacked)],
        input=json.dumps(work._asdict()),
        env={**environment, **lambdas_own},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    )
    return Start(*json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    connection.create_tables()
    queue.create()
    tell(findings())
