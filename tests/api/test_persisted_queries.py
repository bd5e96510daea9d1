"""Automatic persisted queries: after a document was sent once, its hash is enough."""

import json
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.api.http import persisted_queries
from chalicelib.store import reads, tables
from tests.api.graphql_client import HELLO, Reply, by_hash, get, post
from tests.builders import rows_of
from tests.metering import metered

DOCUMENT = "query ($id: ID!) { node(id: $id) { id } }"
HASH = json.dumps(by_hash("{ hello }"))


@pytest.fixture(autouse=True)
def another_process() -> None:
    persisted_queries._stored.cache_clear()


def kept() -> list[str]:
    return [sk for pk, sk in rows_of(tables.AuxRow) if pk == "document"]


def test_after_document_and_hash_were_sent_the_hash_is_enough() -> None:
    refused = get(extensions=HASH)
    assert (refused.status, refused.code) == (400, "PERSISTED_QUERY_NOT_FOUND")
    assert refused.error["message"] == "PersistedQueryNotFound"
    assert post({"query": "{ hello }", "extensions": by_hash("{ hello }")}).json == HELLO
    assert get(extensions=HASH).json == HELLO
    persisted_queries._stored.cache_clear()
    assert get(extensions=HASH).json == HELLO
    assert post({"extensions": by_hash("{ hello }")}).json == HELLO


def test_a_hash_can_have_variables() -> None:
    sent = get(query=DOCUMENT, variables='{"id": "x"}', extensions=json.dumps(by_hash(DOCUMENT)))
    again = get(variables='{"id": "y"}', extensions=json.dumps(by_hash(DOCUMENT)))
    assert sent.data == again.data == {"node": None}


def test_a_hash_in_upper_case_is_the_same_hash() -> None:
    post({"query": "{ hello }", "extensions": by_hash("{ hello }")})
    loud = {"persistedQuery": {"version": 1, "sha256Hash": json.loads(HASH)["persistedQuery"]["sha256Hash"].upper()}}
    assert post({"extensions": loud}).json == HELLO


def test_a_document_under_another_hash_is_refused_and_not_kept() -> None:
    refused = post({"query": "{ hello }", "extensions": by_hash("{ jobs { name } }")})
    assert (refused.status, refused.code) == (400, "INVALID_INPUT")
    assert kept() == []


@pytest.mark.parametrize(
    "asked",
    [
        [],
        "x",
        1,
        {},
        {"version": 2, "sha256Hash": "0" * 64},
        {"version": 1},
        {"version": 1, "sha256Hash": None},
        {"version": 1, "sha256Hash": 1},
    ],
)
def test_another_version_is_refused(asked: object) -> None:
    refused = post({"extensions": {"persistedQuery": asked}})
    assert (refused.status, refused.code) == (400, "INVALID_INPUT")


@pytest.mark.parametrize("text", ["", "x", "0" * 63, "g" * 64, "0" * 5000, "é" * 64, "\ud800", "0" * 64 + "\n"])
def test_an_invalid_hash_is_not_looked_up(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "get_op", None)
    refused = post({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": text}}})
    assert (refused.status, refused.code) == (400, "PERSISTED_QUERY_NOT_FOUND")


def test_a_mutation_by_hash_needs_post_too() -> None:
    change = 'mutation { resumeJob(name: "low_stock") { job { name } } }'
    assert post({"query": change, "extensions": by_hash(change)}).status == 200
    assert get(extensions=json.dumps(by_hash(change))).status == 405


@pytest.mark.usefixtures("deployed")
def test_anonymous_callers_neither_store_nor_read_documents() -> None:
    assert post({"query": "{ hello }", "extensions": by_hash("{ hello }")}).json == HELLO
    assert kept() == []
    key = api_keys.create("Viewer", Role.VIEWER, "test").key
    for _ in range(2):
        assert post({"query": "{ hello }", "extensions": by_hash("{ hello }")}, key).json == HELLO
    assert kept() == [json.loads(HASH)["persistedQuery"]["sha256Hash"]]
    assert get(key, extensions=HASH).json == HELLO
    with metered() as meter:
        assert get(extensions=HASH).status == 401
    assert meter.total_calls == 0


@pytest.mark.usefixtures("deployed")
def test_a_document_by_hash_needs_the_same_role() -> None:
    document = "{ keys { edges { cursor } } }"
    operator = api_keys.create("Ops", Role.OPERATOR, "test").key
    viewer = api_keys.create("Viewer", Role.VIEWER, "test").key

    def by(key: str | None) -> Reply:
        return post({"extensions": by_hash(document)}, key)

    assert post({"query": document, "extensions": by_hash(document)}, operator).status == 200
    assert [by(key).status for key in (operator, viewer, None)] == [200, 403, 401]


def test_a_document_beyond_the_limit_is_not_kept() -> None:
    long = "{ hello }" + " " * 100_000
    assert post({"query": long, "extensions": by_hash(long)}).code == "DOCUMENT_TOO_COMPLEX"
    assert kept() == []


@pytest.mark.parametrize("document", ["not GraphQL at all", "{ helo }", "{ hello "])
def test_a_document_that_is_not_valid_is_not_kept(document: str) -> None:
    for _ in range(2):
        assert post({"query": document, "extensions": by_hash(document)}).code.startswith("GRAPHQL_")
    assert kept() == []


def test_a_document_is_bounded_by_the_bytes_that_are_stored() -> None:
    """Each of these characters takes twelve bytes in the stored JSON. It is answered, and the client goes on sending it."""
    large = f'{{ node(id: "{"😀" * 9000}") {{ id }} }}'
    for _ in range(2):
        assert post({"query": large, "extensions": by_hash(large)}).data == {"node": None}
    assert kept() == []
    assert post({"extensions": by_hash(large)}).code == "PERSISTED_QUERY_NOT_FOUND"
    small = large.replace("😀" * 1000, "")
    assert post({"query": small, "extensions": by_hash(small)}).data == {"node": None}
    assert len(kept()) == 1


def test_a_lone_surrogate_does_no_harm() -> None:
    odd = '{ node(id: "\ud800") { id } }'
    for _ in range(2):
        assert post({"query": odd, "extensions": by_hash(odd)}).status == 200
    persisted_queries._stored.cache_clear()
    assert post({"extensions": by_hash(odd)}).code == "PERSISTED_QUERY_NOT_FOUND"


def test_documents_expire_after_a_month() -> None:
    post({"query": "{ hello }", "extensions": by_hash("{ hello }")})
    ((_, row),) = [(key, row) for key, row in rows_of(tables.AuxRow).items() if key[0] == "document"]
    left = timedelta(seconds=int(row["ttl"]["N"]) - clock.now().timestamp())
    assert timedelta(days=29) < left <= timedelta(days=30)
