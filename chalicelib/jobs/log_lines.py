"""The lines that a run logged: the last ones, and all of them page by page.

Each step stores its lines in one row, up to 100 of them. A run can have thousands of steps, so neither reads all rows.
"""

from collections.abc import Iterator
from itertools import groupby, islice

from chalicelib.errors import InvalidInput
from chalicelib.jobs import run_records, step_rows
from chalicelib.jobs.run_records import Run
from chalicelib.store import cursors, read_budget, reads, tables
from chalicelib.store.cursors import Position
from chalicelib.store.result_page import SHARDS, Edge, ResultPage

LAST = 200
MAX_PAGE_SIZE = 1000
_DEFAULT_PAGE_SIZE = 100
_MAX_ROWS = 200
"""Step rows that one page may read. Steps without lines can make a page short although more lines follow."""
_ROWS_PER_CALL = 20
LATEST_STEPS = _ROWS_PER_CALL - 1
"""A row more tells that the record of the last step has no more of them."""


def read_last(run: Run) -> list[str]:
    """Return the last lines of a run, at most 200, in their order."""
    if not run.pages:
        return []
    steps = islice(_steps(run, up=False), _MAX_ROWS)
    newest_first = (line for _, lines in steps for line in reversed(lines))
    return list(islice(newest_first, LAST))[::-1]


def read_latest_steps(run: Run) -> list[str]:
    """Return the lines of the latest steps that left a row, the latest step first. As many as one call reads."""
    if not run.pages:
        return []
    return [line for _, lines in islice(_steps(run, up=False), LATEST_STEPS) for line in lines]


def read_page(run: Run, first: int | None, after: str | None) -> ResultPage[str]:
    """Return `first` lines (100 by default) after a cursor. Raises InvalidInput, InvalidCursor."""
    size = _DEFAULT_PAGE_SIZE if first is None else first
    if not 1 <= size <= MAX_PAGE_SIZE:
        raise InvalidInput(f"first must be from 1 to {MAX_PAGE_SIZE}. Use after for more", field="first")
    query = f"lines {run.job} {run.slot}"
    start = cursors.decode(after, query, SHARDS) if after else None
    edges: list[Edge[str]] = []
    end = start
    rows = _steps(run, up=True, since=start.key if start else None)
    for step, lines in islice(rows, _MAX_ROWS):
        skipped = int(start.row_id) + 1 if start and start.key == step else 0
        new = [Edge(line, Position(step, 0, str(number)), query) for number, line in enumerate(lines)]
        edges += new[skipped:]
        if len(edges) > size:
            break
        end = Position(step, 0, str(len(lines) - 1))
    has_next = len(edges) > size or next(rows, None) is not None
    edges = edges[:size]
    if has_next and len(edges) < size:
        read_budget.current().is_partial = True
    end = edges[-1].position if len(edges) == size else end
    return ResultPage(query=query, edges=edges, has_next=has_next, has_previous=start is not None, end=end)


def _steps(run: Run, *, up: bool, since: str | None = None) -> Iterator[tuple[str, list[str]]]:
    """Yield (step, its lines) for each step that left a row, in either order."""
    values = {":run": {"S": run_records.partition(run.job, run.slot)}}
    items = reads.query(
        TableName=reads.table_name(tables.AuxRow),
        KeyConditionExpression="pk = :run" + (" AND sk >= :since" if since else ""),
        ExpressionAttributeValues=values | ({":since": {"S": since}} if since else {}),
        ScanIndexForward=up,
        ConsistentRead=True,
        Limit=_ROWS_PER_CALL,
    )
    for step, group in groupby(items, key=lambda item: item["sk"]["S"].partition(".")[0]):
        rows = sorted(group, key=lambda item: item["sk"]["S"])
        yield step, next(step_rows.from_rows(rows))["lines"]
