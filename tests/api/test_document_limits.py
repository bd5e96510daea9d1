"""Limits of documents and variables, each tested at its edge, and what anonymous callers learn about the schema."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from graphql import get_introspection_query, parse

from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.api.graphql import document_limits
from chalicelib.api.graphql.document_limits import check_shape, check_variables
from chalicelib.errors import LimitExceeded
from tests.api.graphql_client import Reply, ask, post

no_database = pytest.mark.no_database


def fields(count: int, text: str = "f{}") -> str:
    return " ".join(text.format(number) for number in range(count))


def nested(count: int, inner: str = "id") -> str:
    return "{" + "a {" * (count - 1) + inner + "}" * count


def spread_out(count: int, text: str) -> str:
    """Repeat `text`, in groups of ten."""
    places = " ".join(f"p{number} {{ {fields(10, text)} }}" for number in range(count // 10))
    return f"{{ {places} rest {{ {fields(count % 10, text) or 'id'} }} }}"


def fragments(count: int) -> str:
    return "{ id } " + fields(count, "fragment F{} on T {{ id }}")


SHAPES: dict[str, tuple[int, Callable[[int], str]]] = {
    "levels": (document_limits.MAX_DEPTH, nested),
    "root fields": (document_limits.MAX_ROOT_FIELDS, lambda count: f"{{ {fields(count)} }}"),
    "times 'x' in one place": (document_limits.MAX_REPEATS, lambda count: f"{{ a {{ {'x ' * count} }} }}"),
    "aliases": (document_limits.MAX_ALIASES, lambda count: spread_out(count, "a{0}: f{0}")),
    "directives": (document_limits.MAX_DIRECTIVES, lambda count: "{ id " + "@x " * count + "}"),
    "fragment spreads": (document_limits.MAX_SPREADS, lambda count: spread_out(count, "...F{}")),
    "fragments": (document_limits.MAX_FRAGMENTS, fragments),
    "operations": (document_limits.MAX_OPERATIONS, lambda count: fields(count, "query Q{} {{ id }}")),
    "variables": (document_limits.MAX_VARIABLES, lambda count: f"query ({fields(count, '$v{}: Int')}) {{ id }}"),
    "introspections": (
        document_limits.MAX_INTROSPECTIONS,
        lambda count: "{" + "__schema { types { name } } " * count + "}",
    ),
}


@no_database
@pytest.mark.parametrize("what", SHAPES)
def test_each_limit_is_exact_and_names_itself(what: str) -> None:
    most, make = SHAPES[what]
    check_shape(parse(make(most)))
    with pytest.raises(LimitExceeded, match=f"too many {what}: at most {most}") as raised:
        check_shape(parse(make(most + 1)))
    assert raised.value.code == "DOCUMENT_TOO_COMPLEX"


@no_database
def test_a_field_is_counted_over_the_whole_document() -> None:
    def spread(count: int) -> str:
        return "{ a }" + "".join(f" fragment F{n} on T {{ {'x ' * 10} }}" for n in range(count // 10))

    check_shape(parse(spread(document_limits.MAX_SAME_FIELD)))
    with pytest.raises(LimitExceeded, match=f"too many times 'x': at most {document_limits.MAX_SAME_FIELD}"):
        check_shape(parse(spread(document_limits.MAX_SAME_FIELD + 10)))


@no_database
def test_fields_are_counted_over_the_whole_document() -> None:
    groups = [fields(90, name + "{}") for name in "abcde"]
    document = "{ a { %s } b { %s } } fragment F on T { %s } fragment G on T { %s } query B { a { %s } }"
    check_shape(parse(document % (*groups,)))
    with pytest.raises(LimitExceeded, match="too many fields: at most 500"):
        check_shape(parse(document % (*groups[:4], fields(150))))


@no_database
@pytest.mark.parametrize(
    "document",
    [
        "{ __schema { types { a: name } } }",
        "{ __schema { types { name } } a: __type(name: 1) { b: fields { name } } }",
        "fragment F on __Type { a: fields { name } }",
        "{ __schema { types { ... { fields { a: name } } } } }",
        "{ __schema { types { %s } } }" % ("name " * 11),
        "{ __schema { " + "a {" * 20 + "a" + "}" * 22,
        "fragment F on __Type " + nested(21),
    ],
)
def test_introspection_has_its_limits_too(document: str) -> None:
    with pytest.raises(LimitExceeded):
        check_shape(parse(document))


@no_database
@pytest.mark.parametrize("descriptions", [True, False])
def test_the_introspection_of_tools_passes(descriptions: bool) -> None:  # noqa: FBT001
    full = get_introspection_query(
        descriptions=descriptions,
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
    )
    check_shape(parse(full))
    flat = "{ __schema { types { fields { args { type " + "{ name ofType " * 9 + "{ name }" + "}" * 9 + "}}}}}"
    check_shape(parse(flat))


@no_database
def test_values_are_counted_however_they_are_nested() -> None:
    half = document_limits.MAX_VALUES // 2
    check_variables({})
    check_variables({"x": [1] * (document_limits.MAX_VALUES - 1)})
    check_variables({"x": {"y": [[1] * (half - 3)], "z": [1] * (half - 1)}})
    too_many: list[dict[str, Any]] = [
        {"x": [1] * document_limits.MAX_VALUES},
        {"x": [[]] * document_limits.MAX_VALUES},
        {"x": {"y": [[1] * half], "z": [1] * half}},
        {"x": {str(number): 1 for number in range(document_limits.MAX_VALUES)}},
    ]
    for variables in too_many:
        with pytest.raises(LimitExceeded) as raised:
            check_variables(variables)
        assert raised.value.code == "VARIABLES_TOO_LARGE"


@no_database
def test_the_limit_of_levels_in_variables_is_exact() -> None:
    def nested_lists(levels: int) -> list[Any]:
        return [nested_lists(levels - 1)] if levels > 1 else []

    check_variables({"x": nested_lists(document_limits.MAX_VALUE_DEPTH - 1)})
    with pytest.raises(LimitExceeded, match=f"at most {document_limits.MAX_VALUE_DEPTH} levels"):
        check_variables({"x": nested_lists(document_limits.MAX_VALUE_DEPTH)})


NESTED = {
    "lists": ("query ($v: [String]) { allOrders(orderBy: $v) { edges { cursor } } }", "[", "]"),
    "objects": ("mutation ($v: CreateCustomerInput!) { createCustomer(input: $v) { message } }", '{"name": ', "}"),
}


@pytest.mark.parametrize("kind", NESTED)
def test_values_are_refused_however_deeply_they_are_nested(kind: str) -> None:
    document, begin, end = NESTED[kind]
    filler = "1" if kind == "objects" else ""
    for depth in (document_limits.MAX_VALUE_DEPTH, *range(100, 1000, 20), 10_000):
        value = begin * depth + filler + end * depth
        reply = post(f'{{"query": {json.dumps(document)}, "variables": {{"v": {value}}}}}'.encode())
        assert reply.status == 400, depth
        assert reply.code in {"VARIABLES_TOO_LARGE", "BAD_REQUEST"}, depth
        literal = value.replace('"', "")
        inline = document.partition(" ")[0] + document.partition(")")[2].replace("$v", literal)
        reply = post({"query": inline})
        assert reply.status < 500, depth
        assert "data" not in reply.json, depth


def test_a_long_document_is_rejected_before_it_is_fully_parsed() -> None:
    for document in ("{" + "a " * 2100 + "}", "#\n" * 501 + "{ hello }", "{ hello }" + " " * 100_000, "{" + "a{" * 300):
        assert ask(document).code == "DOCUMENT_TOO_COMPLEX"
    assert ask("{ hello").code == "GRAPHQL_PARSE_FAILED"


def test_the_cost_limit_has_a_code_of_its_own_and_nothing_is_executed() -> None:
    many = ask("{ allOrders { edges { node { customer { orders { edges { node { id } } } } } } } }")
    assert (many.status, many.code) == (400, "COST_LIMIT")
    assert "data" not in many.json
    assert ask("query ($o: [String]) { allOrders(orderBy: $o) { edges { cursor } } }", o=["x"] * 20_000).code == (
        "VARIABLES_TOO_LARGE"
    )


HINTED = (
    "{ helo }",
    "{ allCustomer { edges { cursor } } }",
    "{ allCustomers }",
    "{ hello { x } }",
    "{ allCustomers(frist: 1) { edges { cursor } } }",
    "{ allOrders(status: PLACE) { edges { cursor } } }",
    '{ allOrders(status: "PLACED") { edges { cursor } } }',
    "query ($x: OrderStats) { allOrders(status: $x) { edges { cursor } } }",
    "{ node(id: 1) { ... on Custmer { id } } }",
    "{ node(id: 1) { nam } }",
    "{ hello @includ(if: true) }",
    '{ customer(email: "x") { nme } }',
    'mutation { createCustomer(input: {name: "a", emial: "b"}) { message } }',
    'mutation { createKey(name: "x", role: "VIEWER") { secret } }',
)


def hints(reply: Reply) -> list[str]:
    return re.findall("Did you mean[^?]*", reply.answer.body)


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("document", HINTED)
def test_anonymous_callers_get_no_suggestions(document: str) -> None:
    reply = ask(document)
    assert reply.code == "GRAPHQL_VALIDATION_FAILED"
    assert hints(reply) == []


def test_callers_with_a_key_get_suggestions() -> None:
    assert len([document for document in HINTED if hints(ask(document))]) >= 10


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize(
    "document",
    [
        "{ __schema { types { name } } }",
        '{ __type(name: "Query") { name } }',
        "{ hello __schema { types { name } } }",
        "{ ...F } fragment F on Query { ... { __schema { types { name } } } }",
        get_introspection_query(),
    ],
)
def test_introspection_needs_a_key(document: str) -> None:
    refused = ask(document)
    assert (refused.status, refused.code) == (401, "UNAUTHENTICATED")
    viewer = api_keys.create("Viewer", Role.VIEWER, "test").key
    assert "__" in str(ask(document, viewer).data)


@pytest.mark.usefixtures("deployed")
def test_typename_does_not_count_as_introspection() -> None:
    assert ask("{ __typename hello }").data == {"__typename": "Query", "hello": "Hello, GraphQL!"}
