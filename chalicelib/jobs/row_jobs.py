"""Define a job that logs a line for each row of a list of the API: the shortest kind of job. docs/jobs.md shows one.

It changes nothing, so a step that is taken again after a crash does no harm, and the lines of a page are stored once, with
its checkpoint. What else a job needs has a default here; jobs that change something are written out, like `low_stock`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeAlias

from chalicelib.crm import calendar_days
from chalicelib.jobs.job import CatchUp, Job, Overlap, Preview, StepContext, StepResult
from chalicelib.jobs.log_escaping import escape_phrases
from chalicelib.jobs.operations import Connection, SavedOperation, next_cursor, nodes
from chalicelib.jobs.permissions import Permissions
from chalicelib.jobs.run_arguments import Argument
from chalicelib.jobs.schedule import Schedule
from chalicelib.plurals import counted

__all__ = ("Argument", "Row", "for_each_row")
"""What such a job imports."""
Row: TypeAlias = Mapping[str, Any]
"""A row as the query selects it."""
MakeLine: TypeAlias = Callable[[Row], str | None]
LINES = "lines"
_GRACE = timedelta(hours=1)


def for_each_row(
    query: str, *, schedule: str, reads: Sequence[str], arguments: Sequence[Argument] = ()
) -> Callable[[MakeLine], Job]:
    """Turn a function into a job of its name, which logs what the function returns for each row. None logs nothing.

    `query` asks for one list. It has the variable `$after` for its pages, and those that it needs of the job's arguments.
    `$day` is the day of the run's slot, less the argument `days` if there is one. `reads` names the tables whose rows
    the query shows, that of the list first.
    """

    def make_job(make_line: MakeLine) -> Job:
        pages = _Pages(SavedOperation(query, dict[str, Connection[Row]]), make_line, arguments)
        return Job(
            name=make_line.__name__,
            schedule=Schedule(schedule),
            description=(make_line.__doc__ or "").strip(),
            step=pages.step,
            preview=pages.preview,
            arguments=tuple(arguments),
            catch_up=CatchUp.LATEST,
            overlap=Overlap.WAIT,
            grace=_GRACE,
            max_runs=6,
            window=_GRACE,
            permissions=Permissions(tables=dict.fromkeys(reads, ("BatchGetItem",)), indexes=tuple(reads[:1])),
        )

    return make_job


class _Pages:
    def __init__(
        self, operation: SavedOperation[dict[str, Connection[Row]]], make_line: MakeLine, arguments: Sequence[Argument]
    ) -> None:
        self._operation, self._make_line, self._arguments = operation, make_line, arguments
        # Without a cursor, because the first cursor ever makes the secret that signs cursors, and a preview writes nothing.
        document = operation.document.replace(" endCursor", "")
        self._first_page = SavedOperation(document, operation.answer)

    def step(self, context: StepContext) -> StepResult:
        page = self._ask(context, self._operation)
        lines, after = self._lines(page), next_cursor(page)
        return StepResult({"after": after} if after else None, lines, {LINES: len(lines)})

    def preview(self, context: StepContext) -> Preview:
        page = self._ask(context, self._first_page)
        lines, more = self._lines(page), page["pageInfo"]["hasNextPage"]
        return Preview(f"{'At least ' * more}{counted(len(lines), 'line')} would be logged", lines, more)

    def _ask(self, context: StepContext, operation: SavedOperation[dict[str, Connection[Row]]]) -> Connection[Row]:
        values: dict[str, object] = {each.name: each.default for each in self._arguments}
        values |= context.arguments
        days = values.get("days")
        day = calendar_days.day_of(context.due) - timedelta(days=days if isinstance(days, int) else 0)
        (page,) = context.ask(operation, **{"after": None, **context.state, **values, "day": day.isoformat()}).values()
        return page

    def _lines(self, page: Connection[Row]) -> tuple[str, ...]:
        made = (self._make_line(row) for row in nodes(page))
        return tuple(escape_phrases(line) for line in made if line is not None)
