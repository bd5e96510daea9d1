"""How the record of a step is stored: in one row, or in several if it is too large for one.

DynamoDB takes 400 KB a row and 4 MB a transaction. What a step leaves may be larger than a row, because it grows with the
data: the sums of a page of orders have an entry for each product in it. Such a record is cut into pieces of JSON text, one
per row. The sort key of the first is the number of the step, and `.01`, `.02`, ... are appended for the others.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

from chalicelib.jobs.job import RunRefused
from chalicelib.store import reads, tables
from chalicelib.store.put_request import PlainRow

MAX_ROW_BYTES = 350_000
"""Of a JSON text in a row. It leaves room for the row's keys and its other values."""
MAX_RECORD_BYTES = 3_000_000
"""Of all pieces together. It leaves room for the other rows of the transaction."""
_PIECE = MAX_ROW_BYTES // 2
"""A piece is stored as a JSON string, in which each quotation mark and backslash takes two bytes."""


def to_rows(pk: str, step: int, record: dict[str, object], expiry: datetime) -> list[PlainRow]:
    """Return the rows that hold the record of a step. Raises RunRefused if it is too large."""
    text = json.dumps(record)  # ASCII, so that characters are bytes
    number = f"{step:06d}"
    if len(text) <= MAX_ROW_BYTES:
        return [_to_row(pk, number, text, expiry)]
    pieces = [json.dumps(text[start : start + _PIECE]) for start in range(0, len(text), _PIECE)]
    size = sum(map(len, pieces))
    if size > MAX_RECORD_BYTES:
        raise RunRefused(
            f"Step {step} left {size:,} bytes of lines and data, and a step may leave at most {MAX_RECORD_BYTES:,}"
        )
    return [
        _to_row(pk, f"{number}.{place:02d}" if place else number, piece, expiry) for place, piece in enumerate(pieces)
    ]


def _to_row(pk: str, sk: str, content: str, expiry: datetime) -> PlainRow:
    """Return a row whose content is JSON already."""
    texts = {"pk": pk, "sk": sk, "content": content}
    return PlainRow(table=tables.AuxRow, texts=texts, numbers={"ttl": int(expiry.timestamp())})


def from_rows(rows: Iterable[reads.Item]) -> Iterator[dict[str, Any]]:
    """Yield the records of steps whose rows come in the order of their sort keys."""
    for _, group in groupby(rows, key=lambda row: row["sk"]["S"].partition(".")[0]):
        contents = [reads.json_of(row, "content") for row in group]
        yield json.loads("".join(contents)) if isinstance(contents[0], str) else contents[0]


def check_state(step: int, state: object) -> None:
    """Raises RunRefused if the state after a step does not fit into the run's row."""
    size = len(json.dumps(state))
    if size > MAX_ROW_BYTES:
        raise RunRefused(
            f"Step {step} left a state of {size:,} bytes, and a state may have at most {MAX_ROW_BYTES:,} bytes"
        )
