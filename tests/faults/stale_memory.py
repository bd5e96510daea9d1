"""The database in memory with indexes as on AWS: eventually consistent. Each read of an index may miss the last changes.

How old an answer is is random, up to five seconds of the one clock, and each read decides anew: a change that one read has
seen, the next may miss. Reads of the tables themselves are not delayed. Emulators' indexes are always up to date.
"""

import random
from bisect import insort
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib import clock
from tests.faults.expressions import Item, plain
from tests.faults.memory import Key, Memory, Table

MAX_AGE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class _Change:
    at: datetime
    table: Table
    key: Key
    before: Item | None


class StaleMemory(Memory):
    def __init__(self, *, knows_tokens: bool = True, seed: int = 0) -> None:
        self._recent: deque[_Change] = deque()
        self._rng = random.Random(seed)
        super().__init__(knows_tokens=knows_tokens)

    def copy(self) -> "Memory":
        new = super().copy()
        assert isinstance(new, StaleMemory)
        new._rng.seed(self._rng.random())
        return new

    def clear(self) -> None:
        super().clear()
        self._recent.clear()

    def _replace(self, table: Table, key: Key, item: Item | None) -> None:
        now = clock.now()
        while self._recent and not now - MAX_AGE <= self._recent[0].at <= now:  # also after the clock was set back
            self._recent.popleft()
        self._recent.append(_Change(now, table, key, table.rows.get(key)))
        super()._replace(table, key, item)

    def _seen(self, table: Table, index: str | None, value: str) -> tuple[list[tuple[Any, Key]], Mapping[Key, Item]]:
        places, rows = super()._seen(table, index, value)
        before = self._not_yet_seen(table) if index else {}
        if index is None or not before:
            return places, rows
        hash_name, range_name = table.ranges[index][0], table.ranges[index][-1]
        seen = [place for place in places if place[1] not in before]
        for key, item in before.items():
            if item and range_name in item and item.get(hash_name, {}).get("S") == value:
                insort(seen, (plain(item[range_name]), key))
        return seen, {key: before.get(key) or rows[key] for _, key in seen}

    def _not_yet_seen(self, table: Table) -> dict[Key, Item | None]:
        """Return the rows of which this read does not see the last changes, as it sees them."""
        horizon = clock.now() - MAX_AGE * self._rng.random()
        found: dict[Key, Item | None] = {}
        for change in self._recent:
            if change.table is table and change.at > horizon:
                found.setdefault(change.key, change.before)
        return found
