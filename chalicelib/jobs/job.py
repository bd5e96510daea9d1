"""What a job is: a schedule, policies, and a step that is taken until the work is done.

A step reads from its state where the run stands, does one page of work through the GraphQL API, and returns the next
state. After a crash a step is taken again, so it writes only what is safe to repeat. It also plans before it acts: it
saves what it selected in the state before it changes it, because changed rows can no longer be selected.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar, cast

from chalicelib.jobs import slots
from chalicelib.jobs.operations import Answer, Execute, SavedOperation
from chalicelib.jobs.permissions import Permissions
from chalicelib.jobs.run_arguments import Argument, RunArguments
from chalicelib.jobs.schedule import Schedule
from chalicelib.jobs.slots import Slot

State = TypeVar("State")
DOWN, UNDELIVERED = "DOWN", "UNDELIVERED"
"""The kinds of alerts that alarming counts of a run may raise."""


class CatchUp(StrEnum):
    """Which missed slots are run later."""

    ALL = "ALL"
    LATEST = "LATEST"
    NONE = "NONE"


class Overlap(StrEnum):
    """What happens to a slot that comes due while an earlier run is still going."""

    WAIT = "WAIT"
    SKIP = "SKIP"


class RunRefused(Exception):
    """The run must not go on, and retrying does not help; the text tells the operator what to do"""


class StepsInVain(Exception):
    """The steps of this attempt have brought the run no further, so they do not count as progress: retry later"""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step did."""

    state: Mapping[str, object] | None
    """Where the next step starts; None after the last step."""
    lines: tuple[str, ...] = ()
    """Log lines."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Added to the counts of the run."""
    content: object = None
    """Data for later steps and runs, stored with the lines. It must be JSON."""
    reason: str | None = None
    """Why the run had the result that it had; for the last step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext:
    """What a step is given."""

    slot: Slot
    attempts: int
    """How often the run was started, or started again after a failure."""
    pages: int
    """The number of steps done so far."""
    state: Mapping[str, object]
    counts: Mapping[str, int]
    """The sums of all steps done so far."""
    arguments: RunArguments
    execute: Execute
    step_data: Callable[[Slot], Iterator[object]]
    """Reads the contents that the steps of a run of this job have stored."""
    other_slots_today: Callable[[], list[Slot]]
    """Returns the slots of the job's other runs on this slot's calendar day."""
    has_time: Callable[[], bool] = lambda: True
    """Tells whether this invocation may go on. A step that takes long stops early, and continues in the next one."""
    cache: dict[str, object] = field(default_factory=dict)
    """Shared by the steps of this invocation, and lost with it."""

    @property
    def due(self) -> datetime:
        return slots.moment_of(self.slot)

    @property
    def instant(self) -> str:
        """The instant of the slot, whichever schedule was due."""
        return slots.instant_of(self.slot)

    def state_as(self, _kind: type[State]) -> State:
        """Return the state as the type that the job's steps use for it."""
        return cast("State", self.state)

    def ask(self, operation: SavedOperation[Answer], **variables: object) -> Answer:
        """Run a saved operation and return its data. Raises OperationFailed."""
        return operation.run(self.execute, **variables)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do now: the first page of it. `more` tells whether there is a second."""

    summary: str
    lines: tuple[str, ...]
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    name: str
    schedule: Schedule
    description: str
    step: Callable[[StepContext], StepResult]
    preview: Callable[[StepContext], Preview]
    """Returns what a run would do, given the context of its first step. It writes nothing."""
    catch_up: CatchUp
    overlap: Overlap
    grace: timedelta
    """A run that has not started this long after it was due is late."""
    run_limit: timedelta | None = None
    """A run that takes longer is slow. None: three times its usual time, at least a minute."""
    catch_up_window: timedelta | None = None
    """Older missed slots are not caught up. None: all are that `catch_up` allows."""
    pause_after: int | None = None
    """After so many failed runs in a row, its schedules pause themselves. None: never."""
    arguments: tuple[Argument, ...] = ()
    """What people may pass to a run."""
    max_runs: int
    """More runs than this within `window` are too many."""
    window: timedelta
    lease: timedelta | None = None
    """How long a claim holds. Default: longer than a Lambda may live."""
    is_on_demand: bool = False
    """Only operators start it: no schedule is served, and the watchdog expects no run."""
    has_fixed_schedule: bool = False
    """Operators cannot change its schedule, nor add others."""
    queued: bool = False
    """The schedule only sends a message, and the queue's consumer does the run."""
    personal: bool = False
    """The log lines name customers."""
    on_ledger_unavailable: Callable[[], StepResult] | None = None
    """Returns what to log when not even the ledger can be reached."""
    alarm: Callable[[Mapping[str, int]], str | None] = lambda _counts: None
    """Returns a problem text if the counts of a successful run are alarming."""
    alarm_kind: str = DOWN
    """The kind of the alert that this raises, see `alerts`."""
    alarm_after: int = 1
    """So many runs in a row must be alarming until the problem begins, and so many must not be until it is over."""
    permissions: Permissions = field(default_factory=Permissions)
    memory: int = 1024
    """MiB of its Lambda function."""
    timeout: int = 300
    """Seconds of its Lambda function."""
    reserved_concurrency: int = 2
    """In prod. 0 reserves nothing."""
