"""A customer whose name, address and number are everywhere: what each test looks for, and where it looks."""

import json
from collections.abc import Iterator
from typing import Any

from graphql import OperationDefinitionNode, OperationType, parse
from moto.backends import get_backend

from chalicelib.jobs import catalog
from chalicelib.store import kept_responses
from tests.api.graphql_client import Reply, post
from tests.builders import Rows
from tests.jobs.job_runs import dump, make_runner

NAME, EMAIL, PHONE = "Zerlinda Markerby", "Zerlinda@markerby.example", "+49 30 99887766"
FORMER_NAME, FORMER_EMAIL, FORMER_PHONE = "Zerlinda O'Formerby", "z.formerby@formerby.example", "+1 555 0177231"
MARKERS = ("zerlinda", "markerby", "formerby", "99887766", "0177231")
"""Nothing else in the tests has any of them."""


sent_mutations: set[str] = set()
"""The mutations that `ask` has sent."""


def ask(document: str, key: str = "", **variables: object) -> Any:
    """Send a request as a client does, with an Idempotency-Key if one is given, and return its data."""
    operation = next(each for each in parse(document).definitions if isinstance(each, OperationDefinitionNode))
    if operation.operation is OperationType.MUTATION:
        sent_mutations.update(each.name.value for each in operation.selection_set.selections)  # type: ignore[attr-defined]
    headers = {"idempotency_key": key} if key else {}
    return reply(document, variables, **headers).data


def reply(document: str, variables: dict[str, object], **headers: str) -> Reply:
    return post({"query": document, "variables": variables}, **headers)


def mentions() -> list[str]:
    """Return where any marker is in the tables and the queues, kept responses unpacked."""
    found = [
        f"{table} {'/'.join(key)}: {text}"
        for table, rows in dump().items()
        for key, row in rows.items()
        for text in _texts(row)
        if _is_marked(text)
    ]
    return found + [f"{name}: {body}" for name, body in _messages() if _is_marked(body)]


def erase(customer_id: str, reason: str = "asked by letter") -> None:
    """Erase the customer by a run, as an operator does."""
    run = ask(ERASE, "erasure of the test", id=customer_id, reason=reason)["eraseCustomer"]["run"]
    make_runner().run(catalog.ERASURE, run["slot"])


ERASE = """mutation($id: ID!, $reason: String!, $dryRun: Boolean) {
  eraseCustomer(id: $id, reason: $reason, dryRun: $dryRun) { run { job slot status } preview { summary lines more } } }"""


def texts_of(tables: dict[str, Rows]) -> Iterator[str]:
    """Yield all that is stored, kept responses unpacked."""
    for rows in tables.values():
        for row in rows.values():
            yield from _texts(row)


def _is_marked(text: str) -> bool:
    return any(marker in text.casefold() for marker in MARKERS)


def _texts(row: dict[str, Any]) -> Iterator[str]:
    for name, value in row.items():
        text = str(next(iter(value.values())))
        yield text
        if name == "content" and (packed := _answer_of(text)):
            yield kept_responses.unpack(packed)


def _answer_of(content: str) -> str | None:
    found = json.loads(content)
    answer = found.get("answer") if isinstance(found, dict) else None
    return str(answer) if answer else None


def _messages() -> Iterator[tuple[str, str]]:
    for name, each in get_backend("sqs")["123456789012"]["us-east-1"].queues.items():
        for message in each._messages:
            yield name, message.body
