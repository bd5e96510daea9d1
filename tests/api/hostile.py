"""Hostile documents and bodies, by name."""

import json
from collections.abc import Iterator

from graphql import get_introspection_query

ORDER_BY = "query ($v: [String]) { allCustomers(orderBy: $v) { edges { cursor } } }"
BULK = "mutation ($v: [BulkCreateOrdersInput]!) { bulkCreateOrders(input: $v) { errors } }"
CREATE = "mutation ($v: CreateCustomerInput!) { createCustomer(input: $v) { message } }"
ORDER = "mutation ($v: CreateOrderInput!) { createOrder(input: $v) { order { id } } }"


def many(count: int, text: str) -> str:
    return " ".join(text.replace("#", str(number)) for number in range(count))


def _aliases_and_repeats() -> Iterator[tuple[str, str]]:
    yield "aliases", "{" + many(900, "a#: hello") + "}"
    yield (
        "aliases of an expensive field",
        "{" + many(20, "a#: crmStats { orders }") + many(20, "b#: customers { id }") + "}",
    )
    yield "aliases that conflict", "{" + many(600, "a: hello b: __typename") + "}"
    yield "the same field", "{" + "hello " * 1990 + "}"
    yield "the same object", "{" + "crmStats { orders } " * 400 + "}"
    yield (
        "the same object with arguments that conflict",
        "{" + many(190, "allOrders(first: #) { edges { cursor } }") + "}",
    )
    yield "the same object at each level", "{" + "allOrders { edges { node { customer { id } } } } " * 150 + "}"
    yield "many unknown fields", "{ node(id: 1) {" + many(1900, "f#") + "} }"
    yield "many arguments", "{ allOrders(" + many(600, "a#: 1") + ") { edges { cursor } } }"
    yield "the same argument", "{ allOrders(" + "first: 1 " * 600 + ") { edges { cursor } } }"
    yield "directives", "{ hello " + "@include(if: true) " * 300 + "}"
    yield "unknown directives", "{ hello " + "@x " * 900 + "}"
    yield "many operations", many(600, "query Q# { hello }")
    yield "operations without a name", "{ hello } " * 600
    yield "many variables", "query (" + many(600, "$v#: Int") + ") { hello }"
    yield "the same variable", "query (" + "$v: Int " * 600 + ") { hello }"
    yield "type definitions", many(300, "type T# { a: Int }") + "{ hello }"


def _fragments() -> Iterator[tuple[str, str]]:
    yield "a fragment in itself", "{ ...F } fragment F on Query { ...F }"
    yield (
        "fragments in a circle",
        "{ ...F0 } " + many(25, "fragment F# on Query { ...G# } fragment G# on Query { ...F# }"),
    )
    doubling = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(24))
    yield "a bomb of fragments", f"{{ ...F0 }} {doubling} fragment F24 on Query {{ hello }}"
    expensive = doubling.replace("Query", "Order").replace("...F0", "id")
    yield (
        "an expensive bomb",
        f"{{ order(id: 1) {{ ...F0 }} }} {expensive} fragment F24 on Order {{ customer {{ id }} }}",
    )
    yield (
        "fragments that overlap",
        "{" + many(19, "...F#") + "}" + many(19, "fragment F# on Query {" + "jobs { name } " * 9 + "}"),
    )
    leaves = many(29, "fragment F# on Query {" + "hello " * 9 + "}")
    yield "fragments of the same leaf", "{ ... on Query {" + many(29, "...F#") + "} } " + leaves
    nested = 'job(name: "x") { latest { counts { name } } }'
    yield (
        "fragments of the same objects",
        "{" + many(19, "...F#") + "}" + many(19, "fragment F# on Query {" + nested * 4 + "}"),
    )
    yield "all fragments in all fragments", "{ ...F0 }" + many(29, "fragment F# on Query {" + many(29, "...F#") + "}")
    yield "unused fragments", "{ hello }" + many(300, "fragment F# on Query { hello }")
    yield "fragments of nothing", "{" + many(300, "...F#") + "}"
    yield "inline fragments", "{" + "... { " * 190 + "hello" + "}" * 191
    chain = "".join(f"fragment F{n} on Query {{ {'... { ' * 60} ...F{n + 1} {'}' * 60} }}" for n in range(8))
    yield "inline fragments in a chain", "{ ...F0 } " + chain + "fragment F8 on Query { hello }"


def _depth() -> Iterator[tuple[str, str]]:
    yield "deep", "{" + "allOrders { edges { node { customer { orders { edges { node {" * 3 + "id" + "}" * 22
    yield "deeper than the parser goes", "{ a" * 10_000
    yield "deep lists", "{ allOrders(orderBy: " + "[" * 180 + "]" * 180 + ") { edges { cursor } } }"
    yield "deeper lists", "{ allOrders(orderBy: " + "[" * 20_000 + "}"
    yield "deep objects", "mutation { createCustomer(input: " + "{name: " * 180 + "1" + "}" * 180 + ") { message } }"
    yield "deep types", "query ($v: " + "[" * 190 + "Int" + "]" * 190 + ") { hello }"
    yield (
        "pages of pages",
        "{ allCustomers { edges { node { orders { edges { node { customer { orders { edges { cursor }}}}}}}}}}",
    )


def _introspection() -> Iterator[tuple[str, str]]:
    yield "introspection", get_introspection_query()
    yield "introspection repeated", "{ __schema {" + "types { name kind } " * 280 + "} }"
    yield "introspection with aliases", "{ __schema {" + many(25, "a#: types { fields { name type { name } } }") + "} }"
    yield "introspection twenty times", "{" + many(20, "a#: __schema { types { fields { name } } }") + "}"
    circle = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } }"
    yield "introspection in a circle", circle + "}"
    yield (
        "fragments on a type",
        "{ __schema { types {"
        + many(29, "...F#")
        + "} } }"
        + many(29, "fragment F# on __Type {" + "fields { name } " * 9 + "}"),
    )


def _literals() -> Iterator[tuple[str, str]]:
    yield "a long number", "{ allOrders(first: " + "9" * 90_000 + ") { edges { cursor } } }"
    yield "a long fraction", "{ allOrders(totalAmountGte: 0." + "9" * 90_000 + ") { edges { cursor } } }"
    yield "a large exponent", "{ allOrders(totalAmountGte: 1e999999999) { edges { cursor } } }"
    yield "a long list", "{ allOrders(orderBy: [" + "1 " * 1900 + "]) { edges { cursor } } }"
    yield "a wide object", "mutation { createCustomer(input: {" + many(600, "names#: 1") + "}) { message } }"
    yield "an enum that is none", "{ allOrders(status: " + "PLACE" * 15_000 + ") { edges { cursor } } }"
    yield "a long string", '{ node(id: "' + "\\u0041" * 16_000 + '") { id } }'
    yield "a block of lines", '{ node(id: """' + "\n  a" * 24_000 + '""") { id } }'
    yield "comments", "#\n" * 49_000 + "{ hello }"
    yield "commas", "," * 99_000 + "{ hello }"
    yield "a long name", "{ " + "a" * 90_000 + " }"
    yield "control characters", "{ hello \0 }"
    yield "unicode", "{ \u202ehello \U0001f600 }"
    yield "a lone surrogate", '{ node(id: "\ud800") { id } }'
    yield "a bracket", "{"
    yield "no operation", "fragment F on Query { hello }"
    yield "a subscription", "subscription { hello }"
    yield "templates", '{ node(id: "${7*7}{{7*7}}\' OR 1=1 --") { id } }'


def documents() -> dict[str, str]:
    groups = (_aliases_and_repeats, _fragments, _depth, _introspection, _literals)
    return {name: text for group in groups for name, text in group()}


def _with(document: str, value: str) -> bytes:
    return b'{"query": %s, "variables": {"v": %s}}' % (json.dumps(document).encode(), value.encode())


def _list(count: int, entry: str) -> str:
    return "[" + ",".join([entry] * count) + "]"


_LINES = _list(30, '{"sku": "A", "quantity": 1, "unitPrice": "1"}')
_ROW = '{"reference": "R", "customerEmail": "a@b.cc", "orderDate": "2020-01-01", "lines": ' + _LINES + "}"
_ID = "query ($v: ID!) { node(id: $v) { id } }"


def bodies() -> dict[str, bytes]:
    return _broken_bodies() | _hostile_variables()


def _broken_bodies() -> dict[str, bytes]:
    return {
        "nothing": b"",
        "twelve megabytes of blanks": b" " * 12_000_000,
        "twelve megabytes of brackets": b"[" * 12_000_000,
        "a megabyte of brackets": b"[" * 1_000_000,
        "a megabyte of objects": b'{"a":' * 200_000,
        "a megabyte of empty lists": b"[" + b"[]," * 300_000 + b"[]]",
        "a batch": json.dumps([{"query": "{ hello }"}] * 1000).encode(),
        "null": b"null",
        "nulls": b'{"query": null, "variables": null, "operationName": null, "extensions": null}',
        "bytes that are not text": bytes(range(256)) * 100,
        "another encoding": '{"query": "{ hello }"}'.encode("utf-32"),
        "the same entry": b"{" + b'"query": "{ hello }",' * 40_000 + b'"query": "{ hello }"}',
        "a long operation name": json.dumps({"query": "{ hello }", "operationName": "x" * 900_000}).encode(),
        "a wide request": json.dumps({"query": "{ hello }", **{f"x{n}": n for n in range(60_000)}}).encode(),
        "long extensions": json.dumps({"query": "{ hello }", "extensions": {"x": "y" * 900_000}}).encode(),
        "an invalid hash": json.dumps(
            {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 9000}}}
        ).encode(),
    }


def _hostile_variables() -> dict[str, bytes]:
    return {
        "a long list": _with(ORDER_BY, _list(250_000, '"a"')),
        "a long list of wrong values": _with(ORDER_BY, _list(400_000, "1")),
        "as long a list as may be": _with(ORDER_BY, _list(19_990, '"a"')),
        "as long a list of wrong values": _with(ORDER_BY, _list(19_990, "1")),
        "lists of lists": _with(ORDER_BY, _list(600, _list(600, "1"))),
        "deep variables": _with(ORDER_BY, "[" * 900 + "]" * 900),
        "deeper variables": _with(ORDER_BY, "[" * 100_000 + "]" * 100_000),
        "a variable with a long name": json.dumps({"query": "{ hello }", "variables": {"x" * 900_000: 1}}).encode(),
        "unknown entries": _with(CREATE, json.dumps({f"name{n}": n for n in range(19_000)})),
        "an order of many lines": _with(
            ORDER, '{"customerId": "x", "lines": ' + _list(6000, '{"productId": "x", "quantity": 1}') + "}"
        ),
        "a bulk of many rows": _with(BULK, _list(150, _ROW)),
        "a bulk of nulls": _with(BULK, _list(300, "null")),
        "a bulk of anything": _with(BULK, _list(300, '"x"')),
        "a number of many digits": _with(_ID, "9" * 500_000),
        "a number beyond floats": _with(_ID, "1e999"),
        "a text of a megabyte": _with(_ID, '"' + "x" * 1_000_000 + '"'),
        "a text that grows": _with(_ID, '"' + "ﷺ" * 300_000 + '"'),
        "a null character": _with(_ID, '"\\u0000"'),
        "a lone surrogate": _with(_ID, '"\\udfff"'),
    }
