"""The documents that this project sends and documents stay well within the limits, whatever their variables say."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from graphql import GraphQLError, ListTypeNode, NonNullTypeNode, OperationDefinitionNode, TypeNode, parse

from chalicelib.api.graphql.execution import Prepared, prepare
from chalicelib.jobs.operations import SavedOperation
from chalicelib.settings import settings
from tests.api.test_compat import documents as documents_of_old_clients

pytestmark = pytest.mark.no_database
ROOT = Path(__file__).parents[2]
MAX_LIST = 100


def document_in(value: object) -> str:
    """Return the document of an operation that a job has saved, or a text as it is."""
    document = value.document if isinstance(value, SavedOperation) else value
    return document if isinstance(document, str) else ""


def in_python() -> Iterator[tuple[str, str]]:
    """The constants of the modules of crmctl and the jobs that can be parsed as documents."""
    for folder in ("crmctl", "chalicelib/jobs"):
        for file in sorted((ROOT / folder).glob("*.py")):
            if not file.stem.startswith("__"):
                module: ModuleType = import_module(f"{folder.replace('/', '.')}.{file.stem}")
                texts = {name: text for name, value in vars(module).items() if "{" in (text := document_in(value))}
                yield from ((f"{folder}/{file.stem}.{name}", text) for name, text in texts.items())


def in_scripts() -> Iterator[tuple[str, str]]:
    """What stands between back quotes in the console's scripts."""
    for file in sorted((ROOT / "chalicelib/web/console").glob("*.js")):
        for number, text in enumerate(
            re.findall(r"`((?:query|mutation)\b[^`$]*(?:\$\w[^`$]*)*)`", file.read_text("utf-8"))
        ):
            yield f"{file.name} {number}", text


def in_docs() -> Iterator[tuple[str, str]]:
    for file in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for number, text in enumerate(re.findall(r"```graphql\n(.*?)```", file.read_text("utf-8"), re.DOTALL)):
            yield f"{file.name} {number}", text


def in_use() -> dict[str, Prepared]:
    old = ((f"old client {number}", text) for number, text in enumerate(documents_of_old_clients()))
    found = {}
    for name, text in (*in_python(), *in_scripts(), *in_docs(), *old):
        try:
            parse(text)
        except GraphQLError:
            continue
        prepared = prepare(text)
        if text.startswith("{") and not isinstance(prepared, Prepared):
            continue  # a selection that documents are made of
        assert isinstance(prepared, Prepared), (name, prepared)
        found[name] = prepared
    return found


def a_large_value(kind: TypeNode) -> object:
    if isinstance(kind, NonNullTypeNode):
        return a_large_value(kind.type)
    if isinstance(kind, ListTypeNode):
        return [{}] * MAX_LIST
    return MAX_LIST if kind.name.value == "Int" else "x"  # type: ignore[attr-defined]


def cost_of(prepared: Prepared, operation: OperationDefinitionNode) -> int:
    given = {
        definition.variable.name.value: a_large_value(definition.type)
        for definition in operation.variable_definitions or ()
    }
    return prepared.prices.of(operation, given).cost


def test_documents_in_use_cost_at_most_two_thirds_of_the_limit() -> None:
    costs = {
        f"{name} {operation.name.value if operation.name else ''}": cost_of(prepared, operation)
        for name, prepared in in_use().items()
        for operation in prepared.document.definitions
        if isinstance(operation, OperationDefinitionNode)
    }
    assert {name: cost for name, cost in costs.items() if cost > settings.cost_limit * 2 / 3} == {}


def test_documents_are_found_in_each_place() -> None:
    names = " ".join(in_use())
    for place in ("crmctl/run_command.FOLLOW", "jobs/low_stock.RESTOCK", "runs.js", "stock.js"):
        assert place in names, place
    assert len(in_use()) >= 45
