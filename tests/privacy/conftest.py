"""Fixtures of the tests of personal data."""

import pytest

from chalicelib.jobs import erasure
from tests.api.conftest import change, deployed

__all__ = ["change", "deployed"]


@pytest.fixture(autouse=True)
def _indexes_without_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "INDEX_LAG", 0.0)
