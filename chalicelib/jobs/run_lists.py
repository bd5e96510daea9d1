"""Lists of runs in pages, newest first."""

from typing import cast

from chalicelib.jobs import run_records
from chalicelib.jobs.run_records import Run, Status
from chalicelib.store import tables
from chalicelib.store.index_scan import IndexRange
from chalicelib.store.pagination import Listing


def listing(job: str, status: Status | None = None) -> Listing[Run]:
    """List the runs of a job, newest first."""
    index_range = IndexRange(tables.Run, None, "job", "slot", (job,), id_name="slot")
    return Listing(
        index_range=index_range,
        descending=True,
        query=f"runs {job} {status}",
        fetch=lambda found: cast("dict[str, Run]", run_records.find_all(job, found)),
        passes=lambda run: status in {None, run.status},
        exact=status is None,
    )
