"""A project and a cache of a test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.localdev.servers import Place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    try:
        yield place
    finally:
        place.clear()
