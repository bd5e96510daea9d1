"""Read rows as DynamoDB's attribute maps, for a third of the CPU of models (measured), and charge the read budget."""

from collections.abc import Iterable, Iterator, Mapping
from math import ceil
from typing import Any, TypeAlias, TypedDict

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.models import Model

from chalicelib import json_text
from chalicelib.errors import Unavailable
from chalicelib.store import read_budget
from chalicelib.store.connection import client
from chalicelib.store.retries import is_transient, retry_delays
from chalicelib.store.tables import AuxRow

Item: TypeAlias = dict[str, dict[str, str]]
"""A row, or a key, as DynamoDB sends it, for example {"stock": {"N": "3"}}. Our tables have texts and numbers only."""


class Response(TypedDict, total=False):
    """What we use of the responses to reads."""

    Item: Item
    Items: list[Item]
    Count: int
    LastEvaluatedKey: Item
    Responses: dict[str, list[Item]]
    UnprocessedKeys: dict[str, object]


MAX_BATCH = 100


def table_name(table: type[Model]) -> str:
    return str(table.Meta.table_name)


def call(operation: str, rows_per_unit: int = 1, /, **request: object) -> Response:
    """Return the response to a read, and charge it to the request's read budget.

    `rows_per_unit` rows are charged as one, for rows that are much smaller than a read unit. Raises CostLimitExceeded, and
    Unavailable if there is no response after the client's own retries.
    """
    budget, expected = read_budget.current(), _max_rows(operation, request)
    budget.reserve(expected)
    try:
        response: Response = getattr(client(), operation)(**request)
    except (BotoCoreError, ClientError) as error:
        if is_transient(error):
            raise Unavailable from error
        raise
    budget.give_back(expected - ceil(_row_count(response) / rows_per_unit))
    return response


def _max_rows(operation: str, request: Mapping[str, Any]) -> int:
    """Return how many rows the call can read at most; 0 if that is known only afterwards."""
    if operation == "get_item":
        return 1
    if operation == "batch_get_item":
        return sum(len(wanted["Keys"]) for wanted in request["RequestItems"].values())
    limit: int = request.get("Limit", 0)
    return limit


def _row_count(response: Response) -> int:
    batches = response.get("Responses", {}).values()
    return len(response.get("Items", ())) + ("Item" in response) + sum(map(len, batches))


def get(table: type[Model], key: Item) -> Item | None:
    """Return one row as it is now (consistent), or None."""
    return call("get_item", TableName=table_name(table), Key=key, ConsistentRead=True).get("Item")


def has_token(table: type[Model], token: str, **key: str) -> bool:
    """Return whether the row with this key is as the write with this token left it."""
    item = get(table, {name: {"S": value} for name, value in key.items()})
    return item is not None and text(item, "token") == token


def get_op(pk: str, sk: str) -> Item | None:
    return get(AuxRow, {"pk": {"S": pk}, "sk": {"S": sk}})


def get_all(table: type[Model], keys: Iterable[Item], *, consistent: bool = False) -> list[Item]:
    """Return the rows that exist, in no order, with one call per 100 keys. The keys must be distinct."""
    wanted = list(keys)
    name = table_name(table)
    found: list[Item] = []
    for start in range(0, len(wanted), MAX_BATCH):
        request = {name: {"Keys": wanted[start : start + MAX_BATCH], "ConsistentRead": consistent}}
        found += (item for _, item in _fetch(request))
    return found


def get_from_tables(
    wanted: Mapping[type[Model], Iterable[str]], *, consistent: bool = True
) -> dict[type[Model], dict[str, Item]]:
    """Return rows of several tables by id, with one call. At most 100 ids, all distinct."""
    keys = {table: [{"id": {"S": row_id}} for row_id in ids] for table, ids in wanted.items()}
    request = {table_name(table): {"Keys": some, "ConsistentRead": consistent} for table, some in keys.items() if some}
    found: dict[str, dict[str, Item]] = {table_name(table): {} for table in wanted}
    for name, item in _fetch(request) if request else ():
        found[name][item["id"]["S"]] = item
    return {table: found[table_name(table)] for table in wanted}


def _fetch(request: Mapping[str, object]) -> Iterator[tuple[str, Item]]:
    """Yield (table, row) for each of at most 100 keys that exists, and request unprocessed keys again."""
    for _ in retry_delays():
        response = call("batch_get_item", RequestItems=request)
        for name, items in response["Responses"].items():
            yield from ((name, item) for item in items)
        request = response.get("UnprocessedKeys") or {}
        if not request:
            return
    raise Unavailable


def query(rows_per_unit: int = 1, /, **request: object) -> Iterator[Item]:
    """Yield every row of a query, page by page."""
    while True:
        response = call("query", rows_per_unit, **request)
        yield from response["Items"]
        if "LastEvaluatedKey" not in response:
            return
        request["ExclusiveStartKey"] = response["LastEvaluatedKey"]


def get_by_id(table: type[Model], ids: Iterable[str], *, consistent: bool = False) -> dict[str, Item]:
    """Return {id: row} for the rows that exist."""
    keys = [{"id": {"S": row_id}} for row_id in dict.fromkeys(ids)]
    return {item["id"]["S"]: item for item in get_all(table, keys, consistent=consistent)}


def text(item: Item, name: str) -> str | None:
    """Return a text, None if the row has none."""
    value = item.get(name)
    return value.get("S") if value else None


def number(item: Item, name: str) -> int:
    """Return a number, 0 if the row has none."""
    value = item.get(name)
    return int(value["N"]) if value else 0


def json_of(item: Item, name: str) -> Any:
    """Return the value of a JSONAttribute, None if the row has none."""
    value = text(item, name)
    return None if value is None else json_text.read(value)
