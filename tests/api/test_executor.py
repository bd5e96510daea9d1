"""Our executor gives the same answer as graphql-core's own: data, errors, their locations and their order."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import ExecutionResult, execute_sync, parse, validate
from graphql.execution.executor import Executor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import queries

from chalicelib.api.graphql import execution, executor
from chalicelib.api.graphql.executor import PlanningExecutor
from chalicelib.settings import settings as crm_settings
from tests.api.sample_schema import SCHEMA, World
from tests.as_operator import execute

pytestmark = pytest.mark.no_database
EXAMPLES = 5000 if os.environ.get("CRM_FULL_SIZE") else 30
SEEDS = st.integers(0, 10**9)


@dataclass(frozen=True)
class Asked:
    text: str
    root: Any = None
    variables: dict[str, Any] | None = None

    def answer(self, by: type[Executor[Any]] | None) -> ExecutionResult:
        return execute_sync(SCHEMA, parse(self.text), self.root, "context", self.variables, executor_class=by)


def _told(result: ExecutionResult) -> Any:
    errors = [(error.formatted, type(error.original_error)) for error in result.errors or ()]
    return {"data": result.data, "keys": _keys(result.data), "errors": errors}


def _keys(data: Any) -> Any:
    """Compare as text: equal dictionaries may differ in order, which is part of the answer."""
    if isinstance(data, dict):
        return [(name, _keys(value)) for name, value in data.items()]
    return [_keys(value) for value in data] if isinstance(data, list) else None


def _same(asked: Asked) -> ExecutionResult:
    result = asked.answer(PlanningExecutor)
    assert _told(result) == _told(asked.answer(None))
    return result


_OPTIONS = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))


@_OPTIONS
@given(queries(SCHEMA), SEEDS)
def test_random_queries_over_valid_and_invalid_data(text: str, seed: int) -> None:
    _same(Asked(text, World(seed).root()))


DOCUMENT = """
query ($first: Int, $yes: Boolean!, $no: Boolean!, $by: String!, $who: Who) {
  again: me { ...Whole friend { ...Whole } }
  me @include(if: $yes) { id name: name @skip(if: $no) friends(first: $first, of: [GOOD], who: $who) { ...Whole } }
  you { greeted(by: $by) loudly: greeted(loud: true) ... on Named { name } ... @include(if: $no) { age } }
  all { thing { __typename ... on Person { id tags } ... on Dog { name owner { name } } } named { name } grid friends(of: [BAD]) { odd } }
  dogs { name barks owner { computed mood } }
  __typename
  __type(name: "Dog") { name fields { name type { name kind ofType { name } } } }
}
fragment Whole on Person { id name age weight active mood tags computed greeted friend { name } }
"""


@_OPTIONS
@given(SEEDS, st.fixed_dictionaries({"first": st.integers(0, 3), "yes": st.booleans(), "no": st.booleans()}))
def test_fragments_variables_and_directives(seed: int, variables: dict[str, Any]) -> None:
    asked = Asked(DOCUMENT, World(seed).root(), {"by": "you", "who": {"name": "x"}, **variables})
    assert not validate(SCHEMA, parse(DOCUMENT))
    _same(asked)


@_OPTIONS
@given(SEEDS)
def test_mutations_run_one_after_the_other(seed: int) -> None:
    _same(Asked("mutation { make { name friend { id } } made { name } again: make { computed } }", World(seed).root()))


def _person(**more: Any) -> dict[str, Any]:
    return {"__typename": "Person", "id": 1, "name": "Ann", "weight": 1.5, "tags": ["a"], "computed": "c", **more}


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("{ hello }", {"hello": None}),
        ("{ me { friends { name } } }", {"me": _person(friends=[_person(), None])}),
        ("{ me { tags } }", {"me": _person(tags="text")}),
        ("{ me { tags } }", {"me": _person(tags=iter(["a", "b"]))}),
        ("{ you { friend { friend { weight } } } }", {"you": _person(friend=_person(friend=_person(weight=None)))}),
        ("{ me { nothing name } }", {"me": _person()}),
        ("{ me { greeted(by: 3) } }", {"me": _person()}),
        ("{ me { name(of: 3) age(x: 1) } }", {"me": _person()}),
        ("{ me { ...Deeper } } fragment Deeper on Person { name friend { ...Deeper } }", {"me": _person()}),
        ("{ all { name } }", {"all": [_person(), ValueError("away"), _person()]}),
        ("{ all { friends(of: [BAD]) { name } } }", {"all": [_person(friends=[_person()] * 3)] * 3}),
        ("{ me { odd } you { odd } }", {"me": _person(odd=2), "you": _person(odd=3)}),
        ("{ dogs { name } }", {"dogs": [{"name": "Rex"}]}),
        ("{ thing { __typename } }", {"thing": {"__typename": "Cat"}}),
        ("{ me { name } }", {"me": RuntimeError("away")}),
        ("query @experimental_disableErrorPropagation { hello me { weight } }", {"me": _person(weight=None)}),
    ],
)
def test_special_cases_match_the_reference(text: str, root: dict[str, Any]) -> None:
    """Execute invalid documents, too, as graphql-core does."""
    expected = _told(Asked(text, _copied(root)).answer(None))
    assert _told(Asked(text, _copied(root)).answer(PlanningExecutor)) == expected


def _copied(root: dict[str, Any]) -> dict[str, Any]:
    """An iterator can be read once."""
    me = root.get("me")
    tags = me.get("tags") if isinstance(me, dict) else None
    return {**root, "me": {**me, "tags": iter(["a", "b"])}} if isinstance(tags, Iterator) else root  # type: ignore[dict-item]


def test_a_resolver_is_called_once_even_if_its_value_is_wrong() -> None:
    calls: list[str] = []

    def count(value: Any) -> Callable[..., Any]:
        def method(_info: Any) -> Any:
            calls.append("called")
            return value

        return method

    for value in (ValueError("broken"), None, [1], "right"):
        calls.clear()
        _told(Asked("{ hello }", {"hello": count(value)}).answer(PlanningExecutor))
        assert calls == ["called"]


def test_a_field_that_reads_only_the_row_gets_no_info(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prove that the comparisons above do not compare the reference with itself."""
    made: list[str] = []
    build = Executor.build_resolve_info

    def counted(self: Executor[Any], field: Any, nodes: Any, kind: Any, path: Any) -> Any:
        made.append(nodes[0].name.value)
        return build(self, field, nodes, kind, path)

    monkeypatch.setattr(Executor, "build_resolve_info", counted)
    asked = Asked("{ all { id name computed greeted friend { name } } }", {"all": [_person(), _person()]})
    asked.answer(PlanningExecutor)
    assert made == ["all", "greeted", "greeted"]
    made.clear()
    asked.answer(None)
    assert len(made) == 11


def test_each_selection_is_planned_once_for_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[str] = []
    plan = executor._Plans._field

    def counted(self: Any, kind: Any, name: str, details: Any) -> Any:
        planned.append(f"{kind.name}.{name}")
        return plan(self, kind, name, details)

    monkeypatch.setattr(executor._Plans, "_field", counted)
    people = [_person(friend=_person()) for _ in range(50)]
    Asked("{ all { id friend { name } } }", {"all": people}).answer(PlanningExecutor)
    assert planned == ["Person.id", "Person.friend", "Person.name"]


@contextmanager
def reference_executor() -> Iterator[None]:
    object.__setattr__(crm_settings, "reference_executor", True)
    try:
        yield
    finally:
        object.__setattr__(crm_settings, "reference_executor", False)


def test_the_setting_switches_to_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[Any] = []

    def seen(kind: Any, document: Any, executor_class: Any, **more: Any) -> Any:
        used.append(executor_class)
        return execute_sync(kind, document, executor_class=executor_class, **more)

    monkeypatch.setattr(execution, "execute_sync", seen)
    execute("{ hello }")
    with reference_executor():
        assert execute("{ hello }") == {"data": {"hello": "Hello, GraphQL!"}}
    assert used == [PlanningExecutor, None]
