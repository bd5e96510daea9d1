"""Break a job on purpose, to see what a failure looks like: `make break JOB=low_stock`, and `make mend JOB=low_stock`."""

from typing import Any

from localdev.console import LocalError
from localdev.state import State


def let_broken_jobs_fail(state: State) -> None:
    """Have each run of a broken job fail in this process, from its next step on."""
    from chalicelib.jobs import runner
    from chalicelib.jobs.job import RunRefused, StepContext
    from chalicelib.jobs.run_records import Run

    step_context = runner.step_context

    def unless_broken(run: Run, **given: Any) -> StepContext:
        if run.job in state.broken_jobs():
            raise RunRefused(f"{run.job} was broken on purpose. Mend it: make mend JOB={run.job}")
        return step_context(run, **given)

    runner.step_context = unless_broken


def change(job: str, *, broken: bool) -> None:
    """Break or mend a job of this checkout's server. Raises LocalError."""
    from chalicelib.jobs import catalog

    if job not in catalog.JOBS:
        raise LocalError(f"There is no job {job!r}. The jobs are: {', '.join(catalog.JOBS)}")
    state = State.of_checkout()
    state.create()
    with state.locked("breakage"):
        names = state.broken_jobs()
        state.set_broken_jobs(names | {job} if broken else names - {job})
