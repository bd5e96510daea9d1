"""Measures the peers, for `python -m benchmarks peers`. Set PROFILE=orders to profile our own code as well."""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator

from benchmarks.peers.company import sample_company
from benchmarks.peers.contestant import Contestant, Running, running
from benchmarks.peers.operations import OPERATIONS, Json, Operation
from benchmarks.result import Result, print_results
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
"""Maximum, as a share of the best peer's time."""
Field = dict[Contestant, Running]
Ask = Callable[[Running, str], tuple[float, Json]]


def results() -> Iterator[Result]:
    connection.create_tables()
    company = sample_company()
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
    """Return the minimum seconds of each. They take turns, and every response is compared with ours."""
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
            raise SystemExit(f"{operation.title}: {contestant.title} gives another answer:\n{answer}\n{answers[OURS]}")


def _ratios(operation: Operation, seconds: dict[Contestant, float]) -> Iterator[Result]:
    ours = seconds[OURS]
    for peer in PEERS:
        yield Result(operation.title, ours / seconds[peer], compared_to=peer.title, maximum=1.0)
    if operation.name in BEST:
        best = min(PEERS, key=lambda peer: seconds[peer])
        yield Result(
            operation.title,
            ours / seconds[best],
            compared_to=f"the best peer: {best.title}",
            maximum=BEST[operation.name],
        )
    yield Result(operation.title, ours / seconds[FLOOR], compared_to=FLOOR.title)


def _above(field: Field, operation: Operation, body: str) -> Result:
    """Compare the time without the DynamoDB client, which all of them share."""
    some = {contestant: process for contestant, process in field.items() if contestant.stores}
    seconds = raced(some, operation, body, Running.above)
    ours = seconds.pop(OURS)
    best = min(seconds, key=lambda peer: seconds[peer])
    what, compared_to = f"{operation.title}, less DynamoDB's client", f"the best peer: {best.title}"
    return Result(what, ours / seconds[best], compared_to=compared_to, maximum=BEST[operation.name])


def _calls(field: Field, operation: Operation, body: str) -> Result:
    calls = {contestant: process.calls(body) for contestant, process in field.items() if contestant.stores}
    ours = calls.pop(OURS)
    others = ", ".join(f"{contestant.title} {number}" for contestant, number in calls.items())
    return Result(operation.title, ours, "calls of DynamoDB", others, maximum=min(calls.values()))


if __name__ == "__main__":
    print_results(results())
