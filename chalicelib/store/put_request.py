"""Rows as DynamoDB's attribute maps, and the requests that put them.

pynamodb visits every attribute that a table may have, several times. Here only those of the row count, which takes a third of
the CPU (measured).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from pynamodb.exceptions import AttributeNullError
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from chalicelib.store.reads import Item, table_name


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainRow:
    """A row by the names of its attributes, for rows that are written so often that the object of a model costs too much.

    Attributes that are None are left out. `contents` are those that are stored as JSON.
    """

    table: type[Model]
    texts: Mapping[str, str | None]
    numbers: Mapping[str, int]
    contents: Mapping[str, object] = field(default_factory=dict)

    def to_item(self) -> Item:
        item: Item = {name: {"S": text} for name, text in self.texts.items() if text is not None}
        item |= {name: {"N": str(number)} for name, number in self.numbers.items()}
        item |= {name: {"S": json.dumps(content)} for name, content in self.contents.items() if content is not None}
        return item


class _Attribute(NamedTuple):
    name: str
    kind: str
    serialize: Callable[[Any], str]


def to_item(row: Model | PlainRow) -> Item:
    """Return a row as DynamoDB stores it. Raises AttributeNullError if it lacks an attribute that its table requires."""
    attributes, required = _attributes_of(_table_of(row))
    if isinstance(row, PlainRow):
        item = row.to_item()
    else:
        item = {}
        for attribute, value in row.attribute_values.items():
            if value is not None:
                name, kind, serialize = attributes[attribute]
                item[name] = {kind: serialize(value)}
    if not required <= item.keys():
        raise AttributeNullError(min(required - item.keys()))
    return item


def put_request(row: Model | PlainRow, condition: Condition | None) -> dict[str, object]:
    """Return the parameters of PutItem, alone or in a transaction."""
    request: dict[str, object] = {"TableName": table_name(_table_of(row)), "Item": to_item(row)}
    if condition is not None:
        placeholders: dict[str, str] = {}
        values: dict[str, str] = {}
        request["ConditionExpression"] = condition.serialize(placeholders, values)
        request["ExpressionAttributeNames"] = {placeholder: name for name, placeholder in placeholders.items()}
        if values:
            request["ExpressionAttributeValues"] = values
    return request


def _table_of(row: Model | PlainRow) -> type[Model]:
    return row.table if isinstance(row, PlainRow) else type(row)


@cache
def _attributes_of(table: type[Model]) -> tuple[dict[str, _Attribute], frozenset[str]]:
    """Return a table's attributes, and the names of those that each row must have."""
    found = table.get_attributes()
    attributes = {key: _Attribute(each.attr_name, each.attr_type, each.serialize) for key, each in found.items()}
    return attributes, frozenset(each.attr_name for each in found.values() if not each.null)
