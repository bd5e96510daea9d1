"""Measures the peers, for `python -m benchmarks peers`. Set PROFILE=orders to profile our own code and the best peer as well."""

import os
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.peers import postgresql, pynamodb_models
from benchmarks.peers.company import Company, sample_company
from benchmarks.peers.contestant import Contestant, Running, running
from benchmarks.peers.key_check import RATE, UNAUTHORIZED
from benchmarks.peers.operations import HELLO, OPERATIONS, TOO_LONG, Json, Operation
from benchmarks.result import Result, print_results
from chalicelib.store import connection

OURS = Contestant("ours", "ours", "store.txt", uses_dynamodb=True)
ON_POSTGRESQL = Contestant(
    "django_on_postgresql", "graphene-django on PostgreSQL", "django.txt", limits_documents=False
)
USER_BUILT = (
    Contestant("strawberry_on_pynamodb", "Strawberry on pynamodb", "store.txt", uses_dynamodb=True),
    Contestant("ariadne_on_pynamodb", "Ariadne on pynamodb", "store.txt", uses_dynamodb=True),
    ON_POSTGRESQL,
)
"""What a user would build and run on Lambda. The best of them counts."""
FLOOR = Contestant(
    "dictionaries",
    "graphql-core on dictionaries: the floor",
    "store.txt",
    checks_keys=False,
    limits_documents=False,
)
OTHERS = (
    Contestant("django_on_sqlite", "graphene-django on SQLite in its process", "django.txt", limits_documents=False),
    Contestant("ariadne_on_our_store", "Ariadne on our store", "store.txt", uses_dynamodb=True, limits_documents=False),
    FLOOR,
)


@dataclass(frozen=True, slots=True)
class Goal:
    """Maxima: the share of the best user-built peer's time, and the calls of DynamoDB besides the rate limit's."""

    ratio: float
    calls: int


GOALS = {"orders": Goal(0.35, 4), "customer": Goal(0.8, 2), "hello": Goal(1.0, 0), "create_order": Goal(0.6, 3)}
RATE_LIMIT_CALLS = 1
REQUESTS_PER_TURN = 3
"""After the first one the processor's caches have a contestant's code and data again, not the others'."""
WRONG_KEY = "crm_000000000000_wrong"
Field = dict[Contestant, Running]


def results() -> Iterator[Result]:
    connection.create_tables()
    company = sample_company()
    pynamodb_models.create_tables(company)
    environment = os.environ | {"CRM_RATE_PER_SECOND": str(RATE)}
    programs = postgresql.find_programs()
    if programs is None:
        why = "skipped: PostgreSQL's programs are not installed"
        yield Result(ON_POSTGRESQL.title, 0, "operations", compared_to=why)
    with ExitStack() as stack:
        if programs:
            environment.update(stack.enter_context(postgresql.server(programs)))
        contestants = tuple(
            each for each in (OURS, *USER_BUILT, *OTHERS) if programs is not None or each is not ON_POSTGRESQL
        )
        field = dict(zip(contestants, stack.enter_context(running(contestants, environment, company)), strict=True))
        check_refusals(field)
        for operation in OPERATIONS:
            yield from _measured(field, operation, company)


def _measured(field: Field, operation: Operation, company: Company) -> Iterator[Result]:
    print(f"    {operation.title}", file=sys.stderr)
    body = operation.body(company)
    seconds = raced(field, operation, body)
    best = min((peer for peer in USER_BUILT if peer in field), key=lambda peer: seconds[peer])
    yield from _ratios(operation, seconds, best)
    yield _calls(field, operation, body)
    if os.environ.get("PROFILE") == operation.name:
        for contestant in (OURS, best):
            print(contestant.title, file=sys.stderr)
            field[contestant].profile(body)


def check_refusals(field: Field) -> None:
    """Find out whether each contestant does what it says: check the API key, and limit what a document may ask for."""
    for contestant, process in field.items():
        if contestant.checks_keys and process.refused(HELLO, WRONG_KEY) != (UNAUTHORIZED, True):
            raise SystemExit(f"{contestant.title} does not refuse a wrong key")
        if contestant.limits_documents and not process.refused(TOO_LONG)[1]:
            raise SystemExit(f"{contestant.title} does not refuse a document with 1,000 aliases")


def raced(field: Field, operation: Operation, body: str) -> dict[Contestant, float]:
    """Return the minimum seconds of each. They take turns of a few requests, and every response is compared with ours."""
    found: dict[Contestant, list[float]] = {contestant: [] for contestant in field}
    turns = deque(field)
    for _ in range(operation.rounds):
        answers: dict[Contestant, list[Json]] = {}
        for contestant in turns:
            asked = [field[contestant].asked(body) for _ in range(REQUESTS_PER_TURN)]
            found[contestant].extend(seconds for seconds, _ in asked)
            answers[contestant] = [operation.comparable(data) for _, data in asked]
        _check(operation, answers)
        turns.rotate()  # nobody is always the first
    return {contestant: min(times) for contestant, times in found.items()}


def _check(operation: Operation, answers: dict[Contestant, list[Json]]) -> None:
    for contestant, answer in answers.items():
        if answer != answers[OURS]:
            raise SystemExit(f"{operation.title}: {contestant.title} gives another answer:\n{answer}\n{answers[OURS]}")


def _ratios(operation: Operation, seconds: dict[Contestant, float], best: Contestant) -> Iterator[Result]:
    for peer, taken in seconds.items():
        if peer is not OURS:
            title, goal = (
                (f"the best: {peer.title}", GOALS[operation.name].ratio) if peer is best else (peer.title, None)
            )
            yield Result(operation.title, seconds[OURS] / taken, compared_to=title, maximum=goal)


def _calls(field: Field, operation: Operation, body: str) -> Result:
    calls = {contestant: process.calls(body) for contestant, process in field.items() if contestant.uses_dynamodb}
    ours = calls.pop(OURS)
    others = ", ".join(f"{contestant.title} {number}" for contestant, number in calls.items())
    return Result(
        operation.title,
        ours,
        "calls of DynamoDB",
        others,
        maximum=GOALS[operation.name].calls + RATE_LIMIT_CALLS,
    )


if __name__ == "__main__":
    print_results(results())
