"""Reads through the bare client: rows as DynamoDB's attribute maps, a third of the CPU that models need (measured)."""

import random
import time
from collections.abc import Iterable
from typing import Any, TypeAlias

from pynamodb.models import Model

from chalicelib.crm.tables import Op, client
from chalicelib.errors import Unavailable

Item: TypeAlias = dict[str, Any]
"""{name: {type: value}} as DynamoDB sends it, e.g. {"stock": {"N": "3"}}."""

BATCH = 100


def table_name(table: type[Model]) -> str:
    return str(table.Meta.table_name)


def get(table: type[Model], key: Item) -> Item | None:
    """One row as it is now (consistent), or None."""
    answer = client().get_item(TableName=table_name(table), Key=key, ConsistentRead=True)
    item: Item | None = answer.get("Item")
    return item


def get_op(pk: str, sk: str) -> Item | None:
    return get(Op, {"pk": {"S": pk}, "sk": {"S": sk}})


def get_all(table: type[Model], keys: Iterable[Item], *, consistent: bool = False) -> list[Item]:
    """The rows that exist of `keys` (which must be distinct), in no order, 100 a call."""
    wanted = list(keys)
    found: list[Item] = []
    name = table_name(table)
    for start in range(0, len(wanted), BATCH):
        request: Item = {name: {"Keys": wanted[start : start + BATCH], "ConsistentRead": consistent}}
        pause = 0.02
        while request:
            answer = client().batch_get_item(RequestItems=request)
            found += answer["Responses"].get(name, [])
            request = answer.get("UnprocessedKeys") or {}
            if request:
                if pause > 1:
                    raise Unavailable
                time.sleep(random.uniform(0, pause))  # noqa: S311 - not a secret
                pause *= 2
    return found


def by_id(table: type[Model], ids: Iterable[str], *, consistent: bool = False) -> dict[str, Item]:
    keys = [{"id": {"S": row_id}} for row_id in dict.fromkeys(ids)]
    return {item["id"]["S"]: item for item in get_all(table, keys, consistent=consistent)}


def text(item: Item, name: str) -> str | None:
    value = item.get(name)
    return value.get("S") if value else None


def number(item: Item, name: str) -> int:
    """0 where there is none."""
    value = item.get(name)
    return int(value["N"]) if value else 0


