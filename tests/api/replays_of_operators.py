"""Replays of the mutations that run and pause jobs, and that manage API keys."""

from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.jobs import (
    backfills,
    catalog,
    job_state,
    ledger,
    operator_schedules,
    run_changes,
    run_records,
    schedule_changes,
)
from chalicelib.jobs.job import StepResult
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.store import tables
from tests.api.replay_scenario import Ids, Scenario, nothing
from tests.builders import rows_of


def failed_run() -> Ids:
    run = run_records.new("low_stock", Slot("2026-11-01T00:00:00Z"), Trigger.SCHEDULE)
    ledger.end(run, Status.FAILED, error="broken")
    return {"slot": run.slot}


def waiting_run() -> Ids:
    return {"slot": ledger.record(run_records.new("low_stock", Slot("2026-11-01T00:00:00Z"), Trigger.SCHEDULE)).slot}


def a_schedule() -> Ids:
    return {"id": schedule_changes.create(catalog.LOW_STOCK, {"crontab": "0 9 * * *"}, "test").id}


def a_changed_job() -> Ids:
    schedule_changes.update("low_stock.default", {"crontab": "0 9 * * *"}, "test")
    return {}


def note_of(ids: Ids) -> str | None:
    found = operator_schedules.find(ids["id"])
    return found.note if found else None


def runs_of(job: str) -> list[run_records.Run]:
    return run_records.latest(job, 10)


def an_operator_key() -> Ids:
    issued = api_keys.create("Shop", Role.EDITOR, "test")
    return {"id": issued.api_key.id, "secret": issued.key}


def keys() -> list[str]:
    return [key[1] for key in rows_of(tables.AuxRow) if key[0] == api_keys.PARTITION]


def key_of(ids: Ids) -> api_keys.ApiKey:
    key = api_keys.find(ids["id"])
    assert key
    return key


def is_paused(_: Ids) -> bool:
    return job_state.find("low_stock").pause is not None


def paused_job() -> Ids:
    job_state.pause("low_stock", "stocktaking", "test")
    return {}


BACKFILLED = [Slot("2026-11-01T00:00:00Z"), Slot("2026-11-01T12:00:00Z")]
SCENARIOS = {
    "runJob": Scenario(
        document='mutation { runJob(name: "low_stock") { run { slot } } }',
        prepare=nothing,
        was_made=lambda _: bool(runs_of("low_stock")),
        meddle=lambda _: [ledger.end(run, Status.FAILED, error="meddled") for run in runs_of("low_stock")],
        is_right=lambda _, __, reply: reply.data["runJob"]["run"] is not None and len(runs_of("low_stock")) == 1,
    ),
    "runJob for later": Scenario(
        document='mutation { runJob(name: "low_stock", at: "2099-01-01T00:00:00Z") { run { slot schedule } } }',
        prepare=nothing,
        was_made=lambda _: bool(operator_schedules.find_all()),
        meddle=lambda _: [run_changes.cancel(run, "meddler", "no") for run in runs_of("low_stock")],
        is_right=lambda _, made, reply: (
            reply.data["runJob"]["run"]["slot"] == "2099-01-01T00:00:00Z"
            and [run.status for run in runs_of("low_stock")] == [Status.CANCELLED if made else Status.WAITING]
            and len(operator_schedules.find_all()) == (0 if made else 1)
        ),
    ),
    "runJob of a failed run": Scenario(
        document="""mutation ($slot: DateTime!) { runJob(name: "low_stock", slot: $slot) { run { slot } } }""",
        prepare=failed_run,
        was_made=lambda _: runs_of("low_stock")[0].status is Status.WAITING,
        meddle=lambda _: [
            ledger.end(run, Status.SKIPPED, reason="meddled")
            for run in runs_of("low_stock")
            if run.status is Status.WAITING
        ],
        is_right=lambda _, made, reply: (
            reply.data["runJob"]["run"] is not None
            and runs_of("low_stock")[0].status is (Status.SKIPPED if made else Status.WAITING)
        ),
    ),
    "cancelRun": Scenario(
        document="""mutation ($slot: DateTime!) {
          cancelRun(job: "low_stock", slot: $slot, reason: "enough") { run { slot } } }""",
        prepare=waiting_run,
        was_made=lambda _: runs_of("low_stock")[0].status is Status.CANCELLED,
        meddle=lambda _: [
            run_changes.reopen(run, "meddler") for run in runs_of("low_stock") if run.status is Status.CANCELLED
        ],
        is_right=lambda _, made, reply: (
            reply.data["cancelRun"]["run"] is not None
            and runs_of("low_stock")[0].status is (Status.WAITING if made else Status.CANCELLED)
        ),
    ),
    "backfill": Scenario(
        document="""mutation { backfill(job: "low_stock", from: "2026-11-01T00:00:00Z", to: "2026-11-01T12:00:00Z") {
          slots } }""",
        prepare=nothing,
        was_made=lambda _: backfills.find("low_stock") is not None,
        meddle=lambda _: [
            ledger.finish(run, StepResult(None)) for run in [ledger.claim(catalog.LOW_STOCK, BACKFILLED[0])] if run
        ],
        is_right=lambda _, made, reply: (
            reply.data["backfill"]["slots"] == BACKFILLED[0 if made else 1 :]
            and runs_of("low_stock")[-1].status is Status.SUCCEEDED
            and backfills.find("low_stock") is not None
        ),
    ),
    "createSchedule": Scenario(
        document="""mutation { createSchedule(input: {job: "low_stock", crontab: "0 9 * * *", note: "first"}) {
          schedule { id note } } }""",
        prepare=nothing,
        was_made=lambda _: bool(operator_schedules.find_all()),
        meddle=lambda _: [
            schedule_changes.update(row.id, {"note": "meddled"}, "test") for row in operator_schedules.find_all()
        ],
        is_right=lambda _, made, reply: (
            [row.note for row in operator_schedules.find_all()] == ["meddled" if made else "first"]
            and reply.data["createSchedule"]["schedule"]["id"] == operator_schedules.find_all()[0].id
        ),
    ),
    "updateSchedule": Scenario(
        document="""mutation ($id: ID!) { updateSchedule(id: $id, input: {note: "changed"}) { schedule { id } } }""",
        prepare=a_schedule,
        was_made=lambda ids: note_of(ids) == "changed",
        meddle=lambda ids: schedule_changes.update(ids["id"], {"note": "meddled"}, "test"),
        is_right=lambda ids, made, reply: (
            reply.data["updateSchedule"]["schedule"]["id"] == ids["id"]
            and note_of(ids) == ("meddled" if made else "changed")
        ),
    ),
    "updateSchedule of a job": Scenario(
        document="""mutation { updateSchedule(id: "low_stock.default", input: {note: "changed"}) { schedule { id } } }""",
        prepare=nothing,
        was_made=lambda _: operator_schedules.find_changed("low_stock") is not None,
        meddle=lambda _: schedule_changes.reset(catalog.LOW_STOCK),
        is_right=lambda _, made, reply: (
            reply.data["updateSchedule"]["schedule"]["id"] == "low_stock.default"
            and (operator_schedules.find_changed("low_stock") is None) == made
        ),
    ),
    "deleteSchedule": Scenario(
        document="mutation ($id: ID!) { deleteSchedule(id: $id) { id } }",
        prepare=a_schedule,
        was_made=lambda ids: operator_schedules.find(ids["id"]) is None,
        is_right=lambda ids, _, reply: (
            reply.data["deleteSchedule"]["id"] == ids["id"] and operator_schedules.find_all() == []
        ),
    ),
    "resetSchedule": Scenario(
        document='mutation { resetSchedule(job: "low_stock") { schedule { id } } }',
        prepare=a_changed_job,
        was_made=lambda _: operator_schedules.find_changed("low_stock") is None,
        meddle=lambda _: a_changed_job(),
        is_right=lambda _, made, reply: (
            reply.data["resetSchedule"]["schedule"]["id"] == "low_stock.default"
            and (operator_schedules.find_changed("low_stock") is not None) == made
        ),
    ),
    "pauseJob": Scenario(
        document='mutation { pauseJob(name: "low_stock", reason: "stocktaking") { job { name } } }',
        prepare=nothing,
        was_made=is_paused,
        meddle=lambda _: job_state.resume("low_stock"),
        is_right=lambda ids, made, reply: reply.data["pauseJob"]["job"] and is_paused(ids) != made,
    ),
    "resumeJob": Scenario(
        document='mutation { resumeJob(name: "low_stock") { job { name } } }',
        prepare=paused_job,
        was_made=lambda ids: not is_paused(ids),
        meddle=lambda _: job_state.pause("low_stock", "again", "test"),
        is_right=lambda ids, made, reply: reply.data["resumeJob"]["job"] and is_paused(ids) == made,
    ),
    "remakeReport": Scenario(
        document='mutation { remakeReport(period: "2026-W40") { run { slot } } }',
        prepare=nothing,
        was_made=lambda _: bool(runs_of("weekly_report")),
        is_right=lambda _, __, reply: reply.data["remakeReport"]["run"] and len(runs_of("weekly_report")) == 1,
    ),
    "createKey": Scenario(
        document='mutation { createKey(name: "Shop", role: EDITOR) { key { id } } }',
        prepare=nothing,
        was_made=lambda _: bool(keys()),
        is_right=lambda _, __, reply: reply.data["createKey"]["key"]["id"] == keys()[0] and len(keys()) == 1,
    ),
    "rotateKey": Scenario(
        document="mutation ($id: ID!) { rotateKey(id: $id) { key { id } } }",
        prepare=an_operator_key,
        was_made=lambda ids: bool(key_of(ids).old_digests),
        is_right=lambda ids, _, reply: (
            reply.data["rotateKey"]["key"]["id"] == ids["id"]
            and len(key_of(ids).old_digests) == 1
            and api_keys.authenticate(ids["secret"]).id == ids["id"]
        ),
    ),
    "revokeKey": Scenario(
        document="mutation ($id: ID!) { revokeKey(id: $id) { key { state } } }",
        prepare=an_operator_key,
        was_made=lambda ids: key_of(ids).revoked_at is not None,
        is_right=lambda _, __, reply: reply.data["revokeKey"]["key"]["state"] == "REVOKED",
    ),
}
