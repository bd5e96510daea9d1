"""Reads through the bare client: rows as DynamoDB's attribute maps, a third of the CPU that models need (measured)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.models import Model

from chalicelib.errors import Unavailable
from chalicelib.store.connection import client
from chalicelib.store.retries import is_transient, retry_delays
from chalicelib.store.tables import AuxRow

Item: TypeAlias = dict[str, Any]
"""{name: {type: value}} as DynamoDB sends it, e.g. {"stock": {"N": "3"}}."""

BATCH = 100


def table_name(table: type[Model]) -> str:
    return str(table.Meta.table_name)


def call(operation: str, **request: Any) -> Item:
    """The answer of a read. Raises Unavailable when there was none, after the client's own tries."""
    try:
        answer: Item = getattr(client(), operation)(**request)
    except (BotoCoreError, ClientError) as error:
        if is_transient(error):
            raise Unavailable from error
        raise
    return answer


def get(table: type[Model], key: Item) -> Item | None:
    """One row as it is now (consistent), or None."""
    return call("get_item", TableName=table_name(table), Key=key, ConsistentRead=True).get("Item")


def get_op(pk: str, sk: str) -> Item | None:
    return get(AuxRow, {"pk": {"S": pk}, "sk": {"S": sk}})


def get_all(table: type[Model], keys: Iterable[Item], *, consistent: bool = False) -> list[Item]:
    """The rows that exist of `keys` (which must be distinct), in no order, 100 a call."""
    wanted = list(keys)
    name = table_name(table)
    found: list[Item] = []
    for start in range(0, len(wanted), BATCH):
        request = {name: {"Keys": wanted[start : start + BATCH], "ConsistentRead": consistent}}
        found += (item for _, item in _fetch(request))
    return found


def together(wanted: Mapping[type[Model], Iterable[str]]) -> dict[type[Model], dict[str, Item]]:
    """Rows of several tables by id, as they are now, in one call: at most 100 ids, all of them distinct."""
    keys = {table: [{"id": {"S": row_id}} for row_id in ids] for table, ids in wanted.items()}
    request = {table_name(table): {"Keys": some, "ConsistentRead": True} for table, some in keys.items() if some}
    found: dict[str, dict[str, Item]] = {table_name(table): {} for table in wanted}
    for name, item in _fetch(request) if request else ():
        found[name][item["id"]["S"]] = item
    return {table: found[table_name(table)] for table in wanted}


def _fetch(request: Item) -> Iterator[tuple[str, Item]]:
    """(table, row) for each that exists of at most 100 keys; what the database leaves over is asked for again."""
    for _ in retry_delays():
        answer = call("batch_get_item", RequestItems=request)
        for name, items in answer["Responses"].items():
            yield from ((name, item) for item in items)
        request = answer.get("UnprocessedKeys") or {}
        if not request:
            return
    raise Unavailable


def query(**request: Any) -> Iterator[Item]:
    """Every row of a query, page by page."""
    while True:
        answer = call("query", **request)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


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


def json_of(item: Item, name: str) -> Any:
    """What a JSONAttribute holds; None where there is none."""
    value = text(item, name)
    return None if value is None else json.loads(value)
