"""A Django project with models, migrations and graphene-django is imported, and old documents get the same answers."""

import json
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.peers.contestant import Contestant
from tests.as_operator import execute
from tests.crmctl.api_server import ApiServer
from tests.crmctl.import_files import counts

DOCUMENTS: list[dict[str, Any]] = [
    {"query": "query { hello }"},
    {
        "query": "query ($weekAgo: Date!) { allOrders(orderDateAfter: $weekAgo) { edges { node { id customer { email } } } } }",
        "variables": {"weekAgo": "2025-03-02"},
    },
    {"query": "query { customers { id } orders { id, totalAmount } }"},
    {
        "query": """query { allCustomers(name: "ali", createdAtGte: "2025-01-01", orderBy: ["-created_at"]) {
          edges { node { id name } } pageInfo { hasNextPage endCursor } } }"""
    },
    {"query": 'query { allProducts(lowStock: true, orderBy: ["stock"]) { edges { node { name stock } } } }'},
    {
        "query": """{ allOrders { edges { node { id orderDate totalAmount customer { name email phone createdAt }
          products { id name price stock } } } pageInfo { hasNextPage } } }"""
    },
    {
        "query": """{ allCustomers(first: 2) { pageInfo { hasNextPage } edges { node { name phone
          orders(totalAmountGte: "20") { edges { node { totalAmount products { name } } } } } } } }"""
    },
    {"query": '{ allOrders(customerName: "lee", productName: "lamp") { edges { node { totalAmount } } } }'},
    {"query": '{ allOrders(totalAmountGte: "21.09") { edges { node { totalAmount orderDate } } } }'},
    {"query": '{ allProducts(orderBy: ["-price"]) { edges { node { name price } } } }'},
]
_OWN = frozenset({"id", "endCursor"})
"""Fields whose values belong to each system."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    """Make the project in an environment of its own, as graphene needs an older graphql-core. Return database and answers."""
    directory = tmp_path_factory.mktemp("site")
    peer = Contestant("django_site", "graphene-django", "django.txt")
    peer.fetch()
    script = Path(__file__).with_name("django_site.py")
    found = subprocess.run(
        [*peer.python("--offline"), str(script), str(directory)],
        input=json.dumps(DOCUMENTS),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert found.returncode == 0, found.stderr[-2_000:]
    answers: list[Any] = json.loads(found.stdout)
    return directory / "db.sqlite3", answers


def comparable(value: Any) -> Any:
    """Return the answer without ids, with times as instants, and with a blank phone as none."""
    if isinstance(value, dict):
        return {name: bool(each) if name in _OWN else comparable(each) for name, each in value.items()}
    if value == "":  # Django keeps a phone that was left blank as an empty text
        return None
    if isinstance(value, list):
        return [comparable(each) for each in value]
    if isinstance(value, str) and "T" in value[:20]:
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    return value


def test_documents_of_the_old_schema_get_the_same_answers(crm: ApiServer, site: tuple[Path, list[Any]]) -> None:
    database, answers = site
    for created, existing in ((True, False), (False, True)):
        result = crm.crmctl("import", str(database), "--from", "django")
        assert result.exit_code == 0, result.output
        assert counts(result.stdout) == {
            kind: (number * created, number * existing, 0)
            for kind, number in (("customers", 4), ("products", 3), ("orders", 4))
        }
        assert "4 orders, 295.44 here, 295.44 in the file" in result.stdout
    for document, answer in zip(DOCUMENTS, answers, strict=True):
        assert "errors" not in answer, answer
        ours = execute(document["query"], document.get("variables", {}))
        assert comparable(ours) == comparable(answer), document["query"]


def test_ids_of_the_old_schema_name_the_same_rows(crm: ApiServer, site: tuple[Path, list[Any]]) -> None:
    database, answers = site
    assert crm.crmctl("import", str(database)).exit_code == 0
    (first, *_) = answers[5]["data"]["allOrders"]["edges"]
    document = "query($o: ID!, $p: ID!) { order(id: $o) { totalAmount } node(id: $p) { ... on Product { name } } }"
    found = execute(document, {"o": first["node"]["id"], "p": first["node"]["products"][1]["id"]})
    assert found["data"] == {"order": {"totalAmount": "21.09"}, "node": {"name": "Pen"}}
