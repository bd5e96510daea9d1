"""Every way to run a document checks the caller's role and the cost: over HTTP, in process, from a job, from a preview."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from graphql import execute_sync

from chalicelib.access import api_keys
from chalicelib.access.api_keys import IssuedKey
from chalicelib.access.authorization import ANONYMOUS, Caller
from chalicelib.access.roles import Role
from chalicelib.api.graphql import execution
from chalicelib.api.graphql.execution import Prepared, execute, execute_as, prepare
from chalicelib.errors import Forbidden
from chalicelib.jobs import catalog
from chalicelib.jobs.job import Preview, StepContext
from chalicelib.jobs.operations import SavedOperation
from chalicelib.settings import settings
from tests.api.conftest import Change
from tests.api.graphql_client import ask, by_hash, get, post
from tests.conftest import ROOT

READ = "{ crmStats { orders } }"
READ_KEYS = "{ keys { edges { node { id } } } }"
PAUSE = 'mutation { pauseJob(name: "low_stock", reason: "stocktaking") { job { name } } }'
CREATE_KEY = 'mutation { createKey(name: "Shop", role: VIEWER) { key { createdBy } } }'
VIEWER = Caller("cafe", "Shop (cafe)", Role.VIEWER)
Response = Mapping[str, Any]


def by_post(document: str, key: str) -> Response:
    return ask(document, key).json  # type: ignore[no-any-return]


def by_get(document: str, key: str) -> Response:
    return get(key, query=document).json  # type: ignore[no-any-return]


def by_its_hash(document: str, key: str) -> Response:
    post({"query": document, "extensions": by_hash(document)}, key)
    return post({"extensions": by_hash(document)}, key).json  # type: ignore[no-any-return]


def with_an_idempotency_key(document: str, key: str) -> Response:
    return post({"query": document}, key, idempotency_key="once").json  # type: ignore[no-any-return]


def in_process(document: str, _key: str) -> Response:
    return execute(document, None, VIEWER)


def by_a_function_for_a_caller(document: str, _key: str) -> Response:
    return execute_as(VIEWER)(document, {})


def from_a_resolver(document: str, _key: str) -> Response:
    contexts: list[Any] = []

    def recorded(*arguments: Any, **named: Any) -> Any:
        contexts.append(named["context_value"])
        return execute_sync(*arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execution, "execute_sync", recorded)
        execute(READ, None, VIEWER)
    (context,) = contexts
    return context.execute(document, {})  # type: ignore[no-any-return]


WAYS = [
    by_post,
    by_get,
    by_its_hash,
    with_an_idempotency_key,
    in_process,
    by_a_function_for_a_caller,
    from_a_resolver,
]


@pytest.fixture
def viewer(change: Change) -> IssuedKey:
    change(open_access=False)
    return api_keys.create("Shop", Role.VIEWER, "test")


@pytest.mark.parametrize("way", WAYS)
def test_a_viewer_may_read(way: Callable[[str, str], Response], viewer: IssuedKey) -> None:
    assert way(READ, viewer.key) == {"data": {"crmStats": {"orders": 0}}}


@pytest.mark.parametrize(
    ("way", "document"),
    [
        (way, document)
        for way in WAYS
        for document in (READ_KEYS, PAUSE, CREATE_KEY)
        if way is not by_get or document is READ_KEYS
    ],
)
def test_a_viewer_is_refused_what_needs_an_operator(
    way: Callable[[str, str], Response], document: str, viewer: IssuedKey
) -> None:
    answer = way(document, viewer.key)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    assert "data" not in answer
    operator = Caller.system("test")
    kept = execute('{ keys { edges { node { name } } } job(name: "low_stock") { pause { actor } } }', None, operator)
    assert kept["data"] == {"keys": {"edges": [{"node": {"name": "Shop"}}]}, "job": {"pause": None}}


@pytest.mark.parametrize("document", [READ_KEYS, PAUSE, "{ nothing }", "{", "{ hello " * 30])
def test_a_refused_document_gets_the_same_answer_as_over_http(document: str, viewer: IssuedKey) -> None:
    assert execute(document, None, VIEWER) == ask(document, viewer.key).json


def test_a_document_of_several_operations_is_refused_in_process() -> None:
    (error,) = execute("query A { hello } query B { hello }", None, VIEWER)["errors"]
    assert error["extensions"] == {"code": "INVALID_INPUT"}


def test_an_anonymous_caller_needs_a_key_and_gets_no_suggestions() -> None:
    (error,) = execute(READ, None, ANONYMOUS)["errors"]
    assert error["extensions"] == {"code": "UNAUTHENTICATED"}
    (error,) = execute("{ helo }", None, ANONYMOUS)["errors"]
    assert "Did you mean" not in error["message"]
    assert execute("{ hello }", None, ANONYMOUS) == {"data": {"hello": "Hello, GraphQL!"}}


def test_an_expensive_document_is_refused_in_process_too(change: Change) -> None:
    change(cost_limit=50)
    (error,) = execute(READ, None, Caller.system("job:low_stock"))["errors"]
    assert error["extensions"] == {"code": "COST_LIMIT"}


def test_authorize_checks_before_anything_is_executed() -> None:
    prepared = prepare(PAUSE)
    assert isinstance(prepared, Prepared)
    operation = prepared.operation()
    assert operation
    with pytest.raises(Forbidden):
        execution.authorize(prepared, operation, {}, VIEWER)


def test_changes_are_recorded_under_the_name_of_the_job_that_made_them() -> None:
    answer = execute(CREATE_KEY, None, Caller.system("job:low_stock"))
    assert answer["data"]["createKey"]["key"] == {"createdBy": "job:low_stock"}


def test_a_preview_runs_as_the_caller_who_asked_for_it(monkeypatch: pytest.MonkeyPatch, change: Change) -> None:
    def preview(context: StepContext) -> Preview:
        answer: Any = context.execute(CREATE_KEY, {})
        return Preview(answer["data"]["createKey"]["key"]["createdBy"], ())

    change(open_access=False)
    monkeypatch.setattr(catalog, "JOBS", {"low_stock": replace(catalog.LOW_STOCK, preview=preview)})
    key = api_keys.create("Ops", Role.OPERATOR, "test")
    reply = ask('mutation { runJob(name: "low_stock", dryRun: true) { preview { summary } } }', key.key)
    assert reply.data["runJob"]["preview"]["summary"] == f"Ops ({key.api_key.id})"


def job_documents() -> dict[str, str]:
    """Return the GraphQL documents among the constants of the jobs' modules, by module and name."""
    found = {}
    for file in (ROOT / "chalicelib" / "jobs").glob("*.py"):
        module = import_module(f"chalicelib.jobs.{file.stem}")
        for name, value in vars(module).items():
            if isinstance(value, SavedOperation):
                found[f"{file.stem}.{name}"] = value.document
    return found


def test_what_jobs_ask_for_costs_less_than_half_of_the_limit() -> None:
    """The cost limit applies to jobs, too. A stage may halve it and its jobs still run."""
    costs = {}
    for name, document in job_documents().items():
        prepared = prepare(document)
        assert isinstance(prepared, Prepared)
        operation = prepared.operation()
        assert operation
        costs[name] = prepared.prices.of(operation, {"ids": ["x"] * 100}).cost
    assert len(costs) >= 7
    assert {name: cost for name, cost in costs.items() if cost > settings.cost_limit // 2} == {}


def names_in(file: Path) -> set[str]:
    return {
        node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else node.name
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute | ast.Name | ast.alias)
    }


def test_one_module_executes_documents() -> None:
    """Only execution.py calls graphql-core's functions that execute, and it makes an Authorized in one place only."""
    ways = {"execute_sync", "graphql_sync", "subscribe", "experimental_execute_incrementally", "Authorized"}
    users = {
        file.relative_to(ROOT).as_posix(): names & ways
        for file in [ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py")]
        if (names := names_in(file)) & ways
    }
    assert users == {"chalicelib/api/graphql/execution.py": {"execute_sync", "Authorized"}}
    calls = [
        node
        for node in ast.walk(ast.parse(Path(execution.__file__).read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"Authorized", "execute_sync"}
    ]
    assert len(calls) == 2
