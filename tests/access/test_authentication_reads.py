"""Keys are read once in ten seconds, and a flood of invalid keys costs a bounded number of reads."""

from datetime import datetime, timedelta

import pytest

from chalicelib.access import api_keys, authentication
from chalicelib.access.api_keys import IssuedKey
from chalicelib.access.authentication import MAX_INVALID
from chalicelib.access.roles import Role
from chalicelib.errors import RateLimited, Unauthenticated, Unavailable
from tests.metering import metered

pytestmark = pytest.mark.usefixtures("watch")
SECOND = timedelta(seconds=1)


def outcome(key: str) -> str:
    try:
        return authentication.authenticate(key).name
    except (Unauthenticated, RateLimited, Unavailable) as error:
        return error.code


def reads(key: str) -> int:
    """Return how many reads it takes to authenticate the key."""
    with metered() as meter:
        outcome(key)
    return meter.calls["GetItem"]


def guess(number: int) -> str:
    return f"crm_{number:012d}_wrong"


def test_a_key_is_read_once_in_ten_seconds(issued: IssuedKey, watch: list[datetime]) -> None:
    assert reads(issued.key) == 1
    for _ in range(9):
        watch[0] += SECOND
        assert reads(issued.key) == 0
        assert outcome(issued.key) == "Shop"
    watch[0] += SECOND
    assert reads(issued.key) == 1


def test_a_key_revoked_by_another_process_is_refused_after_ten_seconds(
    issued: IssuedKey, watch: list[datetime]
) -> None:
    assert outcome(issued.key) == "Shop"
    api_keys.revoke(issued.api_key.id)
    watch[0] += 10 * SECOND
    assert outcome(issued.key) == "UNAUTHENTICATED"


def test_a_forgotten_key_is_read_again(issued: IssuedKey) -> None:
    outcome(issued.key)
    api_keys.revoke(issued.api_key.id)
    authentication.forget(issued.api_key.id)
    assert outcome(issued.key) == "UNAUTHENTICATED"


def test_a_remembered_key_still_ends_at_its_time(watch: list[datetime]) -> None:
    expiring = api_keys.create("Fair", Role.VIEWER, "Ops", watch[0] + 5 * SECOND)
    assert outcome(expiring.key) == "Fair"
    watch[0] += 5 * SECOND
    assert outcome(expiring.key) == "UNAUTHENTICATED"


def test_a_new_secret_works_at_once_and_an_old_one_until_its_time(issued: IssuedKey, watch: list[datetime]) -> None:
    outcome(issued.key)
    new = api_keys.rotate(issued.api_key.id, 5 * SECOND)
    assert [outcome(new.key), outcome(issued.key)] == ["Shop", "Shop"]
    watch[0] += 5 * SECOND
    assert [outcome(new.key), outcome(issued.key)] == ["Shop", "UNAUTHENTICATED"]


def test_a_flood_of_invalid_keys_costs_a_bounded_number_of_reads(watch: list[datetime]) -> None:
    with metered() as meter:
        outcomes = [outcome(guess(number)) for number in range(200)]
    assert meter.total_calls == MAX_INVALID
    assert outcomes == ["UNAUTHENTICATED"] * MAX_INVALID + ["RATE_LIMITED"] * (200 - MAX_INVALID)
    watch[0] += SECOND
    assert outcome(guess(0)) == "UNAUTHENTICATED"


def test_a_flood_does_not_affect_keys_in_use(issued: IssuedKey, watch: list[datetime]) -> None:
    unseen = api_keys.create("Other", Role.VIEWER, "Ops")
    outcome(issued.key)
    for number in range(MAX_INVALID):
        outcome(guess(number))
    assert [outcome(issued.key), outcome(unseen.key)] == ["Shop", "RATE_LIMITED"]
    # Another secret of a known id is a guess as well.
    assert outcome(issued.key[:-1] + "?") == "RATE_LIMITED"
    watch[0] += SECOND
    assert outcome(unseen.key) == "Other"


def test_an_unavailable_database_is_not_an_invalid_key(issued: IssuedKey, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(api_keys, "find", fail)
        assert {outcome(issued.key) for _ in range(2 * MAX_INVALID)} == {"UNAVAILABLE"}
    assert outcome(issued.key) == "Shop"


def test_the_number_of_remembered_keys_is_bounded(issued: IssuedKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentication, "_MAX_REMEMBERED", 3)
    for number in range(10):
        outcome(api_keys.create(f"Key {number}", Role.VIEWER, "Ops").key)
        assert len(authentication._memory.valid) <= 3
    assert reads(issued.key) == 1
