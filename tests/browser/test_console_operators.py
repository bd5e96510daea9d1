"""The console at 3 a.m.: what is wrong shows at one look, and what operators do about it; and what each key is offered."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from chalicelib.access.roles import Role
from chalicelib.jobs import job_state, queue, run_records
from chalicelib.jobs.run_records import Run, Status
from crmctl.cli import main
from tests.browser import night as night_data
from tests.browser.chromium import Tab
from tests.browser.console_data import SCRIPT
from tests.browser.console_pages import row, told
from tests.browser.night import LINES, Night, keep, signed_in, with_key
from tests.browser.office import refusal
from tests.localdev.servers import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Request, Route

pytestmark = pytest.mark.no_database
READING = {
    "⋯",
    "Apply",
    "Clear",
    "Copy link",
    "Find",
    "Download",
    "Previous run",
    "Next run",
    "Next",
    "Previous",
    "First",
    "CSV of all pages",
}
"""The buttons that change nothing."""


@pytest.fixture(scope="module")
def night(browser: "Browser", moto: None) -> Iterator[Night]:  # noqa: ARG001 - no server without a browser
    with night_data.opened() as night:
        yield night


@pytest.fixture
def operator(browser: "Browser", night: Night) -> Iterator[Tab]:
    with signed_in(browser, night, night.keys[Role.OPERATOR]) as tab:
        yield tab


def status_of(run: Run) -> Status:
    found = run_records.find(run.job, run.slot)
    assert found
    return found.status


def wait_until_succeeded(run: Run) -> None:
    wait_for(lambda: status_of(run) is Status.SUCCEEDED, f"the run of {run.job}")


def test_what_is_wrong_shows_at_one_look_everywhere(operator: Tab, night: Night) -> None:
    page = operator.page
    band = page.get_by_role("region", name="Is anything wrong?")
    band.get_by_text("5 things are wrong:").wait_for()
    sums = band.locator(".sums a").all_inner_texts()
    assert sums == ["1 failed", "1 missed", "1 late", "2 dead letters"]
    assert page.title() == "(5) Overview · CRM console"
    link = page.get_by_role("navigation", name="Pages").get_by_role("link", name="Overview")
    assert link.inner_text().split() == ["Overview", "5", "wrong"]
    assert page.locator(".stage").inner_text().startswith("test 0.")
    assert row(operator, "low_stock").locator(".badge.LATE").is_visible()
    url = night.shown.served.url
    shown = CliRunner().invoke(main, ["status", "--url", url, "--key", night.keys[Role.VIEWER]])
    assert shown.stdout.splitlines()[0] == f"Something is wrong: {', '.join(sums)}."
    assert shown.exit_code == 1
    band.get_by_role("link", name="customer_cleanup").click()
    page.get_by_role("heading", name="Run of customer_cleanup").wait_for()
    page.locator(".note.bad", has_text="no disk").wait_for()
    page.wait_for_function("document.title === '(5) Run of customer_cleanup · CRM console'")
    page.go_back()
    for what, heading in (("1 missed", "Runs"), ("1 late", "low_stock"), ("2 dead letters", "Queue")):
        band.get_by_role("link", name=what, exact=True).click()
        page.get_by_role("heading", level=1, name=heading).wait_for()
        page.go_back()
    assert page.evaluate("window.owned") is None


def test_a_run_shows_its_neighbours_and_its_log_in_pages_with_search_and_download(operator: Tab, night: Night) -> None:
    page = operator.page
    address = f"{night.shown.url}#/runs/heartbeat/{night.logged.slot}"
    page.goto(address)
    page.get_by_text(f"line {LINES - 1}").wait_for()
    assert page.locator("dl time").first.inner_text().count(":") == 2, "with seconds"
    page.get_by_role("button", name="Show from the beginning").click()
    page.get_by_text(f"line 0 {SCRIPT}").wait_for()
    page.get_by_role("searchbox", name="Find in the log").fill("LINE 44")
    page.keyboard.press("Enter")
    page.get_by_text(f"11 of {LINES} lines have").wait_for()
    assert page.get_by_role("region", name="Log lines").inner_text().splitlines()[0].strip() == "45: line 44"
    page.get_by_role("button", name="Show all").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()
    text = waiting.value.path().read_text("utf-8")
    assert waiting.value.suggested_filename == f"heartbeat-{night.logged.slot.replace(':', '')}.log"
    assert [line.split()[1] for line in text.splitlines()] == [str(number) for number in range(LINES)]
    page.get_by_role("button", name="Copy link").click()
    told(operator, "Link copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    assert page.get_by_role("button", name="Next run").is_disabled()
    page.get_by_role("link", name="Previous run").click()
    page.get_by_text("It has logged nothing").wait_for()
    page.get_by_role("link", name="Next run").click()
    page.get_by_text(f"line {LINES - 1}").wait_for()
    assert page.evaluate("window.owned") is None


def test_production_looks_different(operator: Tab) -> None:
    page = operator.page
    colour = "getComputedStyle(document.querySelector('.stage')).backgroundColor"
    page.locator(".stage").wait_for()
    before = page.evaluate(colour)

    def pretend(route: "Route") -> None:
        response = route.fetch()
        route.fulfill(response=response, body=response.text().replace('"stage":"test"', '"stage":"prod"'))

    page.route("**/graphql", pretend)
    page.reload()
    page.locator("header .stage.prod", has_text="prod").wait_for()
    assert page.evaluate(colour) != before
    assert page.evaluate("getComputedStyle(document.querySelector('header')).borderTopWidth") != "0px"


ADDRESSES = ("overview", "jobs/low_stock", "runs", "runs/customer_cleanup/{slot}", "queue")
SIGNS = {
    "overview": "5 things are wrong:",
    "jobs/low_stock": "Adds stock to each product that is low.",
    "runs": "nothing began it",
    "queue": "Only operators can see them.",
}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_who_may_only_read_is_offered_nothing_else(browser: "Browser", night: Night, role: Role) -> None:
    with signed_in(browser, night, night.keys[role]) as tab:
        page = tab.page
        for address in ADDRESSES:
            page.goto(f"{night.shown.url}#/{address.format(slot=night.failed.slot)}")
            page.get_by_role("main").get_by_text(SIGNS.get(address, f"no disk {SCRIPT}")).first.wait_for()
            assert set(page.get_by_role("main").get_by_role("button").all_inner_texts()) <= READING, address
            assert page.get_by_role("main").get_by_role("checkbox").count() == 0
            assert page.get_by_text("Stack trace", exact=True).count() == 0
        page.goto(f"{night.shown.url}#/overview")
        page.get_by_role("button", name="Actions for low_stock").click()
        assert page.locator(".actions-menu li").all_inner_texts() == ["Its runs"]
        pause = 'mutation { pauseJob(name: "low_stock", reason: "I want to") { job { state } } }'
        assert refusal(page, pause, night.keys[role]) == "FORBIDDEN"
    assert job_state.find("low_stock").pause is None


@pytest.mark.parametrize(("role", "least", "most"), [(Role.OPERATOR, 10, 11), (Role.EDITOR, 1, 1)])
def test_an_open_console_asks_what_is_wrong_every_minute_and_for_others_than_operators_every_ten(
    role: Role, least: int, most: int, browser: "Browser", night: Night
) -> None:
    asked: list[str] = []
    unanswered: set[Request] = set()

    def note(request: "Request") -> None:
        asked.append(request.post_data or "")
        unanswered.add(request)

    def answered(request: "Request") -> None:
        unanswered.discard(request)

    with with_key(browser, night, night.keys[role]) as tab:
        page = tab.page
        page.clock.install()
        page.goto(f"{night.shown.url}#/runs")
        page.get_by_role("heading", name="Runs", exact=True).wait_for()
        page.locator(".stage").wait_for()
        page.on("request", note)
        page.on("requestfinished", answered)
        page.on("requestfailed", answered)
        # A minute begins with an answer, so time does not run on before it. The page looks every 5 seconds whether it is over.
        for seconds in (60, 5) * 10:
            page.clock.run_for(seconds * 1000)
            while unanswered:
                page.wait_for_timeout(10)
    assert least <= sum("query Wrong" in text for text in asked) <= most


def test_an_expired_key_leads_to_the_sign_in_from_every_page(browser: "Browser", night: Night) -> None:
    with signed_in(browser, night, night.expired) as tab:
        for address in ADDRESSES:
            tab.page.goto(f"{night.shown.url}#/{address.format(slot=night.failed.slot)}")
            keep(tab, night.expired)
            tab.page.reload()
            tab.page.get_by_label("API key").wait_for()
            assert tab.page.title() == "CRM console"


def test_sign_in_with_a_wrong_key_then_a_valid_one_then_sign_out(browser: "Browser", night: Night) -> None:
    tab = Tab(browser.new_context().new_page())
    page = tab.page
    page.goto(night.shown.url)
    for wrong in ("crm_wrong", "päivää"):
        page.get_by_label("API key").fill(wrong)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("alert").get_by_text("This key is not valid.").wait_for()
    key = night.keys[Role.OPERATOR]
    page.get_by_label("API key").fill(key)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Overview").wait_for()
    page.get_by_role("link", name="heartbeat", exact=True).first.click()
    page.get_by_role("button", name="Dry run").click()
    page.get_by_text("The API answered within").wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("navigation").get_by_role("link", name="Overview").first.click()
    assert page.evaluate("JSON.stringify(localStorage)") == "{}"
    assert page.context.cookies() == []
    page.reload()
    page.get_by_role("heading", name="Overview").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("API key").wait_for()
    assert key not in page.evaluate("JSON.stringify(sessionStorage)")
    page.get_by_label("API key").fill(key)
    page.get_by_label("Keep me signed in on this device").check()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Overview").wait_for()
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_role("button", name="Sign out").click()
    other.get_by_label("API key").wait_for()
    assert other.evaluate("JSON.stringify(localStorage)") == "{}"
    page.context.close()
    assert tab.refused == []
    assert [text for text in tab.problems if "status of 401" not in text] == [], "the browser's own word on a 401"


def test_many_runs_are_retried_cancelled_and_discarded_after_a_preview(operator: Tab, night: Night) -> None:
    page = operator.page
    job_state.pause("order_reminders", "stock-taking", "ann")
    page.goto(f"{night.shown.url}#/runs")
    table = page.get_by_role("table", name="Runs")
    table.get_by_role("checkbox", name="Select customer_cleanup").check()
    page.get_by_role("button", name="Discard dead letters").click()
    dialog = page.get_by_role("dialog", name="Discard the dead letters of these runs?")
    dialog.get_by_text("1 run.").wait_for()
    page.keyboard.press("Enter")
    assert dialog.is_visible(), "nothing has the focus before one has read"
    dialog.get_by_role("button", name="Discard them").click()
    told(operator, "1 discarded")
    assert [letter.message for letter in queue.dead_letters()] == [None]
    assert status_of(night.failed) is Status.FAILED

    table.get_by_role("checkbox", name="Select low_stock").check()
    page.get_by_role("button", name="Cancel selected").click()
    dialog = page.get_by_role("dialog", name="Cancel these runs?")
    dialog.get_by_text("One that waits ends at once").wait_for()
    assert dialog.get_by_role("button", name="Cancel them").is_disabled()
    dialog.get_by_label("Reason").fill("not at night")
    dialog.get_by_role("button", name="Cancel them").click()
    told(operator, "1 cancelled")
    table.get_by_text("not at night").wait_for()
    assert status_of(night.late) is Status.CANCELLED

    page.get_by_role("button", name="Retry all that failed").click()
    dialog = page.get_by_role("dialog", name="Retry all that failed or were missed?")
    dialog.get_by_text("2 runs.").wait_for()
    dialog.get_by_text("A run of customer_cleanup now: 0 customers would be deleted").wait_for()
    assert status_of(night.failed) is Status.FAILED
    dialog.get_by_role("button", name="Retry them").click()
    told(operator, "1 retried, 1 not")
    page.get_by_role("dialog", name="1 of 2 were not retried").get_by_text("stock-taking").wait_for()
    page.get_by_role("button", name="Close").click()
    job_state.resume("order_reminders")
    wait_until_succeeded(night.failed)

    for job in ("low_stock", "order_reminders", "heartbeat"):
        table.get_by_role("checkbox", name=f"Select {job}").first.check()
    page.get_by_role("button", name="Retry selected").click()
    dialog = page.get_by_role("dialog", name="Retry these runs?")
    dialog.get_by_text("1 of 3 cannot be repeated").wait_for()
    dialog.get_by_role("button", name="Retry them").click()
    told(operator, "2 retried")
    for run in (night.late, night.missed):
        wait_until_succeeded(run)
    page.goto(f"{night.shown.url}#/overview")
    page.get_by_text("1 thing is wrong:").wait_for()
    page.wait_for_function("document.title === '(1) Overview · CRM console'")
