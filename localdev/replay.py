"""Do things of the past, each with the clock set to its time."""

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import click

Event = tuple[datetime, Callable[[], None]]


class _MovedClock:
    """A clock that runs on from the time it is set to, so that durations stay real."""

    def set(self, time_: datetime) -> None:
        self._start, self._set_at = time_, time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._set_at)


def play(events: Iterable[Event], label: str, *, verbose: bool = False) -> float:
    """Do all events in the order of their times, and return how many seconds that took.

    Terminals show a progress bar. With `verbose`, the jobs' log lines are shown instead.
    """
    from chalicelib import clock

    in_order = sorted(events, key=lambda event: event[0])
    moved, began = _MovedClock(), time.monotonic()
    with _quiet(not verbose), click.progressbar(in_order, label=label, file=sys.stdout, hidden=verbose) as shown:
        try:
            for moment, act in shown:
                moved.set(moment)
                clock.set_source(moved.now)
                act()
        finally:
            clock.set_source(None)
    return time.monotonic() - began


@contextmanager
def _quiet(quiet: bool) -> Iterator[None]:  # noqa: FBT001 - the only argument
    """Hide the jobs' log lines, but no warnings."""
    log = logging.getLogger("crm")
    before = log.level
    if quiet:
        log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(before)
