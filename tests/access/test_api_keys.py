"""API keys: what is stored, which keys are accepted, and concurrent changes."""

import hashlib
import hmac
import json
from datetime import datetime, timedelta

import pytest
from botocore.exceptions import ReadTimeoutError

from chalicelib.access import api_keys
from chalicelib.access.api_keys import IssuedKey
from chalicelib.access.roles import Role
from chalicelib.errors import InvalidInput, NotFound, Unauthenticated
from chalicelib.store import tables
from chalicelib.store.pagination import PageArgs, read_page
from tests.builders import moment, rows_of

pytestmark = pytest.mark.usefixtures("watch")
NOW = moment("2026-11-02T12:00:00")


def opens(key: str) -> bool:
    try:
        api_keys.authenticate(key)
    except Unauthenticated:
        return False
    return True


def test_a_key_names_its_row_and_the_row_has_a_hash_only(issued: IssuedKey) -> None:
    prefix, key_id, secret = issued.key.split("_", 2)
    assert (prefix, key_id) == ("crm", issued.api_key.id)
    assert len(secret) >= 43
    row = rows_of(tables.AuxRow)[api_keys.PARTITION, key_id]
    assert json.loads(row["content"]["S"])["digest"] == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in json.dumps(row)
    assert "ttl" not in row
    assert api_keys.find(key_id) == api_keys.authenticate(issued.key) == issued.api_key


def test_all_keys_are_different() -> None:
    keys = [api_keys.create("Shop", Role.VIEWER, "Ops").key for _ in range(50)]
    assert len({key.split("_", 2)[1] for key in keys}) == len({key.split("_", 2)[2] for key in keys}) == 50


@pytest.mark.parametrize("change", ["{}x", "x{}", "{} ", "crm__{}", "CRM{}"])
def test_only_the_exact_key_is_accepted(issued: IssuedKey, change: str) -> None:
    assert opens(issued.key)
    assert not opens(change.format(issued.key))


def test_every_character_of_the_secret_matters(issued: IssuedKey) -> None:
    start = issued.key.index("_", 4) + 1
    for position in range(start, len(issued.key)):
        other = "A" if issued.key[position] != "A" else "B"
        assert not opens(issued.key[:position] + other + issued.key[position + 1 :])


def test_an_unknown_key_takes_as_long_as_a_known_one(monkeypatch: pytest.MonkeyPatch, issued: IssuedKey) -> None:
    """So that the time it takes does not tell which ids there are."""
    compared: list[str] = []
    true = hmac.compare_digest

    def compare(one: str, other: str) -> bool:
        compared.append(other)
        return true(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    counts = []
    for key in (issued.key, issued.key + "x", "crm_0123456789ab_x", "nonsense"):
        compared.clear()
        opens(key)
        counts.append(len(compared))
    assert counts == [1, 1, 1, 1]


def test_a_key_expires_at_its_time(watch: list[datetime]) -> None:
    key = api_keys.create("Shop", Role.VIEWER, "Ops", NOW + timedelta(hours=1)).key
    watch[0] += timedelta(hours=1, microseconds=-1)
    assert opens(key)
    watch[0] += timedelta(microseconds=1)
    assert not opens(key)


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=-1)])
def test_a_key_must_expire_in_the_future(ahead: timedelta) -> None:
    with pytest.raises(InvalidInput):
        api_keys.create("Shop", Role.VIEWER, "Ops", NOW + ahead)
    assert rows_of(tables.AuxRow) == {}


def test_each_old_secret_stays_valid_until_its_own_time(issued: IssuedKey, watch: list[datetime]) -> None:
    second = api_keys.rotate(issued.api_key.id, timedelta(hours=2)).key
    watch[0] += timedelta(hours=1)
    third = api_keys.rotate(issued.api_key.id, timedelta(hours=2)).key
    assert [opens(key) for key in (issued.key, second, third)] == [True, True, True]
    watch[0] += timedelta(hours=1)
    assert [opens(key) for key in (issued.key, second, third)] == [False, True, True]
    watch[0] += timedelta(hours=1)
    assert [opens(key) for key in (issued.key, second, third)] == [False, False, True]


def test_a_rotation_without_an_overlap_ends_all_old_secrets(issued: IssuedKey) -> None:
    second = api_keys.rotate(issued.api_key.id).key
    third = api_keys.rotate(issued.api_key.id, timedelta(0)).key
    assert [opens(key) for key in (issued.key, second, third)] == [False, False, True]


def test_a_key_has_a_bounded_number_of_old_secrets(issued: IssuedKey, watch: list[datetime]) -> None:
    for _ in range(20):
        api_keys.rotate(issued.api_key.id)
    with pytest.raises(InvalidInput, match="20 old secrets"):
        api_keys.rotate(issued.api_key.id)
    watch[0] += timedelta(days=1)
    assert api_keys.rotate(issued.api_key.id).key


def test_a_rotation_keeps_creator_and_expiry(watch: list[datetime]) -> None:
    old = api_keys.create("Shop", Role.EDITOR, "Ops", NOW + timedelta(days=9)).api_key
    watch[0] += timedelta(days=1)
    new = api_keys.rotate(old.id).api_key
    assert (new.name, new.role, new.created_at, new.created_by, new.expires_at) == (
        old.name,
        old.role,
        old.created_at,
        old.created_by,
        old.expires_at,
    )


def test_a_revoked_or_expired_key_cannot_be_rotated(issued: IssuedKey, watch: list[datetime]) -> None:
    expiring = api_keys.create("Shop", Role.VIEWER, "Ops", NOW + timedelta(hours=1))
    api_keys.revoke(issued.api_key.id)
    watch[0] += timedelta(hours=1)
    for dead in (issued, expiring):
        with pytest.raises(InvalidInput):
            api_keys.rotate(dead.api_key.id)
        assert not opens(dead.key)


def test_revoking_ends_both_secrets_of_a_rotated_key(issued: IssuedKey) -> None:
    new = api_keys.rotate(issued.api_key.id)
    api_keys.revoke(issued.api_key.id)
    assert [opens(key) for key in (issued.key, new.key)] == [False, False]


@pytest.mark.parametrize("key_id", ["", "0" * 12, "short", "x" * 5000, "\ud800" * 12])
def test_an_unknown_key_cannot_be_changed(key_id: str) -> None:
    for change in (api_keys.rotate, api_keys.revoke):
        with pytest.raises(NotFound):
            change(key_id)


def test_a_concurrent_revocation_wins_over_a_rotation(issued: IssuedKey, monkeypatch: pytest.MonkeyPatch) -> None:
    change = api_keys._change

    def revoked_meanwhile(*arguments: object) -> bool:
        monkeypatch.setattr(api_keys, "_change", change)
        api_keys.revoke(issued.api_key.id)
        return change(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(api_keys, "_change", revoked_meanwhile)
    with pytest.raises(InvalidInput):
        api_keys.rotate(issued.api_key.id)
    assert not opens(issued.key)


def test_a_failure_to_record_the_last_use_is_ignored(issued: IssuedKey, monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        def update_item(self, **_: object) -> None:
            raise ReadTimeoutError(endpoint_url="lost")

    with monkeypatch.context() as patch:
        patch.setattr(api_keys, "client", Silent)
        api_keys.record_last_use(issued.api_key)
    assert api_keys.find(issued.api_key.id) == issued.api_key
    api_keys.record_last_use(issued.api_key)
    noted = api_keys.find(issued.api_key.id)
    assert noted
    assert noted.last_used_at == "2026-11-02T12:00:00.000000Z"


def test_the_list_contains_keys_only(issued: IssuedKey) -> None:
    tables.AuxRow("document", "x", content={}).save()
    page = read_page(api_keys.list_keys(), PageArgs())
    assert [edge.node for edge in page.edges] == [issued.api_key]
