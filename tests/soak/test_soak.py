"""Does an hour of mixed traffic leave the server as it was, and the books exact? `make test ARGS=--soak` takes five minutes of it.

`--soak=60` takes the hour. Each of the two soaks takes as long: one against `chalice local`, one against the packaged functions.
"""

from pathlib import Path

import pytest

from tests.conftest import empty_ministack
from tests.soak.local_server import chalice_local
from tests.soak.packaged_functions import packaged_functions
from tests.soak.soak import MAX_SHOWN, SETTINGS, Soak
from tests.soak.wound_clock import WoundClock

pytestmark = pytest.mark.no_database


@pytest.fixture
def minutes(request: pytest.FixtureRequest) -> float:
    chosen: float | None = request.config.getoption("soak")
    if chosen is None:
        pytest.skip("takes minutes: make test ARGS=--soak")
    return chosen


@pytest.fixture
def clock(tmp_path: Path) -> WoundClock:
    wound = WoundClock(tmp_path)
    wound.start_before_weekend()
    return wound


def test_chalice_local_stays_as_it_is(minutes: float, clock: WoundClock, tmp_path: Path) -> None:
    with chalice_local(tmp_path, clock, SETTINGS) as target:
        found = Soak(target, clock, minutes).problems()
    assert not found, "\n".join(found[:MAX_SHOWN])


def test_packaged_functions_stay_as_they_are(
    minutes: float, clock: WoundClock, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    endpoint = request.getfixturevalue("ministack_url")
    with (
        empty_ministack(endpoint),
        clock.set_here(),
        packaged_functions(tmp_path, endpoint, clock, SETTINGS) as target,
    ):
        found = Soak(target, clock, minutes).problems()
    assert not found, "\n".join(found[:MAX_SHOWN])
