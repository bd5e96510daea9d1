"""Measures the size of the Lambda package, and how long each function takes to start and to do its first work.

The package is unpacked, and every start is a new process that finds nothing else (`cold`). It is compared with the libraries that
it needs, as they are installed and without our code: a boto3 client that makes one call, graphql-core that answers `hello` with this
schema, and pynamodb. They take turns. The jobs have no rows to work on, so this is the fixed cost of a run.
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
from benchmarks.result import Result, print_results
from benchmarks.rows import empty_tables
from benchmarks.served import in_process
from chalicelib import aws, clock
from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.api.graphql import schema
from chalicelib.api.http.endpoint import respond
from chalicelib.jobs import catalog, dispatcher, queue
from chalicelib.store import connection, tables
from deploy import interpreter, package, policies, service_models
from localdev import lambda_events

ROUNDS = 9
MAX_ZIP = 20
"""MB."""
MAX_TIME, MAX_OTHERS, MAX_MEMORY = 0.6, 0.75, 1.15
"""Compared with the libraries. The first is for the API, whose callers wait."""
COLD = Path(__file__).with_name("cold.py")
REGION = "us-east-1"
QUERY = "{ allCustomers(first: 10) { edges { node { name } } } }"


class Start(NamedTuple):
    """Seconds of CPU, MiB."""

    imports: float
    first: float
    peak: float


class Work(NamedTuple):
    """Code, its input, and for a function the name of its handler."""

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


def results() -> Iterator[Result]:
    with tempfile.TemporaryDirectory() as scratch, in_process(respond) as url:
        code, unpacked, libraries = made(Path(scratch))
        yield Result("the zip", round(code.stat().st_size / 1e6, 1), "MB", maximum=MAX_ZIP)
        environment = {name: text for name, text in os.environ.items() if name.startswith(("AWS_", "CRM_"))}
        rounds = [a_round(unpacked, libraries, environment | {"CRM_API_URL": url}) for _ in range(ROUNDS)]
    minimum = {name: Start(*map(min, *(found[name] for found in rounds))) for name in rounds[0]}
    print("\n".join(f"    {name}: {start}" for name, start in minimum.items()), file=sys.stderr)
    imports, first = (sum(minimum[name][number] for name in PARTS) for number in (0, 1))
    for name in policies.NEEDS:
        found, maximum = minimum[name], MAX_TIME if name == policies.API else MAX_OTHERS
        both = (found.imports + found.first) / (imports + first)
        yield Result(f"`{name}`: start", found.imports / imports, compared_to=ALONE)
        yield Result(f"`{name}`: start and first work", both, compared_to=ALONE, maximum=maximum)
        yield Result(f"`{name}`: memory", found.peak / minimum[TOGETHER].peak, compared_to=TOGETHER, maximum=MAX_MEMORY)


def made(scratch: Path) -> tuple[Path, Path, Path]:
    """Return the zip of the package, the package, and the libraries before packaging cuts their data."""
    unpacked, libraries = scratch / "unpacked", scratch / "libraries"
    python = package.find_python(package.ROOT)
    code = package.make_template("dev", scratch / "package").with_name("deployment.zip")
    with zipfile.ZipFile(code) as archive:
        archive.extractall(libraries)
    service_models.drop_others(libraries / "botocore" / "data")
    package.compile_all(libraries, python)
    package.finish(code, python)
    with zipfile.ZipFile(code) as archive:
        archive.extractall(unpacked)
    return code, unpacked, libraries


def a_round(unpacked: Path, libraries: Path, environment: Mapping[str, str]) -> dict[str, Start]:
    """Start each function and each library, in empty tables: a run that was made is not made again."""
    empty_tables()
    found = {name: started(libraries, environment, Work(*part, _GIVEN)) for name, part in PARTS.items()}
    start, first = ("; ".join(codes) for codes in zip(*PARTS.values(), strict=True))
    found[TOGETHER] = started(libraries, environment, Work(start, first, _GIVEN))
    found[policies.API] = started(
        unpacked, environment, Work("import app", "app.app(event, context)", request(), "app.app")
    )
    for job in catalog.JOBS.values():
        slot = job.schedule.until(clock.now() - timedelta(minutes=1))
        found[job.name] = started(
            unpacked, environment, function(job.name, lambda_events.schedule_event(job.name, slot, REGION))
        )
    minute = clock.now().replace(second=0, microsecond=0)
    found[dispatcher.NAME] = started(
        unpacked, environment, function(dispatcher.NAME, lambda_events.schedule_event(dispatcher.NAME, minute, REGION))
    )
    found[policies.CONSUMER] = started(unpacked, environment, function(policies.CONSUMER, message()))
    none = function(policies.EMAIL_EVENTS, {"Records": []})
    return found | {policies.EMAIL_EVENTS: started(unpacked, environment, none)}


def function(name: str, given: Any) -> Work:
    return Work("import app", f"app.{name}(event, context)", given, f"app.{name}")


def request() -> dict[str, Any]:
    key = api_keys.create("cold", Role.VIEWER, "operator").key
    asked = event(json.dumps({"query": QUERY}))
    asked["headers"]["Authorization"] = f"Bearer {key}"
    asked["multiValueHeaders"]["Authorization"] = [f"Bearer {key}"]
    return asked


def message() -> dict[str, Any]:
    """Return the message that `weekly_report` has sent."""
    sqs = aws.client("sqs")
    (sent,) = sqs.receive_message(QueueUrl=queue_url(), AttributeNames=["All"])["Messages"]
    sqs.delete_message(QueueUrl=queue_url(), ReceiptHandle=sent["ReceiptHandle"])
    return lambda_events.queue_event(sent, queue.NAME, REGION)


def started(unpacked: Path, environment: Mapping[str, str], work: Work) -> Start:
    lambdas_own = {"AWS_LAMBDA_FUNCTION_NAME": "crm", "_HANDLER": work.handler, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [interpreter.of_functions(), "-S", "-s", str(COLD), str(unpacked)],
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
    print_results(results())
