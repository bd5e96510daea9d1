"""Schedules over GraphQL: what operators list, preview, create, change, delete and reset."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.jobs import dispatcher, ledger, operator_schedules, run_records, slots
from chalicelib.jobs.run_records import Status, Trigger
from tests.api.job_requests import ask, refusal
from tests.jobs.job_runs import Clock, Consumer, manual_clock

CREATE = """mutation ($input: CreateScheduleInput!) { createSchedule(input: $input) { schedule {
  id job crontab at timeZone words arguments { name value } startsAt endsAt spread startLimit runLimit catchUpWindow pauseAfter enabled paused note builtIn
  createdAt createdBy updatedAt updatedBy nextRuns(count: 2) } } }"""
UPDATE = """mutation ($id: ID!, $input: UpdateScheduleInput!) { updateSchedule(id: $id, input: $input) {
  schedule { id crontab timeZone enabled note spread arguments { name value } updatedBy nextRuns(count: 1) } } }"""
FRIDAYS = {
    "job": "low_stock",
    "crontab": "0 17 * * FRI",
    "timeZone": "Europe/Berlin",
    "arguments": [{"name": "threshold", "value": "50"}, {"name": "amount", "value": "100"}],
    "note": "for the weekend",
}


@pytest.fixture(autouse=True)
def time() -> Iterator[Clock]:
    with manual_clock() as clock:
        yield clock


def create(**changes: object) -> Any:
    return ask(CREATE, input=FRIDAYS | changes)["createSchedule"]["schedule"]


def test_a_schedule_is_created_listed_changed_and_deleted() -> None:
    made = create()
    assert made.pop("id").startswith("sch_")
    assert made == {
        **{key: FRIDAYS[key] for key in ("job", "crontab", "timeZone", "arguments", "note")},
        "at": None,
        "words": "At 17:00 on Friday, Europe/Berlin",
        "startsAt": None,
        "endsAt": None,
        "spread": 0,
        **dict.fromkeys(("startLimit", "runLimit", "catchUpWindow", "pauseAfter", "paused")),
        "enabled": True,
        "builtIn": False,
        "createdAt": "2026-11-22T12:00:00Z",
        "createdBy": "test",
        "updatedAt": None,
        "updatedBy": None,
        "nextRuns": ["2026-11-27T16:00:00Z", "2026-12-04T16:00:00Z"],
    }
    listed = ask('{ schedules(job: "low_stock") { id builtIn } }')["schedules"]
    assert [row["builtIn"] for row in listed] == [True, False]
    assert listed[0]["id"] == "low_stock.default"
    assert len(ask("{ schedules { id } }")["schedules"]) == 6
    schedule_id = listed[1]["id"]
    changed = ask(UPDATE, id=schedule_id, input={"timeZone": "UTC", "spread": 5, "note": None, "arguments": None})
    assert changed["updateSchedule"]["schedule"] == {
        "id": schedule_id,
        "crontab": "0 17 * * FRI",
        "timeZone": "UTC",
        "enabled": True,
        "note": None,
        "spread": 5,
        "arguments": [],
        "updatedBy": "test",
        "nextRuns": ["2026-11-27T17:00:00Z"],
    }
    document = "mutation ($id: ID!) { deleteSchedule(id: $id) { id } }"
    assert ask(document, id=schedule_id) == {"deleteSchedule": {"id": schedule_id}}
    assert refusal(document, id=schedule_id)[:2] == ("NOT_FOUND", "id")
    assert operator_schedules.find_all() == []


def test_the_schedule_of_a_job_is_changed_and_reset() -> None:
    changed = ask(UPDATE, id="low_stock.default", input={"crontab": "30 7 * * *", "timeZone": "Asia/Tokyo"})
    assert changed["updateSchedule"]["schedule"]["nextRuns"] == ["2026-11-22T22:30:00Z"]
    job = ask('{ job(name: "low_stock") { schedule scheduleText nextRun } }')["job"]
    assert job == {
        "schedule": "30 7 * * *",
        "scheduleText": "At 07:30 every day, Asia/Tokyo",
        "nextRun": "2026-11-22T22:30:00Z",
    }
    ask(UPDATE, id="low_stock.default", input={"enabled": False})
    assert ask('{ job(name: "low_stock") { nextRun } }') == {"job": {"nextRun": None}}
    reset = ask('mutation { resetSchedule(job: "low_stock") { schedule { crontab updatedBy nextRuns(count: 1) } } }')
    assert reset["resetSchedule"]["schedule"] == {
        "crontab": "0 */12 * * *",
        "updatedBy": None,
        "nextRuns": ["2026-11-23T00:00:00Z"],
    }


WRONG: dict[str, tuple[dict[str, object], str, str]] = {
    "job": ({"job": "nothing"}, "name", "There is no job"),
    "fixed": ({"job": "heartbeat", "arguments": []}, "job", "fixed"),
    "crontab": ({"crontab": "0 25 * * *"}, "crontab", "Bad hour"),
    "step": ({"crontab": "*/90 * * * *"}, "crontab", "beyond the last value"),
    "never": ({"crontab": "0 0 30 2 *"}, "crontab", "Bad day-of-month"),
    "neither": ({"crontab": None}, "crontab", "Give crontab or at"),
    "both": ({"at": "2026-12-24T00:00:00Z"}, "at", "not both"),
    "past": ({"crontab": None, "at": "2026-11-22T12:00:00Z"}, "at", "in the future"),
    "far": ({"crontab": None, "at": "9999-12-31T23:59:59Z"}, "at", "2000 to 2199"),
    "zone": ({"timeZone": "Mars/Olympus"}, "timeZone", "not a time zone"),
    "argument": ({"arguments": [{"name": "cap", "value": "3"}]}, "arguments", "has no argument 'cap'"),
    "value": ({"arguments": [{"name": "amount", "value": "0"}]}, "amount", "from 1 to"),
    "spread": ({"spread": 16}, "spread", "from 0 to 15"),
    "limit": ({"runLimit": 0}, "runLimit", "run limit must be from 1"),
    "failures": ({"pauseAfter": 11}, "pauseAfter", "from 1 to 10"),
    "note": ({"note": "x" * 201}, "note", "200"),
    "line": ({"note": "two\nlines"}, "note", ""),
    "order": ({"startsAt": "2026-12-02T00:00:00Z", "endsAt": "2026-12-01T00:00:00Z"}, "endsAt", "before startsAt"),
    "over": ({"endsAt": "2026-11-23T00:00:00Z"}, "endsAt", "never due"),
}


@pytest.mark.parametrize(("changes", "field", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_schedule_is_refused_when_it_is_saved(changes: dict[str, object], field: str, message: str) -> None:
    _, found, text = refusal(CREATE, input=FRIDAYS | changes)
    assert found == field
    assert message in text
    assert operator_schedules.find_all() == []


def test_limits_are_stored_changed_and_removed() -> None:
    limits = {"startLimit": 5, "runLimit": 30, "catchUpWindow": 1440, "pauseAfter": 3}
    made = create(**limits)
    assert {name: made[name] for name in limits} == limits
    change = """mutation ($id: ID!, $input: UpdateScheduleInput!) { updateSchedule(id: $id, input: $input) {
      schedule { startLimit runLimit catchUpWindow pauseAfter } } }"""
    changed = ask(change, id=made["id"], input={"startLimit": 6, "pauseAfter": None})["updateSchedule"]["schedule"]
    assert changed == limits | {"startLimit": 6, "pauseAfter": None}


@pytest.mark.parametrize("typed", ["0\n17 * * FRI", "0\x1c17\x1f*\t*\u2028FRI", "  0   17 * * FRI\r\n"])
def test_whatever_separates_the_fields_of_a_crontab_they_are_stored_with_blanks(typed: str) -> None:
    assert create(crontab=typed)["crontab"] == "0 17 * * FRI"


def test_a_wrong_change_leaves_the_schedule_as_it_is() -> None:
    made = create()
    before = operator_schedules.find_all()
    for wrong in ({"crontab": "x"}, {"timeZone": "x"}, {"spread": -1}, {"at": "2020-01-01T00:00:00Z"}):
        assert refusal(UPDATE, id=made["id"], input=wrong)[0] == "INVALID_INPUT"
    for unknown in ("sch_0", "nothing.default", "", "x" * 3000, "\ud800".encode("utf-8", "replace").decode()):
        assert refusal(UPDATE, id=unknown, input={"note": "x"})[0] == "NOT_FOUND"
    assert operator_schedules.find_all() == before


@pytest.mark.parametrize("is_built_in", [False, True])
def test_an_edit_of_what_somebody_else_has_changed_is_refused(time: Clock, *, is_built_in: bool) -> None:
    document = """mutation ($id: ID!, $input: UpdateScheduleInput!, $seen: DateTime) {
      updateSchedule(id: $id, input: $input, expectedUpdatedAt: $seen) { schedule { updatedAt note } } }"""
    schedule = "low_stock.default" if is_built_in else create()["id"]
    first = ask(document, id=schedule, input={"note": "one"}, seen=None)["updateSchedule"]["schedule"]["updatedAt"]
    time.later(seconds=1)
    for wrong in (None, "2026-11-22T11:00:00Z"):
        assert refusal(document, id=schedule, input={"note": "two"}, seen=wrong)[:2] == (
            "CONFLICT",
            "expectedUpdatedAt",
        )
    assert ask(document, id=schedule, input={"note": "two"}, seen=first)["updateSchedule"]["schedule"]["note"] == "two"
    assert ask(document, id=schedule, input={"note": "three"})["updateSchedule"]["schedule"]["note"] == "three"


def test_a_preview_shows_the_firings_in_the_zone() -> None:
    document = """query ($crontab: String!, $zone: String, $count: Int) {
      previewSchedule(crontab: $crontab, timeZone: $zone, count: $count) { words firings { utc local } } }"""
    found = ask(document, crontab="30 2 * * SUN", zone="Europe/Berlin", count=2)["previewSchedule"]
    assert found == {
        "words": "At 02:30 on Sunday, Europe/Berlin",
        "firings": [
            {"utc": "2026-11-29T01:30:00Z", "local": "2026-11-29T02:30:00+01:00"},
            {"utc": "2026-12-06T01:30:00Z", "local": "2026-12-06T02:30:00+01:00"},
        ],
    }
    assert len(ask(document, crontab="* * * * *", count=500)["previewSchedule"]["firings"]) == 500
    for count in (0, -1, 501):
        assert refusal(document, crontab="* * * * *", count=count)[:2] == ("INVALID_INPUT", "count")
    assert refusal(document, crontab="0 0 31 4 *")[:2] == ("INVALID_INPUT", "crontab")
    assert refusal(document, crontab="* * * * *", zone="Mars")[:2] == ("INVALID_INPUT", "timeZone")


def test_runs_of_several_schedules_at_one_instant_are_told_apart(time: Clock) -> None:
    ids = sorted(create(crontab="0 12 * * *", timeZone="UTC", arguments=[])["id"] for _ in range(2))
    time.at("2026-11-23T12:00:00")
    dispatcher.serve()
    instant = "2026-11-23T12:00:00Z"
    ledger.end(run_records.new("low_stock", slots.of(time.now), Trigger.SCHEDULE), Status.FAILED, error="broken")
    document = """query ($slot: DateTime!, $schedule: ID) {
      jobRun(job: "low_stock", slot: $slot, schedule: $schedule) { id slot schedule status } }"""
    code, field, message = refusal(document, slot=instant)
    assert (code, field) == ("AMBIGUOUS", "schedule")
    assert message == f"low_stock has 3 runs of {instant}. Give one of low_stock.default, {ids[0]}, {ids[1]}"
    for schedule in ids:
        found = ask(document, slot=instant, schedule=schedule)["jobRun"]
        assert found == {
            "id": f"low_stock:{instant}@{schedule}",
            "slot": instant,
            "schedule": schedule,
            "status": "WAITING",
        }
    assert ask(document, slot=instant, schedule="low_stock.default")["jobRun"]["status"] == "FAILED"
    assert ask(document, slot=instant, schedule="sch_0")["jobRun"] is None
    for change in (
        'mutation ($slot: DateTime!, $schedule: ID) { runJob(name: "low_stock", slot: $slot, schedule: $schedule) { run { status } } }',
        """mutation ($slot: DateTime!, $schedule: ID) {
          cancelRun(job: "low_stock", slot: $slot, schedule: $schedule, reason: "x") { run { status } } }""",
    ):
        assert refusal(change, slot=instant)[0] == "AMBIGUOUS"
    again = 'mutation ($slot: DateTime!) { runJob(name: "low_stock", slot: $slot, schedule: "low_stock.default") { run { slot } } }'
    assert ask(again, slot=instant)["runJob"]["run"]["slot"] == instant
    cancel = """mutation ($slot: DateTime!, $schedule: ID) {
      cancelRun(job: "low_stock", slot: $slot, schedule: $schedule, reason: "x") { run { schedule status } } }"""
    ended = ask(cancel, slot=instant, schedule=ids[0])["cancelRun"]["run"]
    assert ended == {"schedule": ids[0], "status": "CANCELLED"}
    Consumer().deliver_all()
    listed = ask('{ jobRuns(job: "low_stock", first: 9) { edges { node { schedule status } } } }')["jobRuns"]["edges"]
    assert {(edge["node"]["schedule"], edge["node"]["status"]) for edge in listed} == {
        ("low_stock.default", "SUCCEEDED"),
        (ids[0], "CANCELLED"),
        (ids[1], "SUCCEEDED"),
    }


def test_the_only_run_of_an_instant_needs_no_schedule(time: Clock) -> None:
    made = create(crontab="0 13 * * *", timeZone="UTC", arguments=[])
    time.at("2026-11-22T13:00:00")
    dispatcher.serve()
    found = ask('{ jobRun(job: "low_stock", slot: "2026-11-22T13:00:00Z") { schedule } }')["jobRun"]
    assert found == {"schedule": made["id"]}


def test_a_run_is_requested_for_later_listed_and_cancelled() -> None:
    document = """mutation ($at: DateTime!, $dryRun: Boolean) {
      runJob(name: "low_stock", at: $at, dryRun: $dryRun, arguments: [{name: "amount", value: "5"}]) {
        run { slot schedule status trigger actor nextAttemptAt arguments { value } } } }"""
    at = "2026-12-24T20:00:00Z"
    run = ask(document, at="2026-12-24T21:00:00+01:00")["runJob"]["run"]
    schedule = run.pop("schedule")
    waits = {"slot": at, "status": "WAITING", "trigger": "OPERATOR", "actor": "test", "nextAttemptAt": at}
    assert run == {**waits, "arguments": [{"value": "5"}]}
    runs = ask('{ jobRuns(job: "low_stock") { edges { node { slot status } } } }')["jobRuns"]["edges"]
    assert runs == [{"node": {"slot": at, "status": "WAITING"}}]
    listed = ask('{ schedules(job: "low_stock") { id at nextRuns } job(name: "low_stock") { nextRun } }')
    assert listed["schedules"][1] == {"id": schedule, "at": at, "nextRuns": [at]}
    assert listed["job"]["nextRun"] == "2026-11-23T00:00:00Z"
    cancel = 'mutation ($at: DateTime!) { cancelRun(job: "low_stock", slot: $at, reason: "no") { run { status } } }'
    assert ask(cancel, at=at) == {"cancelRun": {"run": {"status": "CANCELLED"}}}
    assert refusal(document, at="2026-11-22T12:00:00Z")[1:] == ("at", "at must be in the future")
    assert refusal(document, at=at, dryRun=True)[1] == "at"
