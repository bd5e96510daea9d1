"""Seeded hostile requests: no 5xx, no answer over 2 seconds of CPU, and a process that does not grow.

400 of them, and 10,000 with CRM_FULL_SIZE=1.
"""

import gc
import os
import time
import tracemalloc
from collections import Counter

import pytest

from chalicelib.access import api_keys, authentication
from chalicelib.access.roles import Role
from chalicelib.api.graphql import execution
from chalicelib.api.http import persisted_queries
from chalicelib.crm import calendar_days
from tests.api.conftest import Change
from tests.api.graphql_client import send
from tests.api.hostile_generator import Generator, HostileRequest
from tests.database import empty_tables

COUNT = 10_000 if os.environ.get("CRM_FULL_SIZE") else 400
SEED = 20261127
MAX_SECONDS = 2.0
MAX_GROWTH = 1000
"""Bytes per request: more would be something that is kept for each."""


def new_keys() -> dict[str, str | None]:
    issued = {role.name: api_keys.create(role.name, role, "test").key for role in Role if role}
    return {**issued, "nobody": None, "invalid": "crm_0123456789ab_wrong"}


def sent(request: HostileRequest) -> tuple[int, str, float]:
    """Return status, body and seconds of CPU."""
    started = time.thread_time()
    reply = send(request.method, request.headers, request.query, request.body)
    return reply.status, reply.answer.body, time.thread_time() - started


def forget() -> None:
    """Empty what may be full: the tables, and the caches, which have tests of their own."""
    empty_tables()
    execution.prepare.cache_clear()
    execution._introspected.cache_clear()
    persisted_queries._stored.cache_clear()
    calendar_days._start_of.cache_clear()
    gc.collect()


@pytest.fixture
def unlimited(change: Change) -> None:
    """Require keys, without a rate limit: refusals of it would hide everything else."""
    change(open_access=False, rate_per_second=1_000_000, rate_burst=1_000_000)


@pytest.mark.usefixtures("unlimited")
def test_no_hostile_request_breaks_anything() -> None:
    wrong: list[tuple[object, ...]] = []
    statuses: Counter[int] = Counter()
    for number, request in enumerate(Generator(SEED, new_keys()).requests(COUNT)):
        status, body, seconds = sent(request)
        statuses[status] += 1
        if status >= 500 or '"INTERNAL"' in body or seconds > MAX_SECONDS:
            wrong.append((number, status, round(seconds, 2), body[:300], request))
        authentication.forget_all()
    assert wrong == []
    # The requests get through to the resolvers often enough, and each kind of refusal is among them.
    assert statuses[200] > COUNT / 5
    assert {400, 401, 403, 405, 406} <= statuses.keys()


@pytest.mark.usefixtures("unlimited")
def test_hostile_requests_leave_nothing_in_memory() -> None:
    count = max(50, COUNT // 20)

    def leave(seed: int) -> None:
        for request in Generator(seed, new_keys()).requests(count):
            sent(request)
        del request  # the last one may be large
        forget()

    def left_after(seed: int) -> int:
        leave(seed)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()  # first: what replaces something older would count as growth
    try:
        for warm_up in (1, 4, 5):  # fills what is filled once
            leave(SEED + warm_up)
        before, after = left_after(SEED + 2), left_after(SEED + 3)
    finally:
        tracemalloc.stop()
    assert after - before < MAX_GROWTH * count
