"""Is the package what Lambda needs: small, complete, and answering?"""

import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from benchmarks import start
from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from deploy import interpreter, package, policies, prepared_start, runtime
from deploy.package import Package
from tests.conftest import MINISTACK
from tests.deploy import runtime as lambda_runtime

HANDLERS = {name: "app.app" if name == policies.API else f"app.{name}" for name in policies.NEEDS}


@pytest.fixture(scope="module")
def unpacked(built: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(built.code) as archive:
        archive.extractall(place)
    return place


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lambda's image has it, the package has not: alone in a directory, so that nothing else of ours is found there."""
    place = tmp_path_factory.mktemp("client")
    names = ("awslambdaric", "simplejson", "snapshot-restore-py")
    wanted = ["--target", str(place), "--no-deps", *(f"{name}=={version(name)}" for name in names)]
    interpreter._install(interpreter.of_functions(), wanted)
    return place


Functions = Callable[[str], lambda_runtime.Api]


@pytest.fixture(scope="module")
def functions(
    unpacked: Path, client: Path, ministack_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Functions]:
    """Start a function when a test first wants it, and once for all of them: each start takes half a second of CPU."""
    logs = tmp_path_factory.mktemp("functions")
    with ExitStack() as running:

        def start_function(name: str) -> lambda_runtime.Api:
            of_function = lambda_runtime.started(
                unpacked, client, HANDLERS[name], environment(ministack_url), logs / name
            )
            return running.enter_context(of_function)

        yield cache(start_function)


@pytest.mark.no_database
def test_the_zip_is_small(built: Package) -> None:
    assert built.code.stat().st_size < start.MAX_ZIP * 1e6


@pytest.mark.no_database
def test_nothing_is_packaged_that_only_development_needs(built: Package) -> None:
    with zipfile.ZipFile(built.code) as archive:
        tops = {name.split("/")[0].removesuffix(".py") for name in archive.namelist()}
    tools = {"localdev", "crmctl", "deploy", "benchmarks", "tests", "moto", "pytest", "pip", "setuptools", "click"}
    assert not tops & tools
    assert {"app", "chalice", "chalicelib", "graphql", "pynamodb"} <= tops


@pytest.mark.no_database
def test_every_module_has_its_bytecode_and_lambda_need_not_check_it(built: Package) -> None:
    with zipfile.ZipFile(built.code) as archive:
        names = set(archive.namelist())
        compiled = [name for name in names if name.endswith(".pyc")]
        assert len(compiled) == len([name for name in names if name.endswith(".py")])
        assert {archive.read(name)[4] for name in compiled} == {1}, "a hash that is not checked"
        of_runtime = f".cpython-{runtime.version(runtime.pinned(package.ROOT)).replace('.', '')}.pyc"
        assert all(name.endswith(of_runtime) for name in compiled), "bytecode of another Python"


@pytest.mark.no_database
def test_the_package_is_the_same_every_time(built: Package, unpacked: Path, tmp_path: Path) -> None:
    package.pack(unpacked, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == built.code.read_bytes()


@pytest.mark.no_database
def test_what_is_prepared_for_the_start_is_the_same_every_time(unpacked: Path, tmp_path: Path) -> None:
    again = tmp_path / "elsewhere"
    shutil.copytree(unpacked, again, ignore=shutil.ignore_patterns("__pycache__"))
    files = ["chalicelib/precompiled.bin", "chalicelib/api/graphql/schema.pickle"]
    for name in files:
        (again / name).unlink()
    prepared_start.prepare(again, package.find_python(package.ROOT))
    for name in files:
        assert (again / name).read_bytes() == (unpacked / name).read_bytes(), name


@pytest.mark.no_database
def test_a_function_computes_nothing_again_while_it_starts(unpacked: Path) -> None:
    """It compiles no code, not even what dataclasses and others generate, and no pattern. It parses no schema, and collects no garbage."""
    start_code = """
import gc, re, sys
seen = []
gc.callbacks.append(lambda phase, given: seen.append(given))
sys.addaudithook(lambda name, given: seen.append(given[0]) if name == "compile" else None)
parse = re._parser.parse
re._parser.parse = lambda *given: (seen.append(given[0]), parse(*given))[1]
import graphql.language.parser
graphql.language.parser.Parser.parse_document = None
gc.collect()
seen.clear()
import app
"""
    allowed = 3  # six compiles a statement
    first = f"assert len(seen) <= {allowed}, seen; assert gc.isenabled(); assert gc.get_freeze_count() > 10_000"
    work = start.Work(start_code, first, None, "app.app")
    assert start.started(unpacked, environment("http://127.0.0.1:1"), work).imports > 0


def environment(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
        "CRM_STAGE": "test",
        "CRM_API_URL": "http://127.0.0.1:9/graphql",
    }


def event_for(function: str, number: int, key: str) -> dict[str, Any]:
    if function == policies.API:
        return asked("{ health { database } crmStats { customers } }", key)
    if function in {"work", "email_events"}:
        return {"Records": []}
    times = {
        "dispatch": "2026-11-23T12:04:00Z",
        "heartbeat": "2026-11-23T12:05:00Z",
        "low_stock": "2026-11-23T12:00:00Z",
        "order_reminders": "2026-11-23T08:00:00Z",
    }
    times |= {"customer_cleanup": "2026-11-22T02:00:00Z", "weekly_report": "2026-11-23T06:00:00Z"}
    detail = {"version": "0", "account": "0", "region": "us-east-1", "detail": {}, "detail-type": "Scheduled Event"}
    return detail | {"source": "aws.events", "time": times[function], "id": str(number), "resources": []}


def asked(document: str, key: str) -> dict[str, Any]:
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    return {
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": json.dumps({"query": document}),
        "isBase64Encoded": False,
        "requestContext": {"resourcePath": "/graphql", "httpMethod": "POST"},
    }


@pytest.mark.ministack
@pytest.mark.parametrize("function", HANDLERS)
def test_lambdas_own_client_starts_each_function_and_gets_two_answers(
    function: str, functions: Functions, backend: str
) -> None:
    assert backend == MINISTACK
    key = api_keys.create("test", Role.OPERATOR, "test").key
    for number in range(2):
        kind, answer = functions(function).invoke(event_for(function, number, key))
        assert kind == "response", answer
        if function == policies.API:
            assert answer["statusCode"] == 200, answer
            assert json.loads(answer["body"])["data"]["health"] == {"database": "UP"}


@pytest.mark.no_database
def test_a_function_imports_no_more_than_it_needs(functions: Functions) -> None:
    for function in HANDLERS:
        imported = functions(function).imported()
        wanted = function not in {"dispatch", "heartbeat", "weekly_report", "email_events"}
        assert ("graphql" in imported) is wanted, function
        assert "chalicelib.settings" in imported, "it has not been recorded"
        assert not {"boto3", "requests"} & imported, function


@pytest.mark.no_database
def test_every_client_of_a_packaged_function_is_in_the_functions_region(unpacked: Path) -> None:
    code = """
import json, app
from chalicelib import aws
from chalicelib.store import connection, tables
clients = [connection.client(), tables.Order._get_connection().connection.client, *map(aws.client, ("sqs", "sns", "sesv2"))]
print(json.dumps([client.meta.endpoint_url for client in clients]))
"""
    variables = {
        "AWS_LAMBDA_FUNCTION_NAME": "crm-prod",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
        "CRM_STAGE": "prod",
        "PYTHONPATH": str(unpacked),
    }
    done = subprocess.run(
        [interpreter.of_functions(), "-S", "-s", "-B", "-c", code],
        env=variables,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [
        f"https://{service}.eu-central-1.amazonaws.com" for service in ("dynamodb", "dynamodb", "sqs", "sns", "email")
    ]
