"""Measure them, for `python -m benchmarks peers`. With PROFILE=orders in the environment, where our own time goes as well."""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator

from benchmarks.peers.company import founded
from benchmarks.peers.contestant import Contestant, Running, running
from benchmarks.peers.operations import OPERATIONS, Json, Operation
from benchmarks.result import Finding, tell
from chalicelib.store import connection

OURS = Contestant("ours", "ours", "store.txt", stores=True)
PEERS = (
    Contestant("with_django", "graphene-django on SQLite", "django.txt"),
    Contestant("with_strawberry", "Strawberry on our store", "store.txt", stores=True),
    Contestant("with_ariadne", "Ariadne on our store", "store.txt", stores=True),
)
FLOOR = Contestant("dictionaries", "graphql-core on dictionaries: the floor", "store.txt")
ALL = (OURS, *PEERS, FLOOR)
BEST = {"orders": 0.5}
"""Of the best peer's time, at most."""
Field = dict[Contestant, Running]
Ask = Callable[[Running, str], tuple[float, Json]]


def findings() -> Iterator[Finding]:
    connection.create_tables()
    company = founded()
    environment = os.environ | {"CRM_OPEN_ACCESS": "true"}
    with running(ALL, environment, company) as started:
        field = dict(zip(ALL, started, strict=True))
        for operation in OPERATIONS:
            print(f"    {operation.title}", file=sys.stderr)
            body = operation.body(company)
            seconds = raced(field, operation, body)
            yield from _ratios(operation, seconds)
            if operation.name in BEST:
                yield _above(field, operation, body)
            yield _calls(field, operation, body)
            if os.environ.get("PROFILE") == operation.name:
                field[OURS].profile(body)


def raced(field: Field, operation: Operation, body: str, ask: Ask = Running.asked) -> dict[Contestant, float]:
    """Least seconds of each. They take turns, and every answer is compared with our own."""
    found: dict[Contestant, list[float]] = {contestant: [] for contestant in field}
    turns = deque(field)
    for _ in range(operation.rounds):
        answers: dict[Contestant, Json] = {}
        for contestant in turns:
            seconds, data = ask(field[contestant], body)
            found[contestant].append(seconds)
            answers[contestant] = operation.comparable(data)
        _check(operation, answers)
        turns.rotate()  # nobody is always the first
    return {contestant: min(times) for contestant, times in found.items()}


def _check(operation: Operation, answers: dict[Contestant, Json]) -> None:
    for contestant, answer in answers.items():
        if answer != answers[OURS]:
            raise SystemExit(
                f"{operation.title}: {contestant.title} answers otherwise than we do:\n{answer}\n{answers[OURS]}"
            )


def _ratios(operation: Operation, seconds: dict[Contestant, float]) -> Iterator[Finding]:
    ours = seconds[OURS]
    for peer in PEERS:
        yield Finding(operation.title, ours / seconds[peer], against=peer.title, most=1.0)
    if operation.name in BEST:
        best = min(PEERS, key=lambda peer: seconds[peer])
        yield Finding(
            operation.title, ours / seconds[best], against=f"the best peer: {best.title}", most=BEST[operation.name]
        )
    yield Finding(operation.title, ours / seconds[FLOOR], against=FLOOR.title)


def _above(field: Field, operation: Operation, body: str) -> Finding:
    """What each does with the rows: its executor and the rest. The client that brings them is the same."""
    some = {contestant: process for contestant, process in field.items() if contestant.stores}
    seconds = raced(some, operation, body, Running.above)
    ours = seconds.pop(OURS)
    best = min(seconds, key=lambda peer: seconds[peer])
    what, against = f"{operation.title}, less DynamoDB's client", f"the best peer: {best.title}"
    return Finding(what, ours / seconds[best], against=against, most=BEST[operation.name])


def _calls(field: Field, operation: Operation, body: str) -> Finding:
    calls = {contestant: process.calls(body) for contestant, process in field.items() if contestant.stores}
    ours = calls.pop(OURS)
    others = ", ".join(f"{contestant.title} {number}" for contestant, number in calls.items())
    return Finding(operation.title, ours, "calls of DynamoDB", others, most=min(calls.values()))


if __name__ == "__main__":
    tell(findings())
