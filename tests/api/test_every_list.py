"""Every list field against a plain model: no row is lost, and a page is empty or short only if the answer says so."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from chalicelib.api.graphql.schema import schema
from chalicelib.crm import (
    name_search,
)
from chalicelib.jobs import log_lines
from chalicelib.settings import settings
from chalicelib.store import pagination
from tests.api.list_model import CONNECTIONS, ENUMS, NOW, Given, Keys, Shop, fill
from tests.as_operator import execute
from tests.faults.environment import Environment, fake_aws
from tests.faults.memory import Memory
from tests.faults.stale_memory import MAX_AGE, StaleMemory

pytestmark = pytest.mark.no_database
EXAMPLES = 120 if os.environ.get("CRM_FULL_SIZE") else 40


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with fake_aws() as built, built.run(Environment(Memory(), NOW)):
        yield fill(built.environment.memory)


def test_every_connection_of_the_schema_is_in_the_table() -> None:
    found = {
        name
        for kind in schema().type_map.values()
        for name, field in getattr(kind, "fields", {}).items()
        if str(getattr(field, "type", "")).strip("!").endswith("Connection")
    }
    assert found == CONNECTIONS.keys()


@st.composite
def questions(draw: st.DrawFn) -> tuple[str, Given]:
    name = draw(st.sampled_from(["allOrders"] * len(CONNECTIONS) + sorted(CONNECTIONS)))  # it has most ways
    arguments = CONNECTIONS[name].arguments
    required: dict[str, Given] = {"jobRuns": {"job": "low_stock"}, "search": {"text": "lee"}}
    given: Given = dict(required.get(name, {}))
    for argument, values in arguments.items():
        if draw(st.booleans()):
            given[argument] = draw(st.sampled_from(values))
    return name, given


def document_of(name: str, given: Given, customer_id: str, first: int) -> str:
    shown = {key: _literal(value) for key, value in {**given, "first": first}.items()} | {"after": "$after"}
    arguments = ", ".join(f"{key}: {value}" for key, value in shown.items())
    field = f"{name}({arguments}) {{ edges {{ {CONNECTIONS[name].node} }} pageInfo {{ hasNextPage endCursor }} }}"
    wrapper = CONNECTIONS[name].wrapper
    whole = (wrapper % customer_id if name == "orders" else wrapper).replace("%s", field)
    return f"query ($after: String) {{ {whole} }}"


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) or value in ENUMS else f'"{value}"'


@contextmanager
def limited(read_budget: int, max_names: int, max_rows: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pagination, "settings", replace(settings, read_budget=read_budget))
        patch.setattr(name_search, "MAX_NAMES", max_names)
        patch.setattr(log_lines, "_MAX_ROWS", max_rows)
        yield


def page_of(answer: Given, name: str) -> Given:
    assert "errors" not in answer, answer
    data = answer["data"]
    page: Given = data.get(name) or next(iter(data.values()))[name]
    return page


def key_of(edge: Given) -> str:
    node = edge["node"]
    return str(node if isinstance(node, str) else next(iter(node.values())))


@hypothesis_settings(max_examples=EXAMPLES, derandomize=True)
@given(
    question=questions(),
    first=st.sampled_from((1, 2, 7, 100)),
    read_budget=st.sampled_from((2, 5, 2000)),
    max_names=st.sampled_from((0, 1000)),
    number=st.integers(0, 10),
)
def test_every_list_is_complete_and_says_so_when_a_page_is_cut_short(  # noqa: PLR0913, PLR0917 - what is drawn
    shop: Shop, question: tuple[str, Given], first: int, read_budget: int, max_names: int, number: int
) -> None:
    name, given = question
    customer_id = shop.customers[number].id
    found: Keys = []
    after, more = None, True
    document = document_of(name, given, customer_id, first)
    with limited(read_budget, max_names, min(read_budget, 200)):
        while more:
            answer = execute(document, {"after": after})
            page = page_of(answer, name)
            more = page["pageInfo"]["hasNextPage"]
            is_cut = more and len(page["edges"]) < first
            assert answer.get("extensions") == ({"partial": True} if is_cut else None)
            assert not is_cut or read_budget < 2000
            assert not more or page["pageInfo"]["endCursor"] not in {None, after}
            after = page["pageInfo"]["endCursor"]
            found += map(key_of, page["edges"])
    expected = CONNECTIONS[name].model(shop, given | ({"customer": customer_id} if name == "orders" else {}))
    assert sorted(found) == sorted(expected)


@pytest.fixture
def stale() -> Iterator[tuple[Environment, Shop]]:
    """The same data, but indexes answer as they were up to five seconds ago, and two have passed since the last change."""
    with fake_aws() as built, built.run(Environment(StaleMemory(), NOW)):
        environment = built.environment

        def pause() -> None:
            environment.now += MAX_AGE

        shop = fill(environment.memory, pause)
        environment.now += timedelta(seconds=2)
        yield environment, shop


def all_pages(shop: Shop, name: str) -> tuple[Keys, Keys]:
    """Return the keys of all rows of a list, and those that a plain model expects."""
    given: Given = {"jobRuns": {"job": "low_stock"}, "search": {"text": "lee"}}.get(name, {})
    customer_id, after, more = shop.customers[3].id, None, True
    found: Keys = []
    while more:
        page = page_of(execute(document_of(name, given, customer_id, 7), {"after": after}), name)
        found += map(key_of, page["edges"])
        more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
    return found, CONNECTIONS[name].model(shop, given | ({"customer": customer_id} if name == "orders" else {}))


def test_lists_over_stale_indexes_show_nothing_wrong_and_are_complete_after_five_seconds(
    stale: tuple[Environment, Shop],
) -> None:
    environment, shop = stale
    renamed = {row.id for row in shop.products if row.name == "Table"}
    changed = renamed | {change.subject for change in shop.changes}  # may come twice: at the old place and at the new
    wrong: dict[str, Keys] = {}
    missing = 0
    for name in [*CONNECTIONS] * 5:
        found, expected = all_pages(shop, name)
        missing += len(set(expected) - set(found))
        twice = {key for key in found if found.count(key) > 1} - changed
        if extra := [key for key in found if key not in expected or key in twice]:
            wrong[name] = extra
    assert not wrong
    assert missing, "otherwise the indexes were not stale"
    environment.now += MAX_AGE
    for name in CONNECTIONS:
        found, expected = all_pages(shop, name)
        assert sorted(found) == sorted(expected), name
