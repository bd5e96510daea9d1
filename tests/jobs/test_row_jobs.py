"""Jobs that log a line for each row of a list: page by page, each line once, with a preview that writes nothing."""

import pytest

from chalicelib.jobs.job import Job
from chalicelib.jobs.row_jobs import Argument, Row, for_each_row
from chalicelib.jobs.run_records import Status
from tests.builders import a_customer
from tests.jobs.job_runs import SLOT, Clock, dump, find_run, make_runner, preview_of, stored_lines, use_jobs

QUERY = """query ($day: Date, $after: String) {
  allCustomers(createdAtLte: $day, orderBy: ["name"], first: 2, after: $after) {
    edges { node { name } } pageInfo { hasNextPage endCursor } } }"""
DAYS = Argument(name="days", help="How long ago.", default=1, minimum=0, maximum=9)


@for_each_row(QUERY, schedule="0 * * * *", arguments=(DAYS,), reads=("customers",))
def greetings(customer: Row) -> str | None:
    """Greets customers"""
    return None if customer["name"] == "Bob" else f"Hello {customer['name']}"


@pytest.fixture(autouse=True)
def customers(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    use_jobs(monkeypatch, greetings)
    for name in ("Ann", "Bob", "CRM is alive", "Dee", "Eve"):
        a_customer(name)
    time.later(days=1)
    a_customer("Fay")


def test_the_function_gives_the_job_its_name_and_its_description() -> None:
    assert isinstance(greetings, Job)
    assert (greetings.name, greetings.description) == ("greetings", "Greets customers")
    assert (greetings.permissions.tables, greetings.permissions.indexes) == (
        {"customers": ("BatchGetItem",)},
        ("customers",),
    )


def test_a_run_goes_through_all_pages_and_stores_each_line_once(time: Clock) -> None:
    make_runner().fire(greetings, time.now)
    run = find_run("greetings", SLOT.replace("22T", "23T"))
    assert (run.status, run.pages, run.counts) == (Status.SUCCEEDED, 3, {"lines": 4})
    lines = stored_lines("greetings", run.slot)
    assert lines == ["Hello Ann", "Hello CRM\\x20is\\x20alive", "Hello Dee", "Hello Eve"]


def test_a_preview_shows_the_first_page_and_writes_nothing() -> None:
    before = dump()
    found = preview_of(greetings)
    assert (found.summary, found.lines, found.more) == ("At least 1 line would be logged", ("Hello Ann",), True)
    assert preview_of(greetings, {"days": 9}).summary == "0 lines would be logged"
    assert dump() == before
