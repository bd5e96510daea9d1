"""Hostile requests cost little, do no harm, and leave nothing in memory."""

import gc
import json
import sys
import tracemalloc
from types import FrameType

import pytest

from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.api.graphql import execution
from tests.api.graphql_client import Reply, post
from tests.api.hostile import bodies, documents
from tests.api.test_document_limits import hints

MAX_CALLS = 800_000
"""Function calls per request: a figure that is the same on every machine. So many take about 150 ms of CPU."""
DOCUMENTS = documents()
BODIES = bodies()
pytestmark = pytest.mark.usefixtures("deployed")


def measured(body: bytes, key: str | None) -> tuple[Reply, int]:
    """Return the answer without caches, and the number of function calls that it took."""
    execution.prepare.cache_clear()
    execution._introspected.cache_clear()
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        reply = post(body, key)
    finally:
        sys.setprofile(None)
    return reply, calls


def check(body: bytes) -> None:
    key = api_keys.create("Viewer", Role.OPERATOR, "test").key
    for sender in (None, key):
        reply, calls = measured(body, sender)
        assert calls < MAX_CALLS
        assert reply.status < 500
        assert "INTERNAL" not in reply.answer.body
        assert len(reply.answer.body) < 300_000, "the whole schema, described, is the largest answer"
        if reply.status == 200 and sender is None:
            assert "data" not in reply.json or set(reply.json["data"]) <= {"hello"}
        if sender is None:
            assert hints(reply) == []


def test_there_are_enough_hostile_requests() -> None:
    assert len(DOCUMENTS) + len(BODIES) >= 90


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_hostile_document_costs_little(name: str) -> None:
    check(json.dumps({"query": DOCUMENTS[name]}).encode())


@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body_costs_little(name: str) -> None:
    check(BODIES[name])


def test_nothing_stays_in_memory() -> None:
    small = [body for body in BODIES.values() if len(body) < 100_000]
    every = [json.dumps({"query": text}).encode() for text in DOCUMENTS.values()] + small

    def send_all() -> None:
        for body in every:
            post(body)
        gc.collect()

    send_all()  # fill the caches
    tracemalloc.start()
    try:
        send_all()
        left = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert left < 200_000


def test_documents_that_always_differ_do_not_fill_memory() -> None:
    def kept() -> int:
        return execution.prepare.cache_info().currsize

    for number in range(400):
        post(json.dumps({"query": f"{{ hello x{number} }}"}).encode())
    assert kept() == execution.prepare.cache_info().maxsize == 256
