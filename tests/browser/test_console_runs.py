"""What operators do with runs and dead letters in the console. The API shows the effect."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib import aws, clock
from chalicelib.jobs import ledger, queue, run_records, slots
from chalicelib.jobs.catalog import CUSTOMER_CLEANUP, ORDER_REMINDERS
from chalicelib.jobs.job import StepResult
from chalicelib.jobs.run_records import Status, Trigger
from tests.browser.chromium import Tab
from tests.browser.console_data import QUOTES, Console, a_failed_run, a_run, put_runs
from tests.browser.console_pages import open_job, status, told, visit
from tests.localdev.servers import wait_for

pytestmark = pytest.mark.no_database
PAST = 'query ($to: DateTime!) { runs(job: "low_stock", to: $to) { edges { node { status trigger } } } }'
RUN = "query ($job: String!, $slot: DateTime!) { jobRun(job: $job, slot: $slot) { status trigger attempts } }"


def test_all_runs_are_filtered_in_the_address_and_have_pages(tab: Tab) -> None:
    visit(tab, "Runs")
    tab.page.get_by_label("Job", exact=True).select_option("order_reminders")
    tab.page.get_by_text(f"paused by Ann: {QUOTES}").wait_for()
    tab.page.get_by_label("Status").select_option("missed")
    tab.page.get_by_text(QUOTES).wait_for(state="detached")
    tab.page.get_by_role("table").get_by_role("link").click()
    tab.page.locator(".note", has_text="Reason: nobody was there to start it").wait_for()
    tab.page.go_back()
    tab.page.get_by_role("heading", name="Runs of order_reminders").wait_for()
    assert tab.page.get_by_label("Status").input_value() == "MISSED"
    tab.page.get_by_role("button", name="Clear").click()
    wait_for(lambda: tab.page.get_by_label("Status").input_value() == "", "the empty fields")
    tab.page.get_by_label("Text in error or log").fill("NOBODY was")
    tab.page.keyboard.press("Enter")
    tab.page.get_by_role("cell", name="nobody was there to start it").wait_for()
    rows = tab.page.get_by_role("table", name="Runs").get_by_role("row")
    wait_for(lambda: rows.count() == 2, "the list of the one run")  # at night, the list before has that run, too
    tab.page.get_by_role("button", name="Clear").click()
    tab.page.get_by_role("cell", name="heartbeat").nth(20).wait_for()
    first = tab.page.get_by_role("table").get_by_role("link").first
    newest = first.get_attribute("href")
    tab.page.get_by_role("link", name="Next", exact=True).click()
    tab.page.wait_for_function("href => document.querySelector('td a')?.getAttribute('href') !== href", arg=newest)
    tab.page.get_by_role("link", name="Previous", exact=True).click()
    tab.page.wait_for_function("href => document.querySelector('td a')?.getAttribute('href') === href", arg=newest)


def test_the_list_finds_a_run_that_is_further_back_than_one_request_reads(tab: Tab, shown: Console) -> None:
    week_ago = clock.now() - timedelta(days=7)
    failed = a_run("heartbeat", week_ago - timedelta(days=1), Status.FAILED, error="the only one")
    others = [a_run("weekly_report", week_ago + timedelta(minutes=n), Status.FAILED) for n in range(250)]
    put_runs([failed, *others])
    query = """{ jobRuns(job: "heartbeat", status: FAILED, first: 50) { edges { cursor } pageInfo { hasNextPage } } }"""
    assert shown.ask(query)["jobRuns"] == {"edges": [], "pageInfo": {"hasNextPage": True}}
    tab.page.goto(f"{shown.url}#/runs/heartbeat?status=FAILED")
    tab.page.get_by_role("cell", name="the only one").wait_for()
    assert tab.page.get_by_role("link", name="Next", exact=True).count() == 0


def test_a_failed_run_shows_its_stack_trace_and_can_run_again(tab: Tab, shown: Console) -> None:
    run = a_failed_run(clock.now() - timedelta(minutes=20))
    open_job(tab, "low_stock")
    tab.page.get_by_role("table", name="Latest runs").get_by_role("row", name="failed").get_by_role(
        "link"
    ).first.click()
    tab.page.get_by_text("Stack trace", exact=True).click()
    tab.page.get_by_text('File "app.py", line 1, in step').wait_for()
    tab.page.get_by_role("button", name="Run again").click()
    told(tab, "Retrying")
    status(tab, "succeeded")
    found = shown.ask(RUN, job=run.job, slot=run.slot)["jobRun"]
    assert (found["status"], found["trigger"]) == ("SUCCEEDED", "OPERATOR")
    assert tab.page.evaluate("window.owned") is None


def test_a_run_that_waits_for_its_next_attempt_says_when_and_can_run_at_once(tab: Tab, shown: Console) -> None:
    run = ledger.claim(ORDER_REMINDERS, slots.of_request(clock.now()))
    assert run
    run = ledger.retry_or_fail(ORDER_REMINDERS, replace(run, attempts_since_progress=3), "the printer is off", "trace")
    open_job(tab, "order_reminders")
    waiting = tab.page.get_by_role("table", name="Latest runs").get_by_role("row", name="the printer is off")
    assert waiting.locator(f"time[datetime='{run.next_attempt_at}']").inner_text().startswith("in ")
    waiting.get_by_role("link").click()
    tab.page.get_by_role("table", name="Attempts that failed").get_by_text("the printer is off").wait_for()
    tab.page.get_by_text("Failed. Waiting for the next attempt.").wait_for()
    tab.page.get_by_role("button", name="Run again").click()
    status(tab, "succeeded")
    assert shown.ask(RUN, job=run.job, slot=run.slot)["jobRun"]["status"] == "SUCCEEDED"


def test_a_job_is_run_later_and_over_slots_of_the_past(tab: Tab, shown: Console) -> None:
    now = clock.now()
    open_job(tab, "low_stock")
    tab.page.get_by_role("button", name="Run later").click()
    dialog = tab.page.get_by_role("dialog", name="Run low_stock later?")
    dialog.get_by_text("Nothing has changed yet.").wait_for()
    assert dialog.get_by_role("button", name="Schedule it").is_disabled()
    dialog.get_by_label("When (UTC)").fill(f"{now + timedelta(hours=2):%Y-%m-%dT%H:%M}")
    dialog.get_by_role("button", name="Schedule it").click()
    status(tab, "waiting")
    tab.page.get_by_text("Waiting for the time at which it starts.").wait_for()
    tab.page.get_by_role("button", name="Cancel run").click()
    question = tab.page.get_by_role("dialog", name="Cancel this run?")
    question.wait_for()
    tab.page.keyboard.press("Enter")
    question.wait_for(state="detached")
    tab.page.get_by_role("button", name="Cancel run").click()
    question.get_by_role("button", name="Cancel the run").click()
    status(tab, "cancelled")
    tab.page.get_by_role("link", name="low_stock", exact=True).click()
    tab.page.get_by_role("button", name="Backfill").click()
    dialog = tab.page.get_by_role("dialog", name="Backfill low_stock?")
    day = now - timedelta(days=41)
    dialog.get_by_label("From (UTC)").fill(f"{day:%Y-%m-%d}T00:00")
    dialog.get_by_label("Up to (UTC)").fill(f"{day:%Y-%m-%d}T13:00")
    assert dialog.get_by_role("button", name="Run them").is_disabled()
    dialog.get_by_role("button", name="Show the slots").click()
    dialog.get_by_text("2 slots:").wait_for()
    to = f"{day:%Y-%m-%d}T13:00:00Z"
    assert shown.ask(PAST, to=to)["runs"]["edges"] == []
    dialog.get_by_role("button", name="Run them").click()
    told(tab, "2 runs of low_stock will follow one another")
    done = [{"node": {"status": "SUCCEEDED", "trigger": "BACKFILL"}}] * 2
    wait_for(lambda: shown.ask(PAST, to=to)["runs"]["edges"] == done, "the runs of the past")


def test_a_run_in_progress_updates_without_a_reload(tab: Tab) -> None:
    slot = slots.of_request(clock.now())
    ledger.record(run_records.new("customer_cleanup", slot, Trigger.OPERATOR, actor="Ann"))
    run = ledger.claim(CUSTOMER_CLEANUP, slot)
    assert run is not None
    run = ledger.checkpoint(run, StepResult({"before": "2025-01-01"}, ("page one",), {"deleted": 7}))
    open_job(tab, "customer_cleanup")
    running = tab.page.get_by_role("row", name="1 checkpoint so far, 7 deleted")
    running.get_by_role("link").click()
    tab.page.get_by_text("page one").wait_for()
    tab.page.get_by_text("1 checkpoint so far, 7 deleted").wait_for()
    tab.page.get_by_text('{"before": "2025-01-01"}').wait_for()
    tab.page.evaluate("window.same = true")
    run = ledger.checkpoint(run, StepResult({"before": "2025-01-01"}, ("page two",), {"deleted": 2}))
    tab.page.get_by_text("page two").wait_for()
    tab.page.get_by_text("2 checkpoints so far, 9 deleted").wait_for()
    ledger.finish(run, StepResult(None, ("the end",), {"deleted": 1}))
    status(tab, "succeeded")
    assert tab.page.evaluate("window.same")


def test_dead_letters_that_somebody_else_is_looking_at_appear_when_they_have_looked(tab: Tab) -> None:
    taken = [letter for batch in queue.take_dead_letters() for letter in batch]
    assert len(taken) == 2
    visit(tab, "Queue")
    letters = tab.page.get_by_role("table", name="Dead letters")
    tab.page.get_by_text("None. Messages that fail for good appear here.").wait_for()
    queue.make_visible(taken)
    letters.get_by_text("ValueError").wait_for()
    letters.get_by_text("The message names no run").wait_for()


def test_dead_letters_are_shown_and_retried(tab: Tab, shown: Console) -> None:
    visit(tab, "Queue")
    letters = tab.page.get_by_role("table", name="Dead letters")
    letters.get_by_text("ValueError").wait_for()
    letters.get_by_text("The message names no run").wait_for()
    href = letters.get_by_role("link").get_attribute("href")
    assert href is not None
    assert href.startswith("#/runs/low_stock/")
    tab.page.get_by_role("button", name="Retry all").click()
    question = tab.page.get_by_role("dialog", name="Retry 1 message?")
    question.get_by_text("1 message of no run stays").wait_for()
    assert tab.page.evaluate("document.activeElement.textContent") == "Keep it"
    question.get_by_role("button", name="Retry").click()
    told(tab, "1 retried")
    tab.page.locator(".figures div", has_text="Dead letters").get_by_text("1", exact=True).wait_for()
    letters.get_by_role("link").wait_for(state="detached")
    one = {"queue": {"dead": 1}, "deadLetters": [{"job": None}]}  # none while the page reads them
    wait_for(lambda: shown.ask("{ queue { dead } deadLetters { job } }") == one, "the other letter")
    tab.page.get_by_role("checkbox", name="All on this page").check()
    tab.page.get_by_role("button", name="Discard selected").click()
    question = tab.page.get_by_role("dialog", name="Discard 1 message?")
    question.wait_for()
    tab.page.keyboard.press("Enter")
    question.wait_for(state="detached")
    tab.page.get_by_role("button", name="Discard message").click()
    question.get_by_role("button", name="Discard").click()
    told(tab, "1 discarded")
    letters.get_by_text("The message names no run").wait_for(state="detached")
    assert shown.ask("{ queue { dead } deadLetters { job } }") == {"queue": {"dead": 0}, "deadLetters": []}
    letters_run = {"job": "low_stock", "slot": href.rpartition("/")[2].replace("%3A", ":")}
    wait_for(lambda: shown.ask(RUN, **letters_run)["jobRun"]["status"] == "SUCCEEDED", "the run that was dead")
    discard_all(tab, shown)


def discard_all(tab: Tab, shown: Console) -> None:
    for body in ("one", "two"):
        aws.client("sqs").send_message(QueueUrl=queue._url(queue.DEAD), MessageBody=body)
    tab.page.reload()
    tab.page.get_by_role("button", name="Discard all").click()
    question = tab.page.get_by_role("dialog", name="Discard 2 messages?")
    question.wait_for()
    assert tab.page.evaluate("document.activeElement.textContent") == "Keep it"
    question.get_by_role("button", name="Discard").click()
    told(tab, "2 discarded")
    tab.page.get_by_text("None. Messages that fail for good appear here.").wait_for()
    assert shown.ask("{ queue { dead } deadLetters { job } }") == {"queue": {"dead": 0}, "deadLetters": []}
