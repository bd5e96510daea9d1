"""The lines of a run: the last 200, and all of them by pages, however its steps logged them."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.errors import InvalidCursor, InvalidInput
from chalicelib.jobs import catalog, ledger, log_lines, run_records, step_rows
from chalicelib.jobs.job import StepResult
from chalicelib.jobs.run_records import Run, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.store import tables
from chalicelib.store.result_page import ResultPage
from tests.api.graphql_client import ask
from tests.metering import metered

SLOT = Slot("2026-11-22T00:00:00Z")


def a_run(*line_counts: int) -> Run:
    """A run whose steps logged so many lines each; a step with none may still have left a row, or not."""
    run = ledger.claim(catalog.LOW_STOCK, SLOT)
    assert run
    number = 0
    for count in line_counts:
        lines = tuple(f"line {number + offset}" for offset in range(count))
        number += count
        run = ledger.checkpoint(run, StepResult({"after": "x"}, lines, {}, None if count else ["data"]))
    return run


def follow(run: Run, first: int) -> list[ResultPage[str]]:
    pages = [log_lines.read_page(run, first, None)]
    while pages[-1].has_next:
        pages.append(log_lines.read_page(run, first, pages[-1].end_cursor))
    return pages


@pytest.mark.parametrize("line_counts", [(), (0,), (1,), (3, 0, 4), (7, 7, 7), (0, 0, 1), (100, 100, 1)])
@pytest.mark.parametrize("first", [1, 3, 7, 100, 1000])
def test_pages_have_each_line_once_and_in_order(line_counts: tuple[int, ...], first: int) -> None:
    run = a_run(*line_counts)
    pages = follow(run, first)
    total = sum(line_counts)
    assert [edge.node for page in pages for edge in page.edges] == [f"line {number}" for number in range(total)]
    assert all(len(page.edges) == first or page.edges == [] for page in pages[:-1])
    assert [page.has_previous for page in pages] == [False] + [True] * (len(pages) - 1)


@pytest.mark.parametrize(("line_counts", "expected"), [((), 0), ((5,), 5), ((150, 150), 200), ((0, 201, 0), 200)])
def test_the_last_lines_are_at_most_200(line_counts: tuple[int, ...], expected: int) -> None:
    total = sum(line_counts)
    found = log_lines.read_last(a_run(*line_counts))
    assert found == [f"line {number}" for number in range(total - expected, total)]


def test_a_long_run_is_never_read_whole() -> None:
    run = a_run()
    with tables.AuxRow.batch_write() as batch:
        for step in range(1, 1001):
            content: dict[str, Any] = {"lines": [f"line {step}"] if step > 400 else [], "content": [step]}
            batch.save(tables.AuxRow(run_records.partition(run.job, SLOT), f"{step:06d}", content=content))
    with metered() as meter:
        page = log_lines.read_page(run, 1000, None)
    assert (page.edges, page.has_next) == ([], True)
    assert meter.rows <= 220
    pages = follow(run, 1000)
    assert [edge.node for page in pages for edge in page.edges] == [f"line {step}" for step in range(401, 1001)]
    with metered() as meter:
        assert len(log_lines.read_last(replace(run, pages=1000))) == 200
    assert meter.rows <= 220


@pytest.mark.parametrize("first", [0, -1, 1001])
def test_a_page_size_that_does_not_fit_is_refused(first: int) -> None:
    with pytest.raises(InvalidInput, match="from 1 to 1000"):
        log_lines.read_page(a_run(), first, None)


def test_a_cursor_belongs_to_its_run() -> None:
    cursor = log_lines.read_page(a_run(2), 1, None).end_cursor
    other = run_records.new("low_stock", Slot("2026-11-23T00:00:00Z"), Trigger.SCHEDULE)
    with pytest.raises(InvalidCursor):
        log_lines.read_page(other, 1, cursor)


def test_the_api_has_both() -> None:
    a_run(150, 150)
    document = """query ($after: String) { jobRun(job: "low_stock", slot: "2026-11-22T00:00:00Z") { lines
        logLines(first: 299, after: $after) { edges { node cursor } pageInfo { hasNextPage hasPreviousPage endCursor } } } }"""
    run = ask(document).data["jobRun"]
    assert (len(run["lines"]), run["lines"][-1]) == (200, "line 299")
    first = run["logLines"]
    assert (len(first["edges"]), first["pageInfo"]["hasNextPage"]) == (299, True)
    assert first["pageInfo"]["endCursor"] == first["edges"][-1]["cursor"]
    rest = ask(document, after=first["pageInfo"]["endCursor"]).data["jobRun"]["logLines"]
    assert ([edge["node"] for edge in rest["edges"]], rest["pageInfo"]["hasNextPage"]) == (["line 299"], False)


def test_the_lines_of_a_step_that_is_stored_in_several_rows_are_read() -> None:
    run = ledger.claim(catalog.LOW_STOCK, SLOT)
    assert run
    for number in range(3):
        content = "x" * (step_rows.MAX_ROW_BYTES * 2)
        run = ledger.checkpoint(run, StepResult({"after": "x"}, (f"line {number}",), {}, content))
    assert log_lines.read_last(run) == ["line 0", "line 1", "line 2"]
    assert log_lines.read_latest_steps(run) == ["line 2", "line 1", "line 0"]
    assert [edge.node for edge in log_lines.read_page(run, 10, None).edges] == ["line 0", "line 1", "line 2"]
