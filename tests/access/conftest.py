"""Fixtures of the tests of access: a key, and a clock that tests set."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from chalicelib import clock
from chalicelib.access import api_keys
from chalicelib.access.api_keys import IssuedKey
from chalicelib.access.roles import Role
from tests.builders import moment


@pytest.fixture
def watch() -> Iterator[list[datetime]]:
    """The only entry is the time, which tests replace."""
    moments = [moment("2026-11-02T12:00:00")]
    clock.set_source(lambda: moments[0])
    yield moments
    clock.set_source(None)


@pytest.fixture
def issued() -> IssuedKey:
    return api_keys.create("Shop", Role.EDITOR, "Ops")
