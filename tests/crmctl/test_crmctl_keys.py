"""`crmctl keys`, against the real API with authentication on."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from chalicelib import clock
from chalicelib.access import api_keys, authorization
from chalicelib.access.roles import Role
from chalicelib.errors import Unauthenticated
from chalicelib.settings import settings
from tests.crmctl.api_server import ApiServer, running_server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    monkeypatch.setattr(authorization, "settings", replace(settings, open_access=False))
    with running_server() as server:
        yield server


@pytest.fixture
def operator(monkeypatch: pytest.MonkeyPatch) -> str:
    key = api_keys.create("ops", Role.OPERATOR, "test").key
    monkeypatch.setenv("CRM_KEY", key)
    return key


def role_of(key: str) -> Role:
    return api_keys.authenticate(key).role


@pytest.mark.usefixtures("operator")
def test_new_key_is_printed_once_on_stdout_and_has_its_role(server: ApiServer) -> None:
    made = server.crmctl("keys", "create", "web shop", "--role", "editor")
    assert made.exit_code == 0, made.output
    key = made.stdout.strip()
    assert role_of(key) is Role.EDITOR
    assert "web shop" in made.stderr
    assert key not in made.stderr
    listed = server.crmctl("keys", "list")
    assert "web shop" in listed.stdout
    assert key.rpartition("_")[2] not in listed.stdout


@pytest.mark.usefixtures("operator")
def test_key_that_expires_works_until_then(server: ApiServer) -> None:
    day = (clock.now() + timedelta(days=30)).date()
    key = server.crmctl("keys", "create", "fair", "--role", "viewer", "--expires", str(day)).stdout.strip()
    assert role_of(key) is Role.VIEWER
    later = datetime.combine(day, time(23, 59, 30), UTC)
    clock.set_source(lambda: later)
    assert role_of(key) is Role.VIEWER, "the day is included"
    later += timedelta(minutes=1)
    clock.set_source(lambda: later)
    try:
        with pytest.raises(Unauthenticated):
            role_of(key)
    finally:
        clock.set_source(None)


@pytest.mark.usefixtures("operator")
def test_rotated_key_has_new_secret_and_old_one_stays_valid_for_the_overlap(server: ApiServer) -> None:
    old = api_keys.create("shop", Role.VIEWER, "test")
    new = server.crmctl("keys", "rotate", old.api_key.id, "--overlap-hours", "2").stdout.strip()
    assert new != old.key
    assert role_of(new) is role_of(old.key) is Role.VIEWER
    later = clock.now() + timedelta(hours=2, seconds=1)
    clock.set_source(lambda: later)
    try:
        assert role_of(new) is Role.VIEWER
        with pytest.raises(Unauthenticated):
            role_of(old.key)
    finally:
        clock.set_source(None)


@pytest.mark.usefixtures("operator")
def test_revoked_key_is_rejected(server: ApiServer) -> None:
    doomed = api_keys.create("shop", Role.VIEWER, "test")
    assert server.crmctl("keys", "revoke", doomed.api_key.id).exit_code == 0
    with pytest.raises(Unauthenticated):
        role_of(doomed.key)
    assert server.crmctl("keys", "revoke", "nobody").exit_code == 2


def test_only_operators_manage_keys_and_a_missing_key_is_explained(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, message in ((None, "make first-key STAGE="), (api_keys.create("x", Role.EDITOR, "test").key, "OPERATOR")):
        monkeypatch.setenv("CRM_KEY", key or "")
        result = server.crmctl("keys", "create", "more", "--role", "operator")
        assert result.exit_code == 2
        assert message in result.output
