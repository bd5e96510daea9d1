"""Rows as DynamoDB's attribute maps, and the requests that put them.

pynamodb visits every attribute that a table may have, several times. Here only those of the row count, which takes a third of
the CPU (measured).
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from pynamodb.exceptions import AttributeNullError
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from chalicelib.store.reads import Item, table_name


class _Attribute(NamedTuple):
    name: str
    kind: str
    serialize: Callable[[Any], str]


def to_item(row: Model) -> Item:
    """Return a model's row as DynamoDB stores it. Raises AttributeNullError if it lacks an attribute that it must have."""
    attributes, required = _attributes_of(type(row))
    item: Item = {}
    for attribute, value in row.attribute_values.items():
        if value is not None:
            name, kind, serialize = attributes[attribute]
            item[name] = {kind: serialize(value)}
    if not required <= item.keys():
        raise AttributeNullError(min(required - item.keys()))
    return item


def put_request(row: Model, condition: Condition | None) -> dict[str, object]:
    """Return the parameters of PutItem, alone or in a transaction."""
    request: dict[str, object] = {"TableName": table_name(type(row)), "Item": to_item(row)}
    if condition is not None:
        placeholders: dict[str, str] = {}
        values: dict[str, str] = {}
        request["ConditionExpression"] = condition.serialize(placeholders, values)
        request["ExpressionAttributeNames"] = {placeholder: name for name, placeholder in placeholders.items()}
        if values:
            request["ExpressionAttributeValues"] = values
    return request


@cache
def _attributes_of(table: type[Model]) -> tuple[dict[str, _Attribute], frozenset[str]]:
    """Return a table's attributes, and the names of those that each row must have."""
    found = table.get_attributes()
    attributes = {key: _Attribute(each.attr_name, each.attr_type, each.serialize) for key, each in found.items()}
    return attributes, frozenset(each.attr_name for each in found.values() if not each.null)
