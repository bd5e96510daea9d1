"""`crmctl schedules`: what the commands print, and what they change."""

import json

from chalicelib.jobs import dispatcher, operator_schedules
from tests.crmctl.api_server import ApiServer
from tests.jobs.job_runs import manual_clock

FRIDAYS = ("--cron", "0 17 * * FRI", "--zone", "Europe/Berlin", "--set", "threshold=50", "--set", "amount=100")


def test_a_schedule_is_added_listed_edited_and_removed(crm: ApiServer) -> None:
    with manual_clock():
        added = crm.crmctl("schedules", "add", "low_stock", *FRIDAYS, "--note", "for the weekend", "--spread", "5")
        assert added.exit_code == 0, added.output
        (row,) = operator_schedules.find_all()
        assert added.stdout == (
            f"{row.id}: low_stock, At 17:00 on Friday, Europe/Berlin with threshold=50, amount=100. "
            "Next run: 2026-11-27 16:00 UTC\n"
        )
        assert (row.arguments, row.spread, row.note) == ({"threshold": 50, "amount": 100}, 5, "for the weekend")
        listed = crm.crmctl("schedules", "list", "low_stock")
        assert "low_stock.default" in listed.stdout
        assert "for the weekend" in listed.stdout
        assert "starts up to 5 minutes later" in listed.stdout
        assert len(json.loads(crm.crmctl("schedules", "list", "--json").stdout)) == 6
        edited = crm.crmctl("schedules", "edit", row.id, "--cron", "@daily", "--disable")
        assert edited.stdout.endswith("Next run: disabled\n")
        assert crm.crmctl("schedules", "edit", row.id, "--enable").stdout.endswith("Next run: 2026-11-22 23:00 UTC\n")
        assert crm.crmctl("schedules", "remove", row.id).stdout == f"{row.id} removed.\n"
        assert operator_schedules.find_all() == []


def test_a_schedule_is_given_limits(crm: ApiServer) -> None:
    limits = ("--start-limit", "5", "--run-limit", "30", "--catch-up-window", "1440", "--pause-after", "3")
    assert crm.crmctl("schedules", "add", "low_stock", "--cron", "@daily", *limits).exit_code == 0
    (row,) = operator_schedules.find_all()
    assert (row.start_limit, row.run_limit, row.catch_up_window, row.pause_after) == (5, 30, 1440, 3)
    listed = " ".join(crm.crmctl("schedules", "list", "low_stock").stdout.split())
    for remark in ("must start within 5 minutes", "may take 30 minutes", "pauses itself after 3 failed runs"):
        assert remark in listed


def test_what_a_schedule_was_given_is_removed(crm: ApiServer) -> None:
    limits = ("--start-limit", "5", "--run-limit", "30", "--catch-up-window", "1440", "--pause-after", "3")
    times = ("--from", "2099-12-01", "--until", "2099-12-31", "--set", "threshold=50", "--note", "x")
    assert crm.crmctl("schedules", "add", "low_stock", "--cron", "@daily", *limits, *times).exit_code == 0
    (row,) = operator_schedules.find_all()
    assert crm.crmctl("schedules", "edit", row.id, "--no-run-limit", "--no-note").exit_code == 0
    (left,) = operator_schedules.find_all()
    assert (left.start_limit, left.run_limit, left.note) == (5, None, None)
    both = crm.crmctl("schedules", "edit", row.id, "--run-limit", "7", "--no-run-limit")
    assert both.exit_code == 2
    assert "Give --run-limit or --no-run-limit, not both." in both.stderr
    names = ("from", "until", "set", "start-limit", "catch-up-window", "pause-after")
    assert crm.crmctl("schedules", "edit", row.id, *(f"--no-{name}" for name in names)).exit_code == 0
    (bare,) = operator_schedules.find_all()
    assert (bare.starts_at, bare.ends_at, bare.start_limit, bare.catch_up_window, bare.pause_after) == (None,) * 5
    assert bare.arguments == {}
    assert bare.crontab == "@daily"


def test_the_schedule_of_a_job_is_moved_and_reset(crm: ApiServer) -> None:
    with manual_clock():
        moved = crm.crmctl("schedules", "edit", "low_stock.default", "--cron", "0 6 * * *", "--zone", "Asia/Tokyo")
        assert (
            moved.stdout
            == "low_stock.default: low_stock, At 06:00 every day, Asia/Tokyo. Next run: 2026-11-22 21:00 UTC\n"
        )
        assert "changed by open access" in crm.crmctl("schedules", "list").stdout
        assert "2026-11-23 00:00" in crm.crmctl("schedules", "reset", "low_stock").stdout
        assert operator_schedules.find_all() == []


def test_a_schedule_may_be_due_once_and_only_in_some_time(crm: ApiServer) -> None:
    with manual_clock():
        once = crm.crmctl("schedules", "add", "weekly_report", "--at", "2026-12-24T20:00")
        assert once.stdout.endswith("weekly_report, Once, at 2026-12-24T20:00:00Z. Next run: 2026-12-24 20:00 UTC\n")
        crm.crmctl("schedules", "add", "low_stock", "--cron", "@daily", "--from", "2026-12-01", "--until", "2026-12-31")
        listed = crm.crmctl("schedules", "list", "low_stock").stdout
        assert "from 2026-12-01 00:00" in listed
        assert "until 2026-12-31 23:59" in listed, "the day is included"


def test_a_preview_shows_both_clocks(crm: ApiServer) -> None:
    with manual_clock():
        shown = crm.crmctl("schedules", "next", "0 2 * * SUN", "--zone", "America/New_York", "--count", "2")
    assert shown.stdout.startswith("At 02:00 on Sunday, America/New_York\n")
    assert "2026-11-29T02:00:00-05:00" in shown.stdout
    assert "2026-11-29T07:00:00Z" in shown.stdout


def test_wrong_schedules_are_refused_in_the_words_of_the_api(crm: ApiServer) -> None:
    for words, message in (
        (("add", "low_stock", "--cron", "0 0 31 4 *"), "Bad day-of-month"),
        (("add", "low_stock"), "Give crontab or at"),
        (("add", "heartbeat", "--cron", "@daily"), "The schedule of heartbeat is fixed"),
        (("add", "low_stock", "--cron", "@daily", "--set", "cap=3"), "has no argument 'cap'"),
        (
            ("add", "low_stock", "--at", "2099-12-24 20:00", "--zone", "Europe/Berlin"),
            "Write that of --at behind the time",
        ),
        (("edit", "sch_0", "--note", "x"), "There is no schedule 'sch_0'"),
        (("edit", "low_stock.default"), "Give at least one option to change."),
        (("remove", "low_stock.default"), "cannot be deleted"),
    ):
        result = crm.crmctl("schedules", *words)
        assert result.exit_code == 2
        assert message in result.stderr
    assert operator_schedules.find_all() == []


def test_a_run_is_named_with_its_schedule(crm: ApiServer) -> None:
    crm.consuming = False
    with manual_clock() as clock:
        crm.crmctl("schedules", "add", "low_stock", "--cron", "0 13 * * *")
        crm.crmctl("schedules", "add", "low_stock", "--cron", "0 13 * * *")
        first, second = operator_schedules.find_all()
        clock.at("2026-11-22T13:00:00")
        dispatcher.serve()
        ambiguous = crm.crmctl("cancel", "low_stock", "2026-11-22T13:00", "--reason", "x")
        assert ambiguous.exit_code == 2
        assert f"Give one of {first.id}, {second.id}" in ambiguous.stderr
        ended = crm.crmctl("cancel", "low_stock", "2026-11-22T13:00", "--reason", "x", "--schedule", second.id)
        assert f"2026-11-22T13:00:00Z of {second.id} CANCELLED" in ended.stdout
        assert "WAITING" in crm.crmctl("runs", "low_stock", "--lines").stdout
