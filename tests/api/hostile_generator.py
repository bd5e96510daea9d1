"""Hostile requests without end, the same for the same seed.

Each is a document made from the schema with values that are likely to break something. Then, most of the time, the
document, the body or the headers are damaged.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    get_named_type,
    is_composite_type,
)

from chalicelib.api.graphql.schema import schema

_MAX_DEPTH = 5
TEXTS = (
    *("", " ", "x", "\0", "\n\r\t", "\u202eevil", "\ud800", "\ufeff", "\U0001f600" * 300, "ﷺ" * 500),
    *(
        "\u0300\u0316" * 20_000,
        "a" * 300,
        "a@b.cc",
        "' OR 1=1 --",
        "${7*7}{{7*7}}",
        "../../etc/passwd",
        "<script>alert(1)",
    ),
    *(
        "27/11/2026-11:40:00 CRM is alive",
        "=1+1",
        "crm_0123456789ab_x",
        "2026-W99",
        "0001-01-01",
        "9999-12-31T23:59:59Z",
    ),
    *(
        "NaN",
        "1e999",
        "-0",
        "9" * 400,
        "cus_" + "0" * 26,
        "prd_" + "Z" * 26,
        "ord_" + "\u0660" * 26,
        "low_stock",
        "-name",
    ),
)
NUMBERS = (0, -1, 1, 2, 100, 101, 2**31 - 1, -(2**31), 2**31, 2**63, 10**300, 0.1, 1e308, -0.0)
OTHERS: tuple[Any, ...] = (None, True, [], {}, [[]], [None], {"": ""}, [{"a": [1]}], ["x"] * 300)
_HEADERS: dict[str, tuple[str, ...]] = {
    "content-type": ("application/json", "text/plain", "application/graphql", "application/json; charset=utf-16", ""),
    "accept": (
        "application/json",
        "application/graphql-response+json",
        "text/html",
        "*/*;q=0",
        "x" * 5000,
        "image/png",
    ),
    "idempotency-key": ("k", "k" * 256, "\u043a", "", "same"),
    "origin": ("null", "https://evil.example", ""),
    "x-request-id": ("a\r\nSet-Cookie: x=y", "x" * 300, "ok"),
    "host": ("evil.example", "127.0.0.1:1", "[::1]", ""),
    "content-length": ("-1", "999999999"),
}
_METHODS = ("POST",) * 12 + ("GET", "GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "\u043f")


@dataclass(frozen=True, slots=True)
class HostileRequest:
    method: str
    headers: dict[str, str]
    query: dict[str, str]
    body: bytes


class Generator:
    def __init__(self, seed: int, keys: dict[str, str | None]) -> None:
        self._random = random.Random(seed)
        self._keys = keys

    def requests(self, count: int) -> Iterator[HostileRequest]:
        return (self._request() for _ in range(count))

    def _request(self) -> HostileRequest:
        pick = self._random
        document, variables = self._document()
        if pick.random() < 0.4:
            document = self._damaged(document)
        payload: dict[str, Any] = {"query": document, "variables": variables}
        if pick.random() < 0.1:
            payload[pick.choice(("operationName", "extensions", "variables", "query", "x"))] = self._anything()
        body = json.dumps(payload).encode()
        if pick.random() < 0.15:
            body = self._damaged_bytes(body)
        method = pick.choice(_METHODS)
        query = {"query": document, "variables": json.dumps(variables)} if method == "GET" else {}
        return HostileRequest(method, self._headers(), query, body)

    def _headers(self) -> dict[str, str]:
        pick = self._random
        headers = {"content-type": "application/json"}
        for name, values in _HEADERS.items():
            if pick.random() < 0.08:
                headers[name] = pick.choice(values)
        key = self._keys[pick.choice(sorted(self._keys))]
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        return headers

    def _document(self) -> tuple[str, dict[str, Any]]:
        pick = self._random
        kind = pick.choice(("query", "query", "mutation"))
        root = schema().query_type if kind == "query" else schema().mutation_type
        assert root
        variables: dict[str, Any] = {}
        selection = self._selection(root, variables, 0)
        declared = ", ".join(f"${name}: {type_}" for name, (type_, _) in variables.items())
        head = f"{kind} ({declared})" if declared else kind
        return f"{head} {selection}", {name: value for name, (_, value) in variables.items()}

    def _selection(self, kind: GraphQLNamedType, variables: dict[str, Any], depth: int) -> str:
        pick = self._random
        fields = list(getattr(kind, "fields", {}).items())
        if not fields:
            return "{ __typename }"
        chosen = pick.choices(fields, k=pick.choice((1, 1, 2, 3, 8)))
        shown = [self._field(name, field, number, variables, depth) for number, (name, field) in enumerate(chosen)]
        return "{ " + " ".join(shown) + " }"

    def _field(self, name: str, field: GraphQLField, number: int, variables: dict[str, Any], depth: int) -> str:
        pick = self._random
        arguments = [
            f"{key}: {self._argument(argument, variables)}"
            for key, argument in field.args.items()
            if isinstance(argument.type, GraphQLNonNull) or pick.random() < 0.3
        ]
        text = (f"a{number}: " if pick.random() < 0.3 else "") + name
        text += f"({', '.join(arguments)})" if arguments else ""
        inner: Any = get_named_type(field.type)
        if not is_composite_type(inner):
            return text
        if depth >= _MAX_DEPTH:
            return f"{text} {{ __typename }}"
        return f"{text} {self._selection(inner, variables, depth + 1)}"

    def _argument(self, argument: GraphQLArgument, variables: dict[str, Any]) -> str:
        name = f"v{len(variables)}"
        variables[name] = (str(argument.type), self._value(argument.type, 0))
        return f"${name}"

    def _value(self, kind: Any, depth: int) -> Any:
        """Return a value that mostly has the type, so that it gets beyond validation."""
        pick = self._random
        if pick.random() < 0.08:
            return self._anything()
        if isinstance(kind, GraphQLNonNull):
            return self._value(kind.of_type, depth)
        if isinstance(kind, GraphQLList):
            return [self._value(kind.of_type, depth + 1) for _ in range(pick.choice((0, 1, 2, 20)))]
        if isinstance(kind, GraphQLEnumType):
            return pick.choice(list(kind.values))
        if isinstance(kind, GraphQLInputObjectType):
            fields = kind.fields.items()
            wanted = [(key, f) for key, f in fields if isinstance(f.type, GraphQLNonNull) or pick.random() < 0.5]
            return {key: self._value(field.type, depth + 1) for key, field in wanted} if depth < _MAX_DEPTH else {}
        numeric = str(kind) in {"Int", "Float", "Decimal", "Count"}
        return pick.choice(NUMBERS if numeric else TEXTS)

    def _anything(self) -> Any:
        return self._random.choice((*TEXTS, *NUMBERS, *OTHERS))

    def _damaged(self, text: str) -> str:
        pick = self._random
        start, end = sorted(pick.choices(range(len(text) + 1), k=2))
        end = min(end, start + 40)
        part = text[start:end]
        replacement = pick.choice(("", part * 2, part * 50, part[::-1], *TEXTS[:9], "...", "{", "}", "@x", '"""', "#"))
        return text[:start] + replacement + text[end:]

    def _damaged_bytes(self, body: bytes) -> bytes:
        pick = self._random
        place = pick.randrange(len(body) + 1)
        return (
            body[:place]
            + pick.choice((b"", b"\xff", b"\0", b"\xed\xa0\x80", b"[" * 2000, b"1e999", body))
            + body[place + 1 :]
        )
