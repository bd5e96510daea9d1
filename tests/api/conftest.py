"""Fixtures of the tests of the API: its settings, and a small shop."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from chalicelib import clock
from chalicelib.access import authorization, rate_limit
from chalicelib.api.graphql import execution
from chalicelib.api.http import cors
from chalicelib.api.pages import graphiql
from chalicelib.settings import settings
from tests.api.shop import Clock, Shop

Change = Callable[..., None]


@pytest.fixture
def change(monkeypatch: pytest.MonkeyPatch) -> Change:
    """Return a function that changes settings of the API."""

    def change(**values: object) -> None:
        changed = replace(settings, **values)  # type: ignore[arg-type]
        for module in (authorization, cors, execution, graphiql, rate_limit):
            monkeypatch.setattr(module, "settings", changed)

    return change


@pytest.fixture
def deployed(change: Change) -> None:
    """Require a key, as a deployed stage does."""
    change(open_access=False)


@pytest.fixture
def watch() -> Iterator[Clock]:
    moved = Clock()
    clock.set_source(lambda: moved.now)
    yield moved
    clock.set_source(None)


@pytest.fixture
def shop() -> Shop:
    return Shop()
