"""What a request without a valid key costs: at most one read, whatever it asks for."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.access import api_keys
from chalicelib.access.authentication import MAX_INVALID
from chalicelib.access.roles import Role
from chalicelib.api.resolvers import health
from chalicelib.jobs import queue
from tests.api.graphql_client import HELLO, Reply, ask, by_hash, get, post
from tests.api.shop import Clock
from tests.metering import metered

pytestmark = pytest.mark.usefixtures("deployed")
ONCE = "{ hello health { database queue } __typename }"
UP = {"database": "UP", "queue": "UP"}
ALIASES = "{" + " ".join(f"a{number}: health {{ database queue }}" for number in range(20)) + "}"
REQUESTS: dict[str, Callable[[], Reply]] = {
    "health": lambda: ask(ONCE),
    "health by alias": lambda: ask(ALIASES),
    "health through fragments": lambda: ask(
        "{ ...A ...B } fragment A on Query { a: health { queue } } fragment B on Query { b: health { queue } }"
    ),
    "other fields": lambda: ask("{ customers { name } allOrders { edges { node { id } } } }"),
    "a mutation": lambda: ask('mutation { revokeKey(id: "x") { key { id } } }'),
    "the data of a person": lambda: ask('{ personalData(email: "x@example.com") { traces { nodes { text } } } }'),
    "an erasure": lambda: ask('mutation { eraseCustomer(id: "x", reason: "x") { run { slot } } }'),
    "introspection": lambda: ask("{ __schema { types { name } } }"),
    "an invalid key": lambda: ask(ONCE, "crm_0123456789ab_wrong"),
    "something else as a key": lambda: ask(ONCE, "x" * 5000),
    "an unknown hash": lambda: get(extensions=json.dumps(by_hash(ONCE))),
    "a document with its hash": lambda: post({"query": ONCE, "extensions": by_hash(ONCE)}),
    "an Idempotency-Key": lambda: post({"query": "mutation { resumeJob }"}, idempotency_key="x"),
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list with an entry for each call of the queue."""
    calls: list[str] = []

    def is_reachable() -> bool:
        calls.append("queue")
        return True

    monkeypatch.setattr(queue, "is_reachable", is_reachable)
    return calls


@pytest.mark.parametrize("name", REQUESTS)
def test_a_stranger_costs_at_most_one_read(name: str, asked: list[str]) -> None:
    with metered() as meter:
        reply = REQUESTS[name]()
    assert reply.status < 500
    assert meter.calls.keys() <= {"GetItem"}
    assert meter.total_calls <= 1
    assert len(asked) <= 1


def test_a_stranger_may_ask_for_health_once_per_document() -> None:
    assert ask(ONCE).data["health"] == UP
    for name in ("health by alias", "health through fragments"):
        refused = REQUESTS[name]()
        assert (refused.code, "data" in refused.json) == ("COST_LIMIT", False)


def test_health_is_checked_once_in_a_few_seconds(asked: list[str], watch: Clock) -> None:
    key = api_keys.create("Viewer", Role.VIEWER, "test").key

    def checks(request: Callable[[], Any]) -> int:
        asked.clear()
        request()
        return len(asked)

    assert checks(lambda: ask(ALIASES, key)) == 1
    watch.advance(seconds=health.KEPT.total_seconds() - 1)
    assert checks(lambda: [ask(ONCE) for _ in range(10)]) == 0
    watch.advance(seconds=1)
    assert checks(lambda: ask(ONCE)) == 1


def test_a_flood_of_invalid_keys_gets_429_and_known_keys_do_not(watch: Clock) -> None:
    key = api_keys.create("Viewer", Role.VIEWER, "test").key
    assert ask("{ hello }", key).json == HELLO
    replies = [ask("{ hello }", f"crm_{number:012d}_wrong") for number in range(MAX_INVALID + 2)]
    assert [reply.status for reply in replies] == [401] * MAX_INVALID + [429] * 2
    assert (replies[-1].code, replies[-1].headers["Retry-After"]) == ("RATE_LIMITED", "1")
    assert ask("{ hello }", key).json == ask("{ hello }").json == HELLO
    watch.advance(seconds=1)
    assert ask("{ hello }", "crm_0123456789ab_wrong").status == 401
