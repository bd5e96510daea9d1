"""Progress of an import, on a terminal and in a log file. Progress and messages go to stderr, results to stdout."""

import time
from collections.abc import Mapping
from decimal import Decimal
from types import TracebackType
from typing import Self

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from crmctl import tables
from crmctl.tally import Tally
from crmctl.terminal import print_text
from crmctl.text import counted, escape_unprintable

SECONDS_BETWEEN_LINES = 10.0
MAX_REFUSED = 10
"""How many rows of each file a dry run names that would be rejected."""


class Display:
    """A progress bar on a terminal. Elsewhere one line every 10 seconds, and one when a file is finished."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._bar = Progress(
            TextColumn("{task.description:<9}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._kind, self._total, self._done = "", 0, 0
        self._task = TaskID(0)
        self._last_line = 0.0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def start(self, kind: str, total: int) -> None:
        self._kind, self._total, self._done = kind, total, 0
        self._task = self._bar.add_task(kind, total=total)
        self._last_line = time.monotonic()

    def advance(self, count: int) -> None:
        self._done += count
        if self._bar.disable:
            self._line()
        else:
            self._bar.advance(self._task, count)

    def print_message(self, message: str) -> None:
        if self._bar.disable:
            print_text(message, err=True)
        else:
            self._console.print(escape_unprintable(message), markup=False, soft_wrap=True)

    def _line(self) -> None:
        now = time.monotonic()
        if self._done == self._total or now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            click.echo(f"{self._kind}: {self._done} of {self._total}", err=True)


TITLES = ("created", "already there", "updated", "differs", "rejected")
DRY_RUN_TITLES = ("to create", "already there", "to update", "differs", "to reject")


def print_summary(tallies: dict[str, Tally], names: Mapping[str, str], *, is_dry_run: bool) -> None:
    """Print the counts, and the rows that differ. `names` has the file of each kind."""
    titles = DRY_RUN_TITLES if is_dry_run else TITLES
    columns = [tables.Column("file", lambda row: row["file"]), *(_count_column(title) for title in titles)]
    rows = [{"file": kind, **dict(zip(titles, _counts(tally), strict=True))} for kind, tally in tallies.items()]
    tables.print_rows(rows, columns, as_json=False, empty="There is nothing to import.")
    restored = sum(tally.restored for tally in tallies.values())
    if restored:
        were = (
            "had been deleted, and is restored with all"
            if restored == 1
            else "had been deleted, and are restored with their"
        )
        print_text(f"{counted(restored, 'customer')} {were} orders.")
    if skipped := sum(tally.skipped for tally in tallies.values()):
        were = "is older than --since, and was" if skipped == 1 else "are older than --since, and were"
        print_text(f"{counted(skipped, 'order')} {were} left out.")
    if orders := tallies.get("orders"):
        _print_totals(orders)
    for kind, tally in tallies.items():
        for row in tally.differing_rows():
            found = ", ".join(map(str, row.differences))
            print_text(f"{names[kind]} line {row.line} differs: {found}")


def _count_column(title: str) -> tables.Column:
    return tables.Column(title, lambda row: str(row[title]), align_right=True)


def _counts(tally: Tally) -> tuple[int, ...]:
    return tally.created, tally.existing, tally.updated, tally.differing, tally.rejected


def _print_totals(orders: Tally) -> None:
    """Compare what the CRM has of these orders with what the file says."""
    refunds = f" and {counted(orders.refunds, 'refund')}" if orders.refunds else ""
    source = "in the file" if orders.states_totals else "by the lines of the file"
    unread = f", without {orders.unread:,} that cannot be read" if orders.unread else ""
    print_text(
        f"{counted(orders.accepted - orders.refunds, 'order')}{refunds}, {_money(orders.cents)} here, "
        f"{_money(orders.file_cents)} {source}{unread}"
    )


def _money(cents: int) -> str:
    return f"{Decimal(cents).scaleb(-2):,.2f}"


def print_refused(tallies: dict[str, Tally], names: Mapping[str, str]) -> None:
    """Print the first rows of each file that an import would reject."""
    for kind, tally in tallies.items():
        found = tally.workspace.query(
            "SELECT line, code, reason, because FROM rejects WHERE kind = ? ORDER BY line LIMIT ?",
            (kind, MAX_REFUSED + 1),
        )
        for line, code, reason, because in found[:MAX_REFUSED]:
            cause = f". {because}" if because else ""
            print_text(f"{names[kind]} line {line}: {code}, {reason}{cause}")
        if len(found) > MAX_REFUSED:
            print_text(f"{names[kind]}: more rows would be rejected")
