"""Requests to put a row are what pynamodb makes of its model."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pynamodb.attributes import Attribute, JSONAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.exceptions import AttributeNullError
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from chalicelib.store.connection import TABLES
from chalicelib.store.put_request import put_request, to_item
from chalicelib.store.tables import AuxRow

pytestmark = pytest.mark.no_database

VALUES: dict[type[Attribute[Any]], list[Any]] = {
    UnicodeAttribute: ["", "Zoë \ud800 \x00", "2026-11-22T12:00:00Z"],
    NumberAttribute: [0, -1, 10**20],
    JSONAttribute: [{}, [], {"ü": [1, 2.5, None, True, {"a": "\ud800"}]}],
    TTLAttribute: [datetime(2026, 11, 22, 12, 0, 0, 999_999, UTC), datetime(1969, 1, 1, tzinfo=UTC)],
}
CONDITIONS: list[Condition | None] = [
    None,
    AuxRow.token == "old",
    AuxRow.pk.does_not_exist(),
    AuxRow.pk.does_not_exist() | (AuxRow.since < "2026") & (AuxRow.orders == 3),
]
every_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)


def rows_of(table: type[Model]) -> list[Model]:
    """Return rows with every attribute and rows with as few as possible, with all values."""
    attributes = table.get_attributes()
    needed = {name for name, each in attributes.items() if not each.null}
    return [
        table(**{name: values[number % len(values)] for name, values in _values(table).items() if name in names})
        for names in (needed, attributes.keys())
        for number in range(3)
    ]


def _values(table: type[Model]) -> dict[str, list[Any]]:
    return {name: VALUES[type(each)] for name, each in table.get_attributes().items()}


@every_table
@pytest.mark.parametrize("condition", CONDITIONS, ids=["no condition", "a token", "without values", "more"])
def test_requests_equal_those_of_pynamodb(table: type[Model], condition: Condition | None) -> None:
    for row in rows_of(table):
        assert put_request(row, condition) == row.get_save_kwargs_from_instance(condition)
        assert to_item(row) == row.serialize()


@every_table
def test_a_row_without_an_attribute_that_it_must_have_is_refused(table: type[Model]) -> None:
    needed = {name for name, each in table.get_attributes().items() if not each.null and each.default is None}
    for name in needed:
        values = {each: found[0] for each, found in _values(table).items() if each != name}
        for row in (table(**values), table(**{**values, name: None})):
            with pytest.raises(AttributeNullError):
                to_item(row)
