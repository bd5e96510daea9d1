"""The rate limit is exact, whatever the clock does and however many requests come at once."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from botocore.exceptions import ReadTimeoutError

from chalicelib import clock
from chalicelib.access import api_keys, rate_limit
from chalicelib.access.roles import Role
from chalicelib.errors import RateLimited, Unavailable
from chalicelib.settings import settings
from chalicelib.store import tables
from tests.builders import moment, rows_of
from tests.metering import metered

BURST = 5


class Bucket:
    """At 2 a second, 5 at once; `now` is the time."""

    def __init__(self) -> None:
        self.now: datetime = moment("2026-11-02T12:00:00")
        self.id = api_keys.create("Shop", Role.VIEWER, "test").api_key.id

    def gives(self) -> bool:
        try:
            rate_limit.take_token(api_keys.PARTITION, self.id)
        except RateLimited:
            return False
        return True

    def gives_at_once(self) -> int:
        given = 0
        while given < 3 * BURST and self.gives():
            given += 1
        return given

    def wait(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    monkeypatch.setattr(rate_limit, "settings", replace(settings, rate_per_second=2, rate_burst=BURST))
    made = Bucket()
    clock.set_source(lambda: made.now)
    yield made
    clock.set_source(None)


def test_a_full_bucket_allows_its_burst_and_no_more(full: Bucket) -> None:
    assert full.gives_at_once() == BURST


def test_a_bucket_refills_at_its_rate_to_the_microsecond(full: Bucket) -> None:
    full.gives_at_once()
    full.wait(microseconds=499_999)
    assert not full.gives()
    full.wait(microseconds=1)
    assert full.gives_at_once() == 1
    full.wait(seconds=1)
    assert full.gives_at_once() == 2


def test_a_bucket_never_holds_more_than_its_burst(full: Bucket) -> None:
    full.gives_at_once()
    full.wait(days=365)
    assert full.gives_at_once() == BURST


def test_a_bucket_allows_its_rate_in_the_long_run(full: Bucket) -> None:
    given = full.gives_at_once()
    for _ in range(100):
        full.wait(milliseconds=130)
        given += full.gives_at_once()
    assert given == BURST + 2 * 13


def test_a_rejected_request_takes_no_token(full: Bucket) -> None:
    full.gives_at_once()
    full.gives_at_once()
    full.wait(seconds=0.5)
    assert full.gives()


def test_a_clock_that_goes_back_adds_no_tokens(full: Bucket) -> None:
    assert full.gives_at_once() == BURST
    full.wait(seconds=-10)
    assert full.gives_at_once() == 0
    full.wait(seconds=10.5)
    assert full.gives_at_once() == 1


def test_each_key_has_its_own_bucket(full: Bucket) -> None:
    other = Bucket()
    assert full.gives_at_once() == other.gives_at_once() == BURST


def test_a_deleted_key_has_no_bucket_and_is_not_created(full: Bucket) -> None:
    full.id = "0123456789ab"
    assert not full.gives()
    assert (api_keys.PARTITION, full.id) not in rows_of(tables.AuxRow)


def test_a_request_from_a_full_bucket_costs_one_write(full: Bucket) -> None:
    with metered() as meter:
        assert full.gives()
    assert meter.calls == {"UpdateItem": 1}


def test_rotating_and_revoking_do_not_change_the_bucket(full: Bucket) -> None:
    full.gives_at_once()
    api_keys.rotate(full.id)
    assert not full.gives()
    api_keys.revoke(full.id)
    assert not full.gives()


@pytest.mark.usefixtures("full")
def test_a_database_that_does_not_respond_is_unavailable(full: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        def update_item(self, **_: object) -> None:
            raise ReadTimeoutError(endpoint_url="lost")

    monkeypatch.setattr(rate_limit, "client", Silent)
    with pytest.raises(Unavailable):
        rate_limit.take_token(api_keys.PARTITION, full.id)


@pytest.mark.ministack
def test_a_bucket_is_exact_under_concurrent_requests(full: Bucket) -> None:
    given: list[bool] = []
    gate = threading.Barrier(4)

    def take_token() -> None:
        gate.wait()
        given.extend(full.gives() for _ in range(5))

    threads = [threading.Thread(target=take_token) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(given), sum(given)) == (20, BURST)
