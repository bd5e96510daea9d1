"""What a job is: a schedule, policies, and a step that is taken page by page.

A step reads where its run stands, does a page of work through the GraphQL API, and says where the run stands now. It may
be taken again after a crash, so it writes only what is safe to repeat, and plans before it acts: what is selected is
kept in the run's state before it is changed, since afterwards it could not be found again.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from chalicelib.jobs import slots
from chalicelib.jobs.schedule import Schedule

Execute: TypeAlias = Callable[[str, Mapping[str, Any]], dict[str, Any]]
"""(document, variables) -> {data, errors}: GraphQL in process."""


class CatchUp(StrEnum):
    """Which missed slots are run after all."""

    ALL = "ALL"
    LATEST = "LATEST"
    NONE = "NONE"


class Overlap(StrEnum):
    """What becomes of a slot whose predecessor is still running."""

    WAIT = "WAIT"
    SKIP = "SKIP"


class OperationFailed(Exception):
    """The API answered with an error: worth another try"""


class RunRefused(Exception):
    """The run must not go on, and trying again changes nothing; the text tells the operator what to do"""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step did. `state` is where to go on from, None after the last page; `content` is kept beside the lines."""

    state: Mapping[str, Any] | None
    lines: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    content: Any = None


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a step gets. `counts` are the sums so far; `contents` reads those of a run's pages, by its slot."""

    slot: str
    pages: int
    """How many are done."""
    state: Mapping[str, Any]
    counts: Mapping[str, int]
    arguments: Mapping[str, Any]
    execute: Execute
    step_data: Callable[[str], Iterator[Any]]
    other_slots_today: Callable[[], list[str]]
    """The slots of the job's other runs on this slot's day."""
    cache: dict[str, Any] = field(default_factory=dict)
    """What steps of this invocation leave for each other. It is gone with the invocation."""

    @property
    def due(self) -> datetime:
        return slots.moment_of(self.slot)

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """The data. Raises OperationFailed."""
        return ask(self.execute, document, **variables)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do now, at most a page of it; `more` if there is more than that."""

    summary: str
    lines: tuple[str, ...]
    more: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """`grace` after its slot a run that is not finished is late; more than `most` runs within `span` are too many."""

    name: str
    schedule: Schedule
    description: str
    step: Callable[[StepContext], StepResult]
    preview: Callable[[Execute, datetime, Mapping[str, Any]], Preview]
    catch_up: CatchUp
    overlap: Overlap
    grace: timedelta
    max_runs: int
    window: timedelta
    lease: timedelta | None = None
    """For how long its claim holds, if not as long as a Lambda may live."""
    queued: bool = False
    """The schedule only asks for the run, and the queue's consumer does it."""
    personal: bool = False
    """Its lines name customers."""
    on_ledger_unavailable: Callable[[], StepResult] | None = None
    """What is told when not even the ledger can be reached."""
    alarm: Callable[[Mapping[str, int]], str | None] = lambda _counts: None
    """What is alarming about the counts of a run that succeeded."""


def ask(execute: Execute, document: str, **variables: Any) -> dict[str, Any]:
    answer = execute(document, variables)
    if answer.get("errors"):
        raise OperationFailed("; ".join(str(error["message"]) for error in answer["errors"]))
    data: dict[str, Any] = answer["data"]
    return data
