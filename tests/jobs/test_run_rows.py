"""Runs and steps are stored as the models of their tables would store them, and read as they were."""

from dataclasses import asdict, replace
from datetime import timedelta

import pytest
from pynamodb.exceptions import AttributeNullError

from chalicelib.jobs import run_failures, run_records, step_rows
from chalicelib.jobs.job import StepResult
from chalicelib.jobs.run_cancellation import Cancellation
from chalicelib.jobs.run_failures import Failure
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.settings import settings
from chalicelib.store import tables, timestamps
from chalicelib.store.put_request import put_request, to_item

pytestmark = pytest.mark.no_database

TIME = "2026-11-22T12:00:00.987654Z"
NEW = Run("tally", Slot("2026-11-22T12:00:00Z"), Trigger.SCHEDULE, TIME)
FULL = Run(
    job="tally",
    slot=Slot("2027-11-22T12:00:00Z@sch_1"),
    trigger=Trigger.BACKFILL,
    created_at=TIME,
    status=Status.FAILED,
    actor="Zoë",
    arguments={"days": 3, "period": "ü"},
    owner="01",
    lease_until=TIME,
    attempts=2,
    attempts_since_progress=1,
    next_attempt_at=TIME,
    pages=7,
    state={"after": None, "ids": ["a", "ß"]},
    counts={"restocked": 3},
    started_at=TIME,
    finished_at=TIME,
    error="",
    trace="line\nline \ud800",
    failures=(Failure(1, TIME, "first"), Failure(2, TIME, "second")),
    reason="why",
    cancellation=Cancellation("ann", "enough", TIME),
    token="t",
)


def model_of(run: Run) -> tables.Run:
    expiry = max(timestamps.from_text(run.created_at), run.due) + timedelta(days=settings.history_days)
    same = {name: getattr(run, name) for name in Run.__slots__ if name in tables.Run.get_attributes()}
    failures = run_failures.to_content(run.failures)
    cancellation = asdict(run.cancellation) if run.cancellation else None
    return tables.Run(**same | {"failures": failures, "cancellation": cancellation, "ttl": expiry})


@pytest.mark.parametrize(
    "run",
    [NEW, FULL, replace(FULL, slot=NEW.slot), replace(FULL, reason="", actor="")],
    ids=["new", "full", "past", "empty texts"],
)
def test_a_run_is_stored_as_its_model_would_store_it(run: Run) -> None:
    condition = tables.Run.token == "old"
    assert put_request(run_records.to_row(run), condition) == model_of(run).get_save_kwargs_from_instance(condition)
    assert run_records.load(to_item(run_records.to_row(run))) == run


def test_every_attribute_of_a_full_run_is_stored() -> None:
    stored = {each.attr_name for each in tables.Run.get_attributes().values()}
    assert to_item(run_records.to_row(FULL)).keys() == stored
    assert all(getattr(FULL, name) != getattr(NEW, name) for name in Run.__slots__ if name not in {"job", "created_at"})


@pytest.mark.parametrize("size", [1, step_rows.MAX_ROW_BYTES * 2], ids=["small", "in pieces"])
def test_a_step_is_stored_as_its_models_would_store_it(size: int) -> None:
    result = StepResult(None, ("Zoë's line",), {}, {"text": "x" * size})
    rows = [to_item(row) for row in run_records.to_step_rows(FULL, result)]
    record = {"lines": ["Zoë's line"], "content": {"text": "x" * size}}
    assert list(step_rows.from_rows(rows)) == [record]
    pk, ttl = run_records.partition(FULL.job, FULL.slot), model_of(FULL).ttl
    if size == 1:
        assert rows == [tables.AuxRow(pk, "000007", content=record, ttl=ttl).serialize()]
    for row in rows:
        assert row["pk"]["S"] == pk
        assert row["ttl"]["N"] == str(int(ttl.timestamp()))


def test_a_run_without_an_attribute_that_its_table_requires_is_not_stored() -> None:
    with pytest.raises(AttributeNullError, match="token"):
        to_item(run_records.to_row(replace(FULL, token=None)))  # type: ignore[arg-type]
