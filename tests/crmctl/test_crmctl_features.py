"""The page about features: the command or the request of each is run, in the situation that it is for."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest

from chalicelib.jobs import (
    alerts,
    catalog,
    heartbeat,
    job_state,
    ledger,
    notification_channels,
    operator_schedules,
    queue,
    run_records,
    watchdog,
)
from chalicelib.jobs.catalog import LOW_STOCK
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.store import tables
from tests.builders import a_product, rows_of
from tests.conftest import ROOT
from tests.crmctl.api_server import ApiServer
from tests.crmctl.feature_reader import Reader
from tests.jobs.job_runs import SLOT, find_run, make_runner, manual_clock, send_body, stored_lines
from tests.markdown import Page

PAGE = Page(ROOT / "docs" / "features.md")
FEATURES = {row[0]: re.findall(r"`([^`]+)`", row[1]) for row in PAGE.tables()[0]}
NAME = LOW_STOCK.name
Prepare: TypeAlias = Callable[[Reader], object]
Judge: TypeAlias = Callable[[Reader, list[Any]], bool]


@pytest.fixture
def reader(crm: ApiServer) -> Iterator[Reader]:
    with manual_clock() as time:
        yield Reader(crm, time)


def nothing(_reader: Reader) -> None:
    """Start from an empty stage."""


def two_at_a_time(reader: Reader) -> None:
    assert ledger.claim(LOW_STOCK, Slot("2026-11-22T11:59:00Z"))
    reader.fire()


def nobody_fires(reader: Reader) -> None:
    watchdog.run_checks()
    reader.time.later(minutes=30)
    watchdog.run_checks()


def a_dead_letter(reader: Reader) -> None:
    reader.fail_after_one_page()
    send_body(json.dumps({"job": NAME, "slot": SLOT}), queue.DEAD)


def a_beat(reader: Reader) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(heartbeat, "check", lambda: heartbeat.Check(None, 5))
        make_runner().fire(catalog.HEARTBEAT, reader.time.now)


def two_products(_reader: Reader) -> None:
    a_product("Lamp", stock=40)
    a_product("Desk", stock=60)


def a_change(reader: Reader) -> None:
    reader.follow('crmctl schedules edit low_stock.default --cron "0 6 * * *"')


def run() -> run_records.Run:
    """Return the run of noon."""
    return find_run(NAME)


def own_schedule() -> operator_schedules.OperatorSchedule:
    found = operator_schedules.find_changed(NAME)
    assert found
    return found


def stock() -> list[int]:
    return sorted(int(row["stock"]["N"]) for row in rows_of(tables.Product).values())


def is_told_of_a_late_run(reader: Reader) -> bool:
    """Let a run wait for too long, and see whether the channel hears of it, once."""
    ledger.record(run_records.new(NAME, Slot(SLOT), Trigger.SCHEDULE))
    reader.time.later(hours=2)
    for _ in range(2):
        watchdog.run_checks()
    told = [key[1] for key in rows_of(tables.AuxRow) if key[1].startswith(notification_channels.DELIVERY)]
    return (NAME, alerts.LATE) in alerts.open_alerts() and len(told) == len(alerts.open_alerts())


def late_after(reader: Reader, minutes: int) -> bool:
    """Let a run wait, and see whether an alert begins only after so many minutes."""
    ledger.record(run_records.new(NAME, Slot(SLOT), Trigger.SCHEDULE))
    found = []
    for wait in (minutes - 1, 2):
        reader.time.later(minutes=wait)
        watchdog.run_checks()
        found.append((NAME, alerts.LATE) in alerts.open_alerts())
    return found == [False, True]


def shows_all(pieces: list[str]) -> Judge:
    return lambda _, outputs: all(piece in str(outputs) for piece in pieces)


CASES: dict[str, tuple[Prepare, Judge]] = {
    "List": (nothing, shows_all(list(catalog.JOBS))),
    "Add and remove": (
        nothing,
        lambda _, outputs: (
            "At 17:00 on Friday" in outputs[0] and "removed" in outputs[1] and not operator_schedules.find_all()
        ),
    ),
    "Next run": (nothing, shows_all(["2026-11-23T00:00:00Z"])),
    "Last run": (Reader.fire, shows_all(["2026-11-22T12:00:00", "SUCCEEDED"])),
    "Run now": (lambda _: a_product(stock=3), lambda _, __: stock() == [13]),
    "Pause": (nothing, lambda _, outputs: "stock-taking" in outputs[0] and job_state.find(NAME).pause is None),
    "History": (Reader.fire, shows_all([SLOT, "SUCCEEDED", "restocked 1"])),
    "Retry with back-off": (Reader.fail, shows_all(["WAITING", "'attempts': 1", "2026-11-22T12:00:3", "no disk"])),
    "Overlap": (two_at_a_time, shows_all(["WAITING", "waits for the run of 2026-11-22T11:59:00Z"])),
    "Missed runs": (nobody_fires, shows_all(["2026-11-22T12:05:00Z", "MISSED", "this job catches up no missed slots"])),
    "Dedupe": (
        nothing,
        lambda reader, outputs: (
            reader.follow(FEATURES["Dedupe"][0]) == outputs[0] and len(run_records.latest(NAME, 9)) == 1
        ),
    ),
    "Dead letters": (
        a_dead_letter,
        lambda _, outputs: "no disk" in outputs[0] and run().status is Status.SUCCEEDED,
    ),
    "Progress": (Reader.stop_after_one_page, shows_all(["RUNNING", "'pages': 1", "ids"])),
    "Logs": (Reader.fire, shows_all(["Product: Lamp, New Stock: 13"])),
    "Late alert": (nothing, lambda reader, _: is_told_of_a_late_run(reader)),
    "Dry run": (
        lambda _: a_product(stock=3),
        lambda _, outputs: "1 product would be restocked" in outputs[0] and stock() == [3],
    ),
    "Time zones": (nothing, shows_all(["2026-11-29T02:00:00-05:00", "2026-11-29T07:00:00Z"])),
    "Spread": (nothing, lambda _, __: operator_schedules.find_all()[0].spread == 15),
    "Fires locally": (
        lambda _: a_product("Lamp", stock=3),
        lambda _, outputs: {NAME, "dispatch"} == set(outputs[0]) and run().status is Status.SUCCEEDED,
    ),
    "Time limits": (nothing, lambda reader, _: own_schedule().run_limit == 30 and late_after(reader, 10)),
    "Resume": (
        Reader.fail_after_one_page,
        lambda _, __: run().status is Status.SUCCEEDED and run().pages == 2 and len(stored_lines(NAME)) == 1,
    ),
    "Metrics": (a_beat, shows_all(["'up': 1", "'averageMs': 5"])),
    "Dashboard": (nothing, shows_all(["<html", "console"])),
    "API": (nothing, shows_all(['"problems":[]', '"name":"weekly_report"'])),
    "Audit": (a_change, shows_all(["updateSchedule", "0 */12 * * * -> 0 6 * * *", "open access"])),
    "Arguments": (two_products, lambda _, __: stock() == [60, 140]),
    "Dynamic schedules": (
        nothing,
        lambda _, outputs: "At 06:00 every day, Europe/Berlin" in outputs[0] and not operator_schedules.find_all(),
    ),
}


def test_the_page_has_every_feature() -> None:
    assert list(FEATURES) == list(CASES)
    assert len(FEATURES) == 27
    assert all(FEATURES.values())


@pytest.mark.parametrize("feature", FEATURES)
def test_the_command_of_a_feature_does_what_the_page_says(feature: str, reader: Reader) -> None:
    prepare, is_right = CASES[feature]
    prepare(reader)
    outputs = [reader.follow(command) for command in FEATURES[feature]]
    assert is_right(reader, outputs), outputs
