"""Keys made, changed for another and revoked from the terminal, against the real API with access closed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.access import api_keys, authorization
from chalicelib.access.api_keys import Role
from chalicelib.errors import Unauthenticated
from chalicelib.settings import settings
from tests.crmctl.served import Served, serving


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(authorization, "settings", replace(settings, open_access=False))
    with serving() as server:
        yield server


@pytest.fixture
def operator(monkeypatch: pytest.MonkeyPatch) -> str:
    key = api_keys.create("ops", Role.OPERATOR, "test").key
    monkeypatch.setenv("CRM_KEY", key)
    return key


def role_of(key: str) -> Role:
    return api_keys.authenticate(key).role


@pytest.mark.usefixtures("operator")
def test_a_new_key_is_shown_once_on_stdout_and_opens_what_its_role_may(served: Served) -> None:
    made = served.crmctl("keys", "create", "web shop", "--role", "editor")
    assert made.exit_code == 0, made.output
    key = made.stdout.strip()
    assert role_of(key) is Role.EDITOR
    assert "web shop" in made.stderr
    assert key not in made.stderr
    listed = served.crmctl("keys", "list")
    assert "web shop" in listed.stdout
    assert key.rpartition("_")[2] not in listed.stdout


@pytest.mark.usefixtures("operator")
def test_a_rotated_key_has_a_new_secret_and_the_old_one_works_for_a_while(served: Served) -> None:
    old = api_keys.create("shop", Role.VIEWER, "test")
    new = served.crmctl("keys", "rotate", old.api_key.id, "--overlap-hours", "2").stdout.strip()
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
def test_a_revoked_key_opens_nothing(served: Served) -> None:
    doomed = api_keys.create("shop", Role.VIEWER, "test")
    assert served.crmctl("keys", "revoke", doomed.api_key.id).exit_code == 0
    with pytest.raises(Unauthenticated):
        role_of(doomed.key)
    assert served.crmctl("keys", "revoke", "nobody").exit_code == 2


def test_who_is_no_operator_manages_no_keys(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, said in ((None, "make first-key STAGE="), (api_keys.create("x", Role.EDITOR, "test").key, "OPERATOR")):
        monkeypatch.setenv("CRM_KEY", key or "")
        result = served.crmctl("keys", "create", "more", "--role", "operator")
        assert result.exit_code == 2
        assert said in result.output
