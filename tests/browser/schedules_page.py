"""What an operator in New York does on the console's page of schedules. The rows show the effect."""

import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from chalicelib import clock
from chalicelib.jobs import crontab, operator_schedules, run_arguments, schedule_changes
from chalicelib.jobs.operator_schedules import OperatorSchedule

if TYPE_CHECKING:
    from playwright.sync_api import Page


def preview(page: "Page") -> None:
    """See the next runs in both zones while typing."""
    page.get_by_label("Crontab").fill("0 25 * * *")
    page.get_by_role("status").get_by_text("Bad hour").wait_for()
    page.get_by_label("Crontab").fill("30 2 * * SUN")
    page.get_by_label("Time zone").fill("Asia/Tokyo")
    table = page.get_by_role("table", name="The next runs")
    table.get_by_role("columnheader", name="Asia/Tokyo").wait_for()
    page.get_by_text("At 02:30 on Sunday, Asia/Tokyo").wait_for()
    tokyo, here, utc = table.get_by_role("row").nth(1).get_by_role("cell").all_inner_texts()
    due = next(crontab.parsed("30 2 * * SUN", "Asia/Tokyo").after(clock.now()))
    assert re.match(r"Sun \d+ \w+( \d+)?, 02:30 GMT\+9", tokyo)
    assert here.startswith("Sat ")
    assert f", {due.astimezone(ZoneInfo('America/New_York')):%H:%M} GMT-" in here
    assert utc.endswith(f", {due:%H:%M} UTC")


def create(page: "Page", note: str) -> OperatorSchedule:
    page.get_by_label("threshold").fill("0")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("alert").get_by_text("threshold").wait_for()
    page.get_by_label("threshold").fill("50")
    page.get_by_label("Note").fill(note)
    page.get_by_role("button", name="Create").click()
    page.get_by_role("row", name=note).get_by_text("threshold=50").wait_for()
    (made,) = operator_schedules.find_all()
    assert (made.crontab, made.time_zone, made.note) == ("30 2 * * SUN", "Asia/Tokyo", note)
    return made


def pause_and_resume(page: "Page", note: str) -> None:
    row = page.get_by_role("row", name=note)
    row.get_by_role("button", name="Pause").click()
    row.get_by_text("none while paused").wait_for()
    assert not operator_schedules.find_all()[0].enabled
    row.get_by_role("button", name="Resume").click()
    row.get_by_text("enabled").wait_for()


def change(page: "Page", made: OperatorSchedule, note: str) -> None:
    """Change arguments and limits while somebody else changes the note, and remove the schedule."""
    page.get_by_role("row", name=note).get_by_role("button", name="Edit").click()
    page.get_by_label("amount").fill("7")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Run limit, in minutes").fill("x")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("alert").get_by_text("Enter a whole number, or nothing").wait_for()
    page.get_by_label("Run limit, in minutes").fill("30")
    page.get_by_label("Not before (UTC)").fill("2031-01-01T08:00")
    schedule_changes.update(made.id, {"note": "Ann was here"}, "Ann")
    page.get_by_role("button", name="Save").click()
    row = page.get_by_role("row", name="Ann was here")
    row.get_by_text("may take 30 minutes").wait_for()
    (changed,) = operator_schedules.find_all()
    assert run_arguments.as_texts(changed.arguments) == [("threshold", "50"), ("amount", "7")]
    assert (changed.run_limit, changed.starts_at) == (30, "2031-01-01T08:00:00Z")
    row.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Remove it").click()
    row.wait_for(state="detached")


def change_and_reset(page: "Page") -> None:
    """Change the schedule of a job itself, and give it back."""
    own = page.get_by_role("row", name="order_reminders")
    own.get_by_role("button", name="Edit").click()
    page.get_by_label("Crontab").fill("0 7 * * *")
    page.get_by_role("button", name="Save").click()
    own.get_by_text("At 07:00 every day").wait_for()
    own.get_by_role("button", name="Reset").click()
    page.get_by_role("button", name="Reset it").click()
    own.get_by_text("At 08:00 every day").wait_for()
