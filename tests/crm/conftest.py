"""Fixtures: an AWS in memory that tests with very many requests share, and two customers who are the same person."""

from collections.abc import Iterator

import pytest

from chalicelib.crm.customers import Customer
from tests.builders import a_customer, a_product, moment
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


@pytest.fixture
def ann() -> Customer:
    return a_customer("Ann Lee", "ann@example.com", phone="+49 30 123456")


@pytest.fixture
def bob() -> Customer:
    return a_customer("Annie Lee", "annie@example.com", phone="+49 30 654321")


@pytest.fixture
def lamp() -> str:
    return a_product(stock=10**6).id
