"""The rows of an import, and what became of each, in a temporary database: files may be larger than the memory."""

import json
import sqlite3
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

CHUNK = 500
"""How many rows are read at a time."""
_SCHEMA = """
    CREATE TABLE rows (
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL, line INTEGER NOT NULL, key TEXT NOT NULL, vals TEXT NOT NULL,
        cells TEXT NOT NULL);
    CREATE TABLE results (
        kind TEXT NOT NULL, id TEXT NOT NULL, line INTEGER NOT NULL, key TEXT NOT NULL, created INTEGER NOT NULL,
        active_at TEXT, inactive_from TEXT, input TEXT, differences TEXT, stock INTEGER, version TEXT, PRIMARY KEY (kind, id)
    ) WITHOUT ROWID;
    CREATE INDEX results_by_key ON results (kind, key);
    CREATE TABLE last_orders (key TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE known_keys (kind TEXT NOT NULL, key TEXT NOT NULL, is_there INTEGER NOT NULL,
        PRIMARY KEY (kind, key)) WITHOUT ROWID;
    CREATE TABLE moved_customers (key TEXT PRIMARY KEY, email TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX moved_customers_by_email ON moved_customers (email);
    CREATE TABLE rejects (kind TEXT NOT NULL, line INTEGER NOT NULL, code TEXT, reason TEXT, because TEXT,
        PRIMARY KEY (kind, line)) WITHOUT ROWID;
    CREATE TABLE refunds (id INTEGER PRIMARY KEY, line INTEGER NOT NULL, record TEXT NOT NULL);
    CREATE TABLE warnings (kind TEXT NOT NULL, line INTEGER NOT NULL, warning TEXT NOT NULL,
        PRIMARY KEY (kind, line, warning)) WITHOUT ROWID;
"""
_INDEX = "CREATE INDEX rows_by_key ON rows (kind, key, line)"
_FIRST_OF_KEY = "(SELECT MIN(line) FROM rows AS other WHERE other.kind = rows.kind AND other.key = rows.key)"
_GROUPS = f"""
    SELECT head.id, row.line, row.vals FROM rows AS head
    CROSS JOIN rows AS row ON row.kind = head.kind AND row.key = head.key
    WHERE head.kind = ? AND head.line = {_FIRST_OF_KEY.replace("rows.", "head.")}
    ORDER BY head.id, row.line
"""  # noqa: S608 - both parts are constants
_SINGLES = "SELECT line, line, vals FROM rows WHERE kind = ? AND {condition} ORDER BY id"


@dataclass(frozen=True, slots=True)
class StoredRow:
    line: int
    values: dict[str, str]


class Workspace:
    """Threads may share it. It is deleted at the end."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="crmctl-")
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            Path(self._directory.name) / "rows", check_same_thread=False, isolation_level=None
        )
        # Nothing here outlives the process, so nothing needs to survive a crash.
        self._connection.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32000;"
        )
        self._connection.executescript(_SCHEMA)
        self._connection.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._connection.close()
        self._directory.cleanup()

    def add_rows(self, kind: str, rows: Iterable[tuple[int, str, dict[str, str], Sequence[str]]]) -> None:
        """Add (line, key, field values, original cells). Finish with `index_rows`."""
        self.execute_many(
            "INSERT INTO rows (kind, line, key, vals, cells) VALUES (?, ?, ?, ?, ?)",
            ((kind, line, key, json.dumps(values), json.dumps(cells)) for line, key, values, cells in rows),
        )

    def index_rows(self) -> None:
        self.execute(_INDEX)

    def has_key(self, kind: str, key: str) -> bool:
        return bool(self.query("SELECT 1 FROM rows WHERE kind = ? AND key = ? LIMIT 1", (kind, key)))

    def all_rows(self, kind: str) -> Iterator[StoredRow]:
        """Yield each row by itself, in the order of the file."""
        for line, values in self.stream("SELECT line, vals FROM rows WHERE kind = ? ORDER BY id", (kind,)):
            yield StoredRow(line, json.loads(values))

    def has_rows(self, kind: str) -> bool:
        return bool(self.query("SELECT 1 FROM rows WHERE kind = ? LIMIT 1", (kind,)))

    def count_keys(self, kind: str) -> int:
        """Return how many different keys there are. Each row without a key counts."""
        ((keys, blank),) = self.query(
            "SELECT COUNT(DISTINCT NULLIF(key, '')), SUM(key = '') FROM rows WHERE kind = ?", (kind,)
        )
        return int(keys) + int(blank or 0)

    def count_rows(self, kind: str) -> int:
        ((count,),) = self.query("SELECT COUNT(*) FROM rows WHERE kind = ?", (kind,))
        return int(count)

    def first_rows(self, kind: str) -> Iterator[StoredRow]:
        """Yield the first row of each key, in the order of the file."""
        for (row,) in self._groups(_SINGLES.format(condition=f"line = {_FIRST_OF_KEY}"), kind):
            yield row

    def other_rows(self, kind: str) -> Iterator[StoredRow]:
        """Yield the rows whose key an earlier row has."""
        for (row,) in self._groups(_SINGLES.format(condition=f"line > {_FIRST_OF_KEY}"), kind):
            yield row

    def rows_by_key(self, kind: str) -> Iterator[list[StoredRow]]:
        """Yield the rows of each key together, in the order of the first ones."""
        return self._groups(_GROUPS, kind)

    def _groups(self, statement: str, kind: str) -> Iterator[list[StoredRow]]:
        current: int | None = None
        group: list[StoredRow] = []
        for head, line, values in self.stream(statement, (kind,)):
            if head != current and group:
                yield group
                group = []
            current = head
            group.append(StoredRow(line, json.loads(values)))
        if group:
            yield group

    def stream(self, statement: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        with self._lock:
            cursor = self._connection.execute(statement, parameters)
        while True:
            with self._lock:
                chunk = cursor.fetchmany(CHUNK)
            if not chunk:
                return
            yield from chunk

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(statement, parameters).fetchall()

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        with self._lock:
            self._connection.execute(statement, parameters)

    def execute_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        with self._lock:
            self._connection.executemany(statement, rows)
