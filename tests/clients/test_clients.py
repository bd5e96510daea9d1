"""The API under `chalice local` with other clients, the GraphQL over HTTP audits, a fuzzer and slow connections."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.clients.node import run
from tests.localdev.crm_server import Served
from tests.localdev.servers import Place

pytestmark = pytest.mark.no_database
FULL_SIZE = os.environ.get("CRM_FULL_SIZE") == "1"
CASES = 2000 if FULL_SIZE else 40
HOOKS = """
import string
import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes, scalar

scalar("Date", st.dates().map(lambda day: nodes.String(day.isoformat())))
scalar("DateTime", st.datetimes().map(lambda moment: nodes.String(moment.isoformat())))
scalar("Decimal", st.decimals(allow_nan=None).map(lambda number: nodes.String(str(number))))

@schemathesis.check
def no_fault_of_ours(ctx, response, case):
    assert response.status_code < 500, response.status_code
    codes = [error["extensions"]["code"] for error in response.json().get("errors", ())]
    assert "INTERNAL" not in codes, codes
"""
"""Check for server errors. Schemathesis' own check counts each error beside `data: null` as one."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    place = Place(tmp_path_factory.mktemp("clients"))
    server = Served(place)
    try:
        yield server
    finally:
        server.end()
        place.clear()


def test_all_audits_of_graphql_over_http_pass(served: Served) -> None:
    results = run("audits.mjs", served.url)
    assert [result for result in results if result[2] != "ok"] == []
    assert len(results) == 61


def expected(name: str) -> dict[str, Any]:
    rows = [f"{name} {number}" for number in range(5)]
    return {
        "hello": "Hello, GraphQL!",
        "made": ["Customer created"] * 5,
        "pages": [rows[:2], rows[2:4], rows[4:]],
        "duplicate": ["DUPLICATE_EMAIL"],
        "cursor": ["INVALID_CURSOR"],
        "invalid": ["GRAPHQL_VALIDATION_FAILED"],
    }


def test_apollo_client_urql_and_graphql_request_work(served: Served) -> None:
    results = run("clients.mjs", served.url)
    assert set(results) == {"apollo", "apolloByHash", "urql", "urqlByGet", "graphqlRequest"}
    for name, result in results.items():
        assert result == expected(name)


def test_gql_works(served: Served) -> None:
    gql = pytest.importorskip("gql", reason="gql is not installed")
    exceptions = pytest.importorskip("gql.transport.exceptions")
    transport = pytest.importorskip("gql.transport.requests").RequestsHTTPTransport(url=served.url)
    create = "mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { message } }"
    listing = """query ($after: String) { allCustomers(name: "gql ", first: 2, after: $after, orderBy: ["name"]) {
      edges { node { name } } pageInfo { hasNextPage endCursor } } }"""

    def ask(document: str, **variables: object) -> Any:
        return client.execute(gql.GraphQLRequest(document, variable_values=variables))

    def failure(document: str, **variables: object) -> list[str]:
        with pytest.raises(exceptions.TransportQueryError) as raised:
            ask(document, **variables)
        return [error["extensions"]["code"] for error in raised.value.errors or ()]

    with gql.Client(transport=transport, fetch_schema_from_transport=True) as client:
        assert "Mutation" in client.client.schema.type_map
        rows = [{"name": f"gql {number}", "email": f"gql.{number}@example.com"} for number in range(5)]
        made = [ask(create, input=row)["createCustomer"]["message"] for row in rows]
        pages, page = [], {"hasNextPage": True, "endCursor": None}
        while page["hasNextPage"]:
            found = ask(listing, after=page["endCursor"])["allCustomers"]
            pages.append([edge["node"]["name"] for edge in found["edges"]])
            page = found["pageInfo"]
        result = {"hello": ask("{ hello }")["hello"], "made": made, "pages": pages}
        result |= {"duplicate": failure(create, input=rows[0]), "cursor": failure(listing, after="nonsense")}
    assert result | {"invalid": expected("gql")["invalid"]} == expected("gql")


def test_a_fuzzer_finds_no_status_500(served: Served, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("schemathesis")
    if not program.exists():
        pytest.skip("schemathesis is not installed")
    (tmp_path / "hooks.py").write_text(HOOKS)
    kinds = served.ask("{ __schema { queryType { fields { name } } mutationType { fields { name } } } }")["__schema"]
    operations = sum(len(kind["fields"]) for kind in kinds.values())
    command = [str(program), "run", served.url, "--checks", "no_fault_of_ours", "--phases", "fuzzing", "--seed", "1"]
    command += ["--max-examples", str(-(-CASES // operations)), "--suppress-health-check", "all", "--no-color"]
    result = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    said = result.stdout + result.stderr
    assert result.returncode == 0, said[-3000:]
    counted = re.search(r"(\d+) generated, (\d+) passed", said)
    assert counted, said[-3000:]
    print(counted[0])
    assert int(counted[1]) == int(counted[2]) >= CASES * 0.8
    assert "unexpected error" not in served._log.read_text()


def test_a_slow_request_body_does_not_block_others(served: Served) -> None:
    body = json.dumps({"query": "{ hello }"}).encode()
    head = f"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    address = urlsplit(served.url)
    slow = [socket.create_connection((address.hostname, address.port), timeout=30) for _ in range(20)]
    for line in slow:
        line.sendall(head.encode() + body[:5])
    assert served.ask("{ hello }") == {"hello": "Hello, GraphQL!"}
    for line in slow:
        for byte in body[5:]:
            line.sendall(bytes([byte]))
        assert line.recv(65536).startswith(b"HTTP/1.1 200")
        line.close()


def test_the_server_survives_endless_and_oversized_bodies(served: Served) -> None:
    address = urlsplit(served.url)
    head = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=30) as broken:
        broken.sendall(head.format(1000).encode() + b'{"query"')
    with socket.create_connection((address.hostname, address.port), timeout=30) as large:
        large.sendall(head.format(12_000_000).encode() + b" " * 12_000_000)
        assert large.recv(65536).startswith(b"HTTP/1.1 413")
    assert served.ask("{ hello }") == {"hello": "Hello, GraphQL!"}
