"""Fixtures: an AWS in memory that tests with very many requests share."""

from collections.abc import Iterator

import pytest

from tests.builders import moment
from tests.faults.environment import Environment, FakeAws, fake_aws
from tests.faults.memory import Memory


@pytest.fixture(scope="module")
def aws() -> Iterator[FakeAws]:
    with fake_aws() as built:
        yield built


@pytest.fixture
def environment(aws: FakeAws) -> Iterator[Environment]:
    """Empty tables, at noon of a Sunday."""
    with aws.run(Environment(Memory(), moment("2026-11-22T12:00:00"))) as environment:
        yield environment
