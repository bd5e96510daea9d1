"""The DynamoDB in memory, with what DynamoDB would charge for each call, and small enough for millions of rows.

Read units are those of `metering`. A write costs a unit for each KB of the row before or after it, whichever is larger,
twice that in a transaction, and one for each index entry that it adds or removes. `tests/benchmarks/test_counted_memory.py`
compares them with what MiniStack charges.
"""

import marshal
import math
import sys
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from pynamodb.models import Model

from benchmarks.metering import Usage, read_units, row_bytes
from chalicelib.store.tables import Line
from tests.faults.expressions import Item
from tests.faults.memory import ErrorResponse, Key, Memory, Table

_STEP = 1024
_READS = {"GetItem", "BatchGetItem", "Query", "Scan"}


class CountedMemory(Memory):
    """`usage` has what all calls cost since it was replaced last."""

    def __init__(self, *, knows_tokens: bool = False) -> None:
        super().__init__(knows_tokens=knows_tokens)
        self.usage = Usage()
        self._is_transaction = False

    @contextmanager
    def counted(self) -> Iterator[Usage]:
        """Yield what the calls of this block cost."""
        before, self.usage = self.usage, Usage()
        try:
            yield self.usage
        finally:
            self.usage = before

    def answer(self, operation: str, request: Item) -> Item:
        """Answer a request, with the units that it has consumed if it asks for them."""
        self.usage.calls += 1
        self.usage.scans += operation == "Scan"
        before = self.usage.read_units + self.usage.write_units
        try:
            response = super().answer(operation, request)
        except ErrorResponse:
            self.usage.write_units += 1  # as in `metering`
            raise
        if operation in _READS:
            self.usage.read_units += read_units(operation, request, response)
        if "ReturnConsumedCapacity" in request:
            consumed = self.usage.read_units + self.usage.write_units - before
            response = {**response, "ConsumedCapacity": [{"CapacityUnits": consumed}]}
        return response

    @property
    def size(self) -> int:
        """Return the bytes of all rows but order lines."""
        return sum(table.rows.size for table in self._tables.values() if isinstance(table.rows, _PackedRows))

    def put_rows(self, model: type[Model], items: Iterable[Item]) -> None:
        """Put rows without counting them."""
        table = self._tables[str(model.Meta.table_name)]
        for item in items:
            table.replace(table.key_of(item), item)

    def row_of(self, model: type[Model], key: Key) -> Item | None:
        """Return a row without counting it."""
        return self._tables[str(model.Meta.table_name)].rows.get(key)

    def _new_table(self, model: type[Model]) -> Table:
        return _LineTable(model) if model is Line else _PackedTable(model)

    def _write(self, actions: list[tuple[str, Item]], *, together: bool = False) -> Item:
        self._is_transaction = together
        return super()._write(actions, together=together)

    def _replace(self, table: Table, key: Key, item: Item | None) -> None:
        old = table.rows.get(key)
        size = max(row_bytes(row) if row else 0 for row in (old, item))
        self.usage.write_units += max(1, math.ceil(size / _STEP)) * (1 + self._is_transaction)
        for index, names in table.ranges.items():
            if index is not None:
                before, after = (_entry(row, names) for row in (old, item))
                self.usage.write_units += 0 if before == after else (before is not None) + (after is not None)
        super()._replace(table, key, item)


def _entry(row: Item | None, names: list[str]) -> list[Any] | None:
    return [row[name] for name in names] if row and all(name in row for name in names) else None


class _PackedRows(MutableMapping[Key, Item]):
    """Rows as bytes, which take a third of the memory of dictionaries."""

    def __init__(self) -> None:
        self._rows: dict[Key, bytes] = {}
        self.size = 0
        """Bytes of all rows."""

    def __getitem__(self, key: Key) -> Item:
        item: Item = marshal.loads(self._rows[key])  # noqa: S302 - our own rows
        return item

    def __setitem__(self, key: Key, item: Item) -> None:
        packed = marshal.dumps(item)
        self.size += len(packed) - len(self._rows.get(key, b""))
        self._rows[key] = packed

    def __delitem__(self, key: Key) -> None:
        self.size -= len(self._rows.pop(key))

    def __iter__(self) -> Iterator[Key]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


class _PackedTable(Table):
    def __init__(self, model: type[Model]) -> None:
        super().__init__(model)
        self.rows = _PackedRows()


class _LineRows(MutableMapping[Key, Item]):
    """Rows of order lines, which consist of their key."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._keys: set[Key] = set()

    def __getitem__(self, key: Key) -> Item:
        if key not in self._keys:
            raise KeyError(key)
        return {name: {"S": text} for name, text in zip(self._names, key, strict=True)}

    def __setitem__(self, key: Key, _item: Item) -> None:
        self._keys.add(key)

    def __delitem__(self, key: Key) -> None:
        self._keys.remove(key)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


class _LineTable(Table):
    """All lines of an order share the text of its date, and all lines of a product that of its id."""

    def __init__(self, model: type[Model]) -> None:
        super().__init__(model)
        self.rows = _LineRows(self.key)

    def replace(self, key: Key, new: Item | None) -> None:
        key = tuple(map(sys.intern, key))
        super().replace(
            key, None if new is None else {name: {"S": text} for name, text in zip(self.key, key, strict=True)}
        )
