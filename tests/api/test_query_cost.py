"""The cost of a document and the role it needs, before execution. Every field has a rule."""

from pathlib import Path

import pytest
from graphql import GraphQLObjectType, build_schema, get_operation_ast, parse, validate

from chalicelib.access.roles import Role
from chalicelib.api.graphql import query_cost as module
from chalicelib.api.graphql.field_rules import FieldRule, read_rules
from chalicelib.api.graphql.query_cost import OperationCost, Prices
from chalicelib.api.graphql.schema import rules, schema
from chalicelib.errors import LimitExceeded

pytestmark = pytest.mark.no_database
SDL = (Path(module.__file__).parent / "schema.graphql").read_text("utf-8")


def priced(text: str, **variables: object) -> OperationCost:
    document = parse(text)
    assert validate(schema(), document) == []
    operation = get_operation_ast(document)
    assert operation is not None
    return Prices(schema(), rules(), document).of(operation, variables)


PAGE = "edges { node { id } }"
"""One node and one edge per row."""


@pytest.mark.parametrize(
    ("document", "cost"),
    [
        ("{ hello }", 0),
        ("{ __typename }", 0),
        ('{ node(id: "x") { id } }', 1),
        ('{ customer(email: "x") { id name } product(sku: "x") { id } }', 2),
        (f"{{ allCustomers(first: 10) {{ {PAGE} }} }}", 1 + 10 * 2),
        (f"{{ allCustomers(last: 10) {{ {PAGE} }} }}", 1 + 10 * 2),
        (f"{{ allCustomers {{ {PAGE} }} }}", 1 + 100 * 2),
        (f"{{ allCustomers(first: null) {{ {PAGE} }} }}", 1 + 100 * 2),
        (f"{{ allCustomers(first: 2147483647) {{ {PAGE} }} }}", 1 + 100 * 2),
        (f"{{ allCustomers(first: -5) {{ {PAGE} }} }}", 1),
        # a page is read, whatever is selected of it
        ("{ allCustomers(first: 10) { pageInfo { hasNextPage } } }", 1 + 10 * 2),
        ("{ allCustomers(first: 0) { pageInfo { hasNextPage } } }", 1),
        # rows that an offset skips are read
        ("{ allCustomers(first: 10, offset: 300) { edges { cursor } } }", 1 + 300 + 10 * 2),
        ("{ allCustomers(first: 10, offset: -1) { edges { cursor } } }", 1 + 10 * 2),
        # pages multiply
        (
            f"{{ allCustomers(first: 10) {{ edges {{ node {{ orders(first: 5) {{ {PAGE} }} }} }} }} }}",
            1 + 10 * (2 + 100 + 5 * 2),
        ),
        # lists without a page size have an assumed length
        ('{ order(id: "x") { products { id } lines { name product { id } } } }', 1 + 5 + 5 + 5 * 1),
        ("{ customers { id } }", 2000),
        ("{ crmStats { orders } inactiveCustomerCount }", 1600),
        ("{ crmStats { customers } }", 1600),
        (
            "{ schedules { nextRuns } }",
            100 + 100 * 50,
        ),  # the search for a rare day takes time, so one such list is enough
        ("{ uptime { hour } }", 100 + 7 * 288),
        ("{ uptime(days: 2) { hour } }", 100 + 2 * 288),
        ("{ jobs { name latest { status lines } } }", 1000 + 5 * (1 + 200)),
        ("mutation { updateLowStockProducts { message } }", 4000),
        # the same field twice costs twice, and so does a fragment
        (f"{{ a: allCustomers(first: 1) {{ {PAGE} }} b: allCustomers(first: 1) {{ {PAGE} }} }}", 2 * 3),
        ("{ a: node(id: 1) { ...F } b: node(id: 2) { ...F } } fragment F on Order { customer { id } }", 2 + 2),
        ("{ node(id: 1) { ... on Order { customer { id } } ... on Customer { name } ... { id } } }", 2),
        # skipping is not counted upon
        ("{ crmStats @skip(if: true) { orders } }", 800),
    ],
)
def test_what_a_document_costs(document: str, cost: int) -> None:
    assert priced(document).cost == cost


@pytest.mark.parametrize(
    ("given", "rows"),
    [({"n": 7}, 7), ({"n": 100_000}, 100), ({"n": -1}, 0), ({"n": None}, 100), ({}, 100), ({"n": "x"}, 100)],
)
def test_a_page_size_may_be_a_variable(given: dict[str, object], rows: int) -> None:
    assert priced(f"query ($n: Int) {{ allCustomers(first: $n) {{ {PAGE} }} }}", **given).cost == 1 + rows * 2


BULK = "mutation ($rows: [CreateProductInput]!) { bulkCreateProducts(input: $rows) { errors } }"


@pytest.mark.parametrize(("rows", "cost"), [([], 20), ([{}], 20), ([{}] * 100, 2000), ([{}] * 501, 10_020), (None, 20)])
def test_bulk_creation_costs_per_row(rows: object, cost: int) -> None:
    assert priced(BULK, rows=rows).cost == cost


def test_rows_in_the_document_and_as_a_default_count_as_well() -> None:
    row = '{name: "a", price: 1}'
    assert priced(f"mutation {{ bulkCreateProducts(input: [{row}, {row}, {row}]) {{ errors }} }}").cost == 60
    default = BULK.replace("]!)", f"]! = [{row}, {row}])")
    assert priced(default).cost == 40
    assert priced(default, rows=[{}] * 3).cost == 60


def test_a_page_size_may_be_a_default_value() -> None:
    assert priced(f"query ($n: Int = 3) {{ allCustomers(first: $n) {{ {PAGE} }} }}").cost == 1 + 3 * 2


def test_nested_fragments_are_priced_in_full_and_fast() -> None:
    doubling = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(25))
    found = priced(f'{{ ...F0 }} {doubling} fragment F25 on Query {{ product(sku: "x") {{ id }} }}')
    assert found.cost == 2**25


def test_fragments_do_not_hide_depth() -> None:
    inner = "id"
    parts = []
    for number in range(7):
        parts.append(
            f"fragment F{number} on Order {{ customer {{ orders(first: 1) {{ edges {{ node {{ {inner} }} }} }} }} }}"
        )
        inner = f"...F{number}"
    document = f'{{ order(id: "x") {{ {inner} }} }} {" ".join(parts)}'
    with pytest.raises(LimitExceeded, match="too many levels") as raised:
        priced(document)
    assert raised.value.code == "DOCUMENT_TOO_COMPLEX"


@pytest.mark.parametrize(
    ("document", "role"),
    [
        ("{ hello __typename }", Role.PUBLIC),
        ("{ health { database } }", Role.PUBLIC),
        ("{ hello jobs { name } }", Role.VIEWER),
        ("{ ...F } fragment F on Query { ... { keys { edges { cursor } } } }", Role.OPERATOR),
        ("query ($no: Boolean = false) { hello keys @include(if: $no) { edges { cursor } } }", Role.OPERATOR),
        ('mutation { deleteCustomer(id: "x") { customer { id } } }', Role.EDITOR),
        (
            'mutation { a: deleteCustomer(id: "x") { customer { id } } b: resumeJob(name: "x") { job { name } } }',
            Role.OPERATOR,
        ),
    ],
)
def test_the_strictest_field_decides_the_required_role(document: str, role: Role) -> None:
    assert priced(document).role is role


def test_only_the_operation_that_is_run_is_priced() -> None:
    document = parse("query A { hello } query B { keys { edges { cursor } } }")
    operation = get_operation_ast(document, "A")
    assert operation is not None
    assert Prices(schema(), rules(), document).of(operation, {}) == OperationCost(depth=1)


def test_each_field_has_a_rule() -> None:
    kinds = {name: kind for name, kind in schema().type_map.items() if isinstance(kind, GraphQLObjectType)}
    names = {(name, field) for name, kind in kinds.items() if not name.startswith("__") for field in kind.fields}
    assert names <= set(rules())
    assert len(names) > 200
    assert rules()["Query", "hello"] == FieldRule(Role.PUBLIC, 0, None, 1)
    assert rules()["Mutation", "bulkCreateOrders"] == FieldRule(Role.EDITOR, 30, "input", 1)


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ("hello: String @needs(role: PUBLIC)", "Query.hello"),
        ("type QueueDepth @needs(role: VIEWER)", "QueueDepth.waiting"),
        ("interface Node @needs(role: VIEWER)", "Node.id"),
    ],
)
def test_a_schema_with_a_field_without_a_rule_does_not_start(rule: str, named: str) -> None:
    assert SDL.count(rule) == 1
    with pytest.raises(LookupError, match=f"{named} needs a rule"):
        read_rules(build_schema(SDL.replace(rule, rule.partition(" @")[0])))


def test_a_cost_that_depends_on_variables_is_computed_each_time() -> None:
    document = parse(
        f"query A($n: Int = 7) {{ allCustomers(first: $n) {{ {PAGE} }} }} "
        f"query B {{ allCustomers(first: 3) {{ {PAGE} }} }} "
        "query C($ids: [ID!]!) { a: allCustomers(first: 1) { ...Rows } hello } "
        f"fragment Rows on CustomerConnection {{ {PAGE} }}"
    )
    prices = Prices(schema(), rules(), document)

    def cost(name: str, **variables: object) -> int:
        operation = get_operation_ast(document, name)
        assert operation
        return prices.of(operation, variables).cost

    assert [cost("A", n=2), cost("A", n=50), cost("A"), cost("A", n=2)] == [5, 101, 15, 5]
    assert [cost("B"), cost("B", n=2), cost("C"), cost("A", n=1)] == [7, 7, 3, 3]
