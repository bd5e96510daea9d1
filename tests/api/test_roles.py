"""Every field of the schema, requested by every kind of caller: only the right roles may see it."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_composite_type,
)

from chalicelib import clock
from chalicelib.access import api_keys, authentication, rate_limit
from chalicelib.access.roles import Role
from chalicelib.api.graphql import execution
from chalicelib.api.graphql.schema import schema
from chalicelib.api.http import endpoint
from tests.api.conftest import Change
from tests.api.graphql_client import ask
from tests.builders import moment

# A change of a rule in the schema must be repeated here.
ANYBODY = {"Query.hello", "Query.health", "Health.database", "Health.queue"}
OPERATORS = {
    "Query.keys",
    "Query.auditLog",
    "Query.deadLetters",
    "Query.personalData",
    "JobRun.trace",
    "Mutation.deleteInactiveCustomers",
    "Mutation.restoreCustomer",
    "Mutation.restoreCustomers",
    "Mutation.undoCustomerMerge",
    "Mutation.checkSearchIndex",
    "Mutation.eraseCustomer",
    "Mutation.erasePersonalData",
    "Mutation.runJob",
    "Mutation.cancelRun",
    "Mutation.backfill",
    "Mutation.createSchedule",
    "Mutation.updateSchedule",
    "Mutation.deleteSchedule",
    "Mutation.resetSchedule",
    "Mutation.createNotificationChannel",
    "Mutation.updateNotificationChannel",
    "Mutation.deleteNotificationChannel",
    "Mutation.sendTestNotification",
    "Mutation.pauseJob",
    "Mutation.resumeJob",
    "Mutation.remakeReport",
    "Mutation.redriveDeadLetters",
    "Mutation.discardDeadLetters",
    "Mutation.createKey",
    "Mutation.rotateKey",
    "Mutation.revokeKey",
}
CALLERS = {"nobody": Role.PUBLIC, "viewer": Role.VIEWER, "editor": Role.EDITOR, "operator": Role.OPERATOR}
MAX_VALUES = {
    "Date": '"2026-01-01"',
    "DateTime": '"2026-01-01T00:00:00Z"',
    "Decimal": '"1.00"',
    "Int": "1",
    "Boolean": "true",
    "Float": "1.5",
}
Kind = GraphQLObjectType | GraphQLInterfaceType


def needed(name: str) -> Role:
    if name in ANYBODY:
        return Role.PUBLIC
    if name in OPERATORS:
        return Role.OPERATOR
    return Role.EDITOR if name.startswith("Mutation.") else Role.VIEWER


def value(kind: GraphQLInputType) -> str:
    if isinstance(kind, GraphQLNonNull):
        return value(kind.of_type)
    if isinstance(kind, GraphQLList):
        return f"[{value(kind.of_type)}]"
    if isinstance(kind, GraphQLEnumType):
        return str(next(iter(kind.values)))
    if isinstance(kind, GraphQLInputObjectType):
        required = {name: field.type for name, field in kind.fields.items() if isinstance(field.type, GraphQLNonNull)}
        return "{" + ", ".join(f"{name}: {value(inner)}" for name, inner in required.items()) + "}"
    return MAX_VALUES.get(get_named_type(kind).name, '"x"')


def call(name: str, field: GraphQLField) -> str:
    required = {key: arg.type for key, arg in field.args.items() if isinstance(arg.type, GraphQLNonNull)}
    size = {"first": "1"} if "first" in field.args else {}
    given = {key: value(kind) for key, kind in required.items()} | size
    return name + (f"({', '.join(f'{key}: {text}' for key, text in given.items())})" if given else "")


def leaf(kind: Kind) -> str:
    return "{ __typename }" if is_composite_type(get_named_type(kind)) else ""


def paths() -> dict[str, tuple[str, Role]]:
    """Return by type and field the shortest document that asks for it, and the role that the document needs."""
    found: dict[str, tuple[str, Role]] = {}
    waiting: list[tuple[Kind, str, str, Role]] = []
    for root, word in (("Query", "query"), ("Mutation", "mutation")):
        waiting.append((schema().type_map[root], f"{word} {{ ", " }", Role.PUBLIC))  # type: ignore[arg-type]
    while waiting:
        kind, before, behind, role = waiting.pop(0)
        for name, field in kind.fields.items():
            key = f"{kind.name}.{name}"
            if key in found:
                continue
            text = call(name, field)
            inner: Any = get_named_type(field.type)
            whole = max(role, needed(key))
            found[key] = (f"{before}{text} {leaf(inner)}{behind}", whole)
            if isinstance(inner, GraphQLObjectType | GraphQLInterfaceType):
                waiting.append((inner, f"{before}{text} {{ ", f" }}{behind}", whole))
    return found


PATHS = paths()
prepare_once = cache(execution.prepare.__wrapped__)
"""There are more documents than the cache of a process keeps, and all callers send all of them."""


@pytest.fixture
def keys(change: Change, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str | None]]:
    """Return the keys by caller. An accepted document is not executed: these tests check only whether it is accepted."""
    change(open_access=False, rate_burst=10_000)
    monkeypatch.setattr(endpoint, "run", lambda _: {"data": "executed"})
    monkeypatch.setattr(endpoint, "prepare", prepare_once)
    clock.set_source(lambda: moment("2026-11-01"))
    issued = {role.name.lower(): api_keys.create(role.name, role, "test") for role in Role if role}
    expired = api_keys.create("Expired", Role.OPERATOR, "test", moment("2026-11-02"))
    revoked = api_keys.create("Revoked", Role.OPERATOR, "test")
    api_keys.revoke(revoked.api_key.id)
    clock.set_source(lambda: moment("2026-11-03"))
    # Look up each key once and skip the rate limits: for 1,500 requests that would take most of the time.
    monkeypatch.setattr(authentication, "authenticate", cache(api_keys.authenticate))
    monkeypatch.setattr(rate_limit, "take_token", lambda *_: None)
    yield {
        "nobody": None,
        **{name: row.key for name, row in (issued | {"expired": expired, "revoked": revoked}).items()},
    }
    clock.set_source(None)


def test_every_field_is_reached() -> None:
    kinds = schema().type_map.items()
    all_fields = {
        f"{name}.{field}"
        for name, kind in kinds
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__")
        for field in kind.fields
    }
    assert all_fields - set(PATHS) == set()
    assert len(PATHS) > 220
    assert all_fields >= ANYBODY | OPERATORS


@pytest.mark.parametrize("caller", CALLERS)
def test_a_role_sees_its_fields_and_no_others(caller: str, keys: dict[str, str | None]) -> None:
    has = CALLERS[caller]
    wrong = {}
    for name, (document, role) in PATHS.items():
        reply = ask(document, keys[caller])
        expected = 200 if role <= has else 401 if has is Role.PUBLIC else 403
        if reply.status != expected or ("data" in reply.json) != (expected == 200):
            wrong[name] = (expected, reply.status, reply.answer.body)
    assert wrong == {}


@pytest.mark.parametrize("caller", ["expired", "revoked"])
def test_an_expired_or_revoked_key_sees_not_even_public_fields(caller: str, keys: dict[str, str | None]) -> None:
    assert {ask(document, keys[caller]).status for document, _ in PATHS.values()} == {401}


@pytest.mark.parametrize("caller", CALLERS)
def test_one_forbidden_field_rejects_the_whole_document(caller: str, keys: dict[str, str | None]) -> None:
    above = {"nobody": "crmStats { orders }", "viewer": "keys { edges { cursor } }", "editor": "deadLetters { id }"}
    if caller == "operator":
        assert ask("{ hello keys(first: 1) { edges { cursor } } }", keys[caller]).status == 200
        return
    for document in (
        f"{{ hello {above[caller]} }}",
        f"query ($no: Boolean = false) {{ hello ... @include(if: $no) {{ {above[caller]} }} }}",
        f"{{ ...F hello }} fragment F on Query {{ ...G }} fragment G on Query {{ x: {above[caller]} }}",
    ):
        reply = ask(document, keys[caller])
        assert reply.status in {401, 403}
        assert "data" not in reply.json
