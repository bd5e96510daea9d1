"""DynamoDB in a few dictionaries, for tests with thousands of runs: a call takes a tenth of moto's time.

An unknown operation or expression fails the test. `test_memory.py` compares every answer with MiniStack's.
"""

import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Any

from pynamodb.models import Model

from chalicelib.store import connection
from chalicelib.store.direct_calls import _Rows
from chalicelib.store.put_request import PlainRow, put_request
from tests.builders import Rows, key_names
from tests.faults.expressions import Item, condition, key_range, plain, updated
from tests.faults.quick_client import content_of

Key = tuple[str, ...]
REFUSED = "ConditionalCheckFailed"
_AFTER_KEYS = ("\U0010ffff",)


class ErrorResponse(Exception):
    """An error response: its code, a transaction's cancellation reasons, and the stored row if it was asked for"""

    def __init__(self, code: str, reasons: list[str] | None = None, item: Item | None = None) -> None:
        super().__init__(code)
        self.code, self.reasons, self.item = code, reasons, item


@dataclass(frozen=True)
class Http:
    """The part of an HTTP response that botocore reads."""

    status_code: int
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""
    raw: None = None


def response_of(answer: Callable[[], Item]) -> tuple[Http, Item]:
    """Return what `store.direct_calls` makes of a response: its HTTP part, and its content or its error."""
    parsed: Item
    try:
        status, parsed = 200, _Rows(answer())
    except ErrorResponse as refused:
        reasons = [{"Code": reason, "Message": reason} for reason in refused.reasons or ()]
        error = {"Code": refused.code, "Message": refused.code}
        found = {"Error": error, "Item": refused.item, "CancellationReasons": reasons}
        status, parsed = 400, {name: value for name, value in found.items() if value}
    parsed["ResponseMetadata"] = {"HTTPStatusCode": status, "HTTPHeaders": {}}
    return Http(status), parsed


@cache
def _ranges_of(model: type[Model]) -> Mapping[str | None, list[str]]:
    """Return the names of the key attributes of each index, the hash key first; None is the table itself."""
    return {None: key_names(model)} | {
        index["index_name"]: [
            entry["AttributeName"] for entry in sorted(index["key_schema"], key=lambda entry: str(entry["KeyType"]))
        ]
        for index in model._get_schema()["global_secondary_indexes"]
    }


class Table:
    """`order` has the sorted keys of each partition, by index; None is the table itself."""

    def __init__(self, model: type[Model]) -> None:
        self.ranges = _ranges_of(model)
        self.key = self.ranges[None]
        self.rows: MutableMapping[Key, Item] = {}
        self.order: dict[tuple[str | None, str], list[tuple[Any, Key]]] = {}

    def key_of(self, item: Item) -> Key:
        key = tuple(item[name]["S"] for name in self.key)
        if not all(key):
            raise ErrorResponse("ValidationException")  # an empty text is no key
        return key

    def replace(self, key: Key, new: Item | None) -> None:
        old = self.rows.pop(key, None)
        for index, names in self.ranges.items():
            before, after = ([item[name] for name in names if name in item] for item in (old or {}, new or {}))
            if before == after:
                continue  # its place stays as it is
            if len(before) == len(names):
                partition = self.order[index, before[0]["S"]]
                del partition[bisect_left(partition, (plain(before[-1]), key))]
            if len(after) == len(names):
                insort(self.order.setdefault((index, after[0]["S"]), []), (plain(after[-1]), key))
        if new is not None:
            self.rows[key] = new


class Memory:
    """`knows_tokens`: recognise repeated transactions, as AWS does for ten minutes."""

    def __init__(self, *, knows_tokens: bool = True) -> None:
        self.knows_tokens = knows_tokens
        self.clear()
        self._lock = threading.Lock()
        self._operations: dict[str, Callable[[Any], Item]] = {
            "GetItem": self._get,
            "BatchGetItem": self._batch_get,
            "Query": self._query,
            "Scan": self._scan,
            "PutItem": lambda request: self._write([("Put", request)]),
            "UpdateItem": self._update,
            "DeleteItem": lambda request: self._write([("Delete", request)]),
            "BatchWriteItem": self._batch_write,
            "TransactWriteItems": self._transact,
        }

    def clear(self) -> None:
        """Make all tables empty."""
        self._tables: dict[str, Table] = {
            str(model.Meta.table_name): self._new_table(model) for model in connection.TABLES
        }
        self._tokens: dict[str, Item] = {}

    def _new_table(self, model: type[Model]) -> Table:
        return Table(model)

    def answer(self, operation: str, request: Item) -> Item:
        """Answer a request. Requests are answered one at a time. Raises ErrorResponse."""
        with self._lock:
            return self._operations[operation](request)

    def send(self, _pass_on: Any, request: Any, model: Any, _context: Any) -> tuple[tuple[Http, Item], None]:
        """Answer a request of botocore, in place of its endpoint (see `fault_injection.intercepted`)."""
        return response_of(lambda: self.answer(model.name, content_of(request))), None

    def put(self, row: Model | PlainRow) -> None:
        self.answer("PutItem", put_request(row, None))

    def rows(self) -> dict[str, Rows]:
        return {model.__name__: self.rows_of(model) for model in connection.TABLES}

    def rows_of(self, model: type[Model]) -> Rows:
        table = self._tables[str(model.Meta.table_name)]
        return {key: _copied(item) for key, item in table.rows.items()}

    def keys_of(self, model: type[Model], is_meant: Callable[[Item], bool] = lambda _: True) -> set[Key]:
        """Return the keys of the rows that are meant, without a copy of any row."""
        return {key for key, item in self._tables[str(model.Meta.table_name)].rows.items() if is_meant(item)}

    def copy(self) -> "Memory":
        new = type(self)(knows_tokens=self.knows_tokens)
        new.become(self)
        return new

    def become(self, other: "Memory") -> None:
        """Have the rows of `other` from now on."""
        self.clear()
        for name, table in other._tables.items():
            self._tables[name].rows = dict(table.rows)  # items are replaced, never changed
            self._tables[name].order = {index: list(keys) for index, keys in table.order.items()}

    def _get(self, request: Item) -> Item:
        table = self._tables[request["TableName"]]
        item = table.rows.get(table.key_of(request["Key"]))
        return {"Item": _copied(item)} if item else {}

    def _batch_get(self, request: Item) -> Item:
        found = {}
        for name, asked in request["RequestItems"].items():
            table = self._tables[name]
            keys = [table.key_of(key) for key in asked["Keys"]]
            assert len(set(keys)) == len(keys), "DynamoDB refuses to read a row twice with one call"
            rows = map(table.rows.get, keys)
            found[name] = [_copied(row) for row in rows if row]
        return {"Responses": found, "UnprocessedKeys": {}}

    def _scan(self, request: Item) -> Item:
        items = [_copied(row) for row in self._tables[request["TableName"]].rows.values()]
        return {"Items": items, "Count": len(items), "ScannedCount": len(items)}

    def _query(self, request: Item) -> Item:
        table, index = self._tables[request["TableName"]], request.get("IndexName")
        names, values = request.get("ExpressionAttributeNames", {}), request["ExpressionAttributeValues"]
        test = condition(request["KeyConditionExpression"])
        partition, rows = self._seen(table, index, _hash_of(request["KeyConditionExpression"], values))
        limit = request.get("Limit")
        places = self._places(table, partition, request, key_range(request["KeyConditionExpression"], values))
        found = (place for place in places if test(rows[place[1]], names, values))
        page = list(islice(found, limit))
        keys_only = {*table.key, *table.ranges[index]} if index else None
        answer: Item = {"Count": len(page), "ScannedCount": len(page)}
        if request.get("Select") != "COUNT":
            answer["Items"] = [_projected(rows[key], keys_only) for _, key in page]
        if len(page) == limit:  # also when nothing comes after it, as in DynamoDB
            answer["LastEvaluatedKey"] = _projected(rows[page[-1][1]], {*table.key, *table.ranges[index]})
        return answer

    def _seen(self, table: Table, index: str | None, value: str) -> tuple[list[tuple[Any, Key]], Mapping[Key, Item]]:
        """Return the sorted keys of one partition of an index, or of the table itself, and the rows that they stand for."""
        return table.order.get((index, value), []), table.rows

    @staticmethod
    def _places(
        table: Table, partition: list[tuple[Any, Key]], request: Item, bounds: tuple[Any, Any]
    ) -> Iterator[tuple[Any, Key]]:
        """Yield the places between the bounds, without a look at those before them: a partition may have 100,000."""
        forward, start = request.get("ScanIndexForward", True), request.get("ExclusiveStartKey")
        low, high = bounds
        first = 0 if low is None else bisect_left(partition, (low,))
        end = len(partition) if high is None else bisect_right(partition, (high, _AFTER_KEYS))
        if start is not None:
            place = (plain(start[table.ranges[request.get("IndexName")][-1]]), table.key_of(start))
            first = max(first, bisect_right(partition, place)) if forward else first
            end = end if forward else min(end, bisect_left(partition, place))
        return (partition[number] for number in range(first, end)[:: 1 if forward else -1])

    def _update(self, request: Item) -> Item:
        self._write([("Update", request)])
        table = self._tables[request["TableName"]]
        item = table.rows[table.key_of(request["Key"])]
        return {"Attributes": _copied(item)} if request.get("ReturnValues") == "ALL_NEW" else {}

    def _batch_write(self, request: Item) -> Item:
        for name, entries in request["RequestItems"].items():
            for entry in entries:
                for kind, content in entry.items():
                    self._write([(kind.removesuffix("Request"), {"TableName": name, **content})])
        return {"UnprocessedItems": {}}

    def _transact(self, request: Item) -> Item:
        token = request["ClientRequestToken"]
        if self.knows_tokens and token in self._tokens:
            assert self._tokens[token] == request
            return {}
        actions = [(kind, action) for entry in request["TransactItems"] for kind, action in entry.items()]
        self._write(actions, together=True)
        if self.knows_tokens:
            self._tokens[token] = request
        return {}

    def _write(self, actions: list[tuple[str, Item]], *, together: bool = False) -> Item:
        """Apply all actions or none."""
        plans = [self._planned(kind, action) for kind, action in actions]
        refused = [plan is None for plan in plans]
        if any(refused):
            if together:
                reasons = [REFUSED if one else "None" for one in refused]
                raise ErrorResponse("TransactionCanceledException", reasons)
            raise ErrorResponse(f"{REFUSED}Exception", item=self._stored(*actions[0]))
        planned = [plan for plan in plans if plan]
        assert len({(id(table), key) for table, key, _ in planned}) == len(planned), "DynamoDB takes one action a row"
        for table, key, item in planned:
            self._replace(table, key, item)
        return {}

    def _replace(self, table: Table, key: Key, item: Item | None) -> None:
        table.replace(key, item)

    def _stored(self, kind: str, action: Item) -> Item | None:
        """Return the row that a failed condition met, if the request asks for it."""
        if action.get("ReturnValuesOnConditionCheckFailure") != "ALL_OLD":
            return None
        table = self._tables[action["TableName"]]
        stored = table.rows.get(table.key_of(action["Item"] if kind == "Put" else action["Key"]))
        return _copied(stored) if stored else None

    def _planned(self, kind: str, action: Item) -> tuple[Table, Key, Item | None] | None:
        """Return what would be written where, or None if the condition fails."""
        table = self._tables[action["TableName"]]
        key = table.key_of(action["Item"] if kind == "Put" else action["Key"])
        old = table.rows.get(key)
        names, values = action.get("ExpressionAttributeNames", {}), action.get("ExpressionAttributeValues", {})
        text = action.get("ConditionExpression")
        if text and not condition(text)(old or {}, names, values):
            return None
        if kind == "ConditionCheck":
            return table, key, old
        if kind == "Update":
            return table, key, updated(old or action["Key"], action["UpdateExpression"], names, values)
        assert kind in {"Put", "Delete"}, kind
        return table, key, _copied(action["Item"]) if kind == "Put" else None


def _hash_of(text: str, values: Item) -> str:
    """Return the partition key's value: every key condition starts with `name = :value`."""
    return str(values[text.split()[2]]["S"])


def _projected(item: Item, names: set[str] | None) -> Item:
    return _copied(item if names is None else {name: item[name] for name in names})


def _copied(item: Item) -> Item:
    """Copy an item, because callers may change it. They replace values as a whole: {"N": "1"} by {"N": "2"}."""
    return item.copy()
