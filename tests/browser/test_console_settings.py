"""The settings of the console and of the company in it, with keys of three roles."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from chalicelib import clock
from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.crm import customers, orders
from chalicelib.jobs import notification_channels, operator_schedules, schedule_changes
from chalicelib.store import change_marks, timestamps
from tests.browser import schedules_page
from tests.browser.accessibility import looked_over
from tests.browser.chromium import Tab
from tests.browser.console_data import SCRIPT, write_reports
from tests.browser.hook import local_hook
from tests.browser.office import Office, lose_answers, refusal, signed_in, visit
from tests.localdev.servers import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

pytestmark = pytest.mark.no_database
FIELD = """async (wall) => {
  const { fromField, toField } = await import("./console/times.js");
  return [fromField(wall), toField(fromField(wall))];
}"""
ME = "{ me { name } }"
REFUSED = (
    "{ keys { edges { node { id } } } }",
    "{ auditLog { edges { node { id } } } }",
    'mutation { createKey(name: "Mine", role: OPERATOR) { secret } }',
    'mutation { createNotificationChannel(input: {name: "Mine", kind: TOPIC, events: [PROBLEM]}) { channel { id } } }',
    'mutation { createSchedule(input: {job: "low_stock", crontab: "@daily"}) { schedule { id } } }',
    'mutation { updateSchedule(id: "low_stock.default", input: {enabled: false}) { schedule { id } } }',
)
FILL = "bar => getComputedStyle(bar).fill"


def test_one_switch_for_all_times_and_one_for_the_theme_are_remembered(browser: "Browser", office: Office) -> None:
    write_reports(clock.now())
    placed = timestamps.from_text(orders.find_all([office.order_id])[office.order_id].date)
    there = placed.astimezone(ZoneInfo("America/New_York"))
    zone = {"timezone_id": "America/New_York", "locale": "de-DE"}
    with signed_in(browser, office, Role.VIEWER, **zone, at=f"orders/{office.order_id}") as page:
        time = page.locator("dl time").first
        time.wait_for()
        assert time.inner_text() == f"{placed.day} {placed:%b, %H:%M} UTC"
        page.get_by_label("Times").select_option("local")
        assert time.inner_text().startswith(f"{there.day} {there:%b, %H:%M} GMT-")
        for wall, instant in {"2026-03-08T03:30": "2026-03-08T07:30", "2026-11-01T01:30": "2026-11-01T05:30"}.items():
            assert page.evaluate(FIELD, wall) == [f"{instant}:00.000Z", wall], "around a change of the clocks"
        visit(page, office, "health")
        page.get_by_role("heading", name="by the hour (GMT-").wait_for()
        page.get_by_label("Times").select_option("UTC")
        page.get_by_role("heading", name="by the hour (UTC)").wait_for()
        visit(page, office, "reports")
        bar = page.locator("figure rect").first
        bar.wait_for()
        light = bar.evaluate(FILL)
        page.get_by_label("Theme").select_option("dark")
        page.locator("html[data-theme=dark]").wait_for()
        assert bar.evaluate(FILL) != light, "the same bar has the colours of the other theme at once"
        page.reload()
        page.locator("html[data-theme=dark]").wait_for()
        assert page.get_by_label("Theme").input_value() == "dark"
        page.get_by_label("Theme").select_option("System")
        page.locator("html[data-theme=light]").wait_for()
        page.emulate_media(color_scheme="dark")
        page.locator("html[data-theme=dark]").wait_for()


def test_times_are_in_the_zone_of_the_company_unless_one_chooses_another(browser: "Browser", office: Office) -> None:
    def in_tokyo(route: "Route") -> None:
        if "query Me" not in (route.request.post_data or ""):
            route.fallback()
            return
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('"timeZone":"UTC"', '"timeZone":"Asia/Tokyo"'))

    with signed_in(browser, office, Role.VIEWER) as page:
        page.route("**/graphql", in_tokyo)
        visit(page, office, f"orders/{office.order_id}")
        page.reload()
        page.locator("dl time", has_text="GMT+9").first.wait_for()
        times = page.get_by_label("Times")
        assert times.locator("option").all_inner_texts()[:2] == ["Asia/Tokyo", "UTC"]
        times.select_option("UTC")
        page.locator("dl time", has_text="UTC").first.wait_for()


def test_a_question_mark_shows_the_keys_unless_somebody_writes_it(browser: "Browser", office: Office) -> None:
    with signed_in(browser, office, Role.VIEWER) as page:
        page.keyboard.press("?")
        keys = page.get_by_role("dialog", name="Keys")
        keys.get_by_text("Search customers, orders and products").wait_for()
        page.keyboard.press("Escape")
        page.locator("dialog").wait_for(state="detached")
        page.keyboard.press("/")
        page.keyboard.type("?")
        assert page.get_by_role("combobox", name="Search").input_value() == "?"
        assert keys.count() == 0


def test_keys_are_created_rotated_and_revoked_and_each_secret_is_shown_once(browser: "Browser", office: Office) -> None:
    end = clock.now() + timedelta(seconds=1)
    api_keys.create("Temporary", Role.VIEWER, "test", end)
    with signed_in(browser, office, Role.OPERATOR) as page:
        wait_for(lambda: clock.now() > end, "the end of a key")
        page.get_by_role("link", name="API keys").click()
        mine = page.get_by_role("row", name="Operator (yours)")
        mine.get_by_text("active").wait_for()
        page.get_by_role("row", name="Temporary").get_by_text("expired").wait_for()
        page.get_by_role("button", name="New key").click()
        page.keyboard.type(" EDITOR ")
        page.get_by_text("An active key has this name already.").wait_for()
        page.get_by_label("Name").fill(SCRIPT)
        page.get_by_text("An active key has this name already.").wait_for(state="detached")
        page.get_by_label("Role").select_option("OPERATOR")
        page.get_by_label("Expires, in UTC").fill("2020-01-01T00:00")
        page.get_by_role("button", name="Create").click()
        page.get_by_role("alert").get_by_text("The expiry time must be in the future").wait_for()
        page.get_by_label("Expires, in UTC").fill("")
        page.get_by_role("button", name="Create").click()
        first = page.locator(".secret code").inner_text()
        assert refusal(page, ME, first) == "None"
        row = page.get_by_role("row", name=SCRIPT)
        row.get_by_role("button", name="Rotate").click()
        page.get_by_role("dialog").wait_for()
        page.wait_for_function("document.activeElement.textContent === 'Cancel'")
        page.get_by_label("The old secret ends").select_option("At once")
        page.get_by_role("button", name="Rotate it").click()
        page.get_by_role("dialog").wait_for(state="detached")
        page.wait_for_function("first => document.querySelector('.secret code').textContent !== first", arg=first)
        second = page.locator(".secret code").inner_text()
        assert (refusal(page, ME, first), refusal(page, ME, second)) == ("UNAUTHENTICATED", "None")
        page.get_by_role("button", name="I have kept it").click()
        assert second not in page.content()
        assert second not in page.evaluate("JSON.stringify([sessionStorage, localStorage, location.href])")
        row.get_by_role("button", name="Revoke").click()
        page.get_by_role("dialog").get_by_text("This cannot be undone.").wait_for()
        page.keyboard.press("Enter")
        assert refusal(page, ME, second) == "None", "Enter keeps the key"
        row.get_by_role("button", name="Revoke").click()
        page.get_by_role("button", name="Revoke it").click()
        row.get_by_text("revoked").wait_for()
        assert refusal(page, ME, second) == "UNAUTHENTICATED"
        assert page.evaluate("window.owned") is None


def test_who_revokes_their_own_key_is_signed_out_and_an_expired_key_does_not_sign_in(
    browser: "Browser", office: Office
) -> None:
    own = api_keys.create("Olga", Role.OPERATOR, "test").key
    end = clock.now() + timedelta(seconds=1)
    expired = api_keys.create("Late", Role.OPERATOR, "test", end).key
    with signed_in(browser, replace(office, keys={Role.OPERATOR: own}), Role.OPERATOR, "phone") as page:
        visit(page, office, "api-keys")
        page.get_by_role("button", name="Revoke Olga").click()
        page.get_by_text("You are signed in with this key, so you will be signed out.").wait_for()
        page.get_by_role("button", name="Revoke it").click()
        wait_for(lambda: clock.now() > end, "the end of the other key")
        page.get_by_label("API key").fill(expired)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("It may be mistyped, expired or revoked.").wait_for()


def test_channels_are_created_tested_changed_and_removed(browser: "Browser", office: Office) -> None:
    with local_hook() as receiver, signed_in(browser, office, Role.OPERATOR) as page:
        page.get_by_role("link", name="Notifications").click()
        page.get_by_text("No channel yet.").wait_for()
        page.get_by_role("button", name="New channel").click()
        page.get_by_label("How").select_option("WEBHOOK")
        page.get_by_label("Name").fill(SCRIPT)
        page.get_by_label("URL").fill(receiver.url)
        page.get_by_label("Secret").fill("short")
        page.get_by_role("button", name="Create").click()
        page.get_by_role("alert").get_by_text("16 to 200 printable").wait_for()
        page.get_by_label("Secret").fill("0123456789abcdef")
        page.get_by_label("The week's digest").check()
        page.get_by_label("low_stock").check()
        lose_answers(page, "CreateChannel", times=1)
        page.get_by_role("button", name="Create").click()
        row = page.get_by_role("row", name=SCRIPT)
        row.get_by_text("problem, recovery, weekly digest").wait_for()
        (made,) = notification_channels.find_all()
        assert (made.jobs, made.url, made.secret) == (("low_stock",), receiver.url, "0123456789abcdef")
        row.get_by_role("button", name="Send a test").click()
        page.get_by_role("status").get_by_text("It was delivered.").wait_for()
        assert receiver.events == ["TEST"]
        receiver.status = 500
        row.get_by_role("button", name="Send a test").click()
        page.get_by_role("status").get_by_text("It was not delivered: ").wait_for()
        row.get_by_role("button", name="Edit").click()
        assert page.get_by_label("URL").input_value() == ""
        page.get_by_label("Name").fill("Pager")
        page.get_by_label("low_stock").uncheck()
        page.get_by_role("button", name="Save").click()
        row = page.get_by_role("row", name="Pager")
        row.get_by_role("button", name="Disable").click()
        row.get_by_text("disabled").wait_for()
        (changed,) = notification_channels.find_all()
        assert (changed.jobs, changed.url, changed.enabled) == ((), receiver.url, False)
        row.get_by_role("button", name="Remove").click()
        page.get_by_role("button", name="Remove it").click()
        page.get_by_text("No channel yet.").wait_for()
        assert notification_channels.find_all() == []
        assert receiver.url not in page.content()
        assert page.evaluate("window.owned") is None


def test_schedules_are_previewed_created_changed_paused_reset_and_removed(browser: "Browser", office: Office) -> None:
    with signed_in(browser, office, Role.OPERATOR, timezone_id="America/New_York") as page:
        page.get_by_role("link", name="Schedules").click()
        page.get_by_role("row", name="heartbeat Every 5 minutes, UTC").get_by_text("fixed").wait_for()
        page.get_by_role("button", name="New schedule").click()
        schedules_page.preview(page)
        made = schedules_page.create(page, SCRIPT)
        schedules_page.pause_and_resume(page, SCRIPT)
        schedules_page.change(page, made, SCRIPT)
        schedules_page.change_and_reset(page)
        assert operator_schedules.find_all() == []
        assert page.evaluate("window.owned") is None


def test_the_audit_log_has_its_filters_in_the_address_and_links_to_what_was_changed(
    browser: "Browser", office: Office
) -> None:
    with change_marks.made_by("Zoe"), change_marks.place("updateCustomer"):
        customers.update(office.evans.id, {"name": SCRIPT})
        schedule_changes.update("low_stock.default", {"note": "Zoe was here"}, "Zoe")
    with signed_in(browser, office, Role.OPERATOR) as page:
        page.get_by_role("link", name="Audit log").click()
        page.get_by_role("link", name="All changes by Zoe").first.click()
        page.wait_for_url("**#/audit-log?actor=Zoe*")
        page.get_by_text(f"Ann Evans \u2192 {SCRIPT}").wait_for()
        assert page.get_by_label("Who").input_value() == "Zoe"
        page.get_by_role("link", name="All changes of low_stock.default").click()
        page.wait_for_url("**#/audit-log?subject=low_stock.default")
        page.get_by_role("row", name="Zoe was here").wait_for()
        page.go_back()
        page.get_by_role("link", name="customer", exact=True).click()
        page.get_by_role("heading", level=1, name=SCRIPT).wait_for()
        page.go_back()
        page.get_by_label("Who").fill("nobody of this name")
        page.keyboard.press("Enter")
        page.get_by_text("No change matches these filters.").wait_for()
        page.get_by_role("link", name="Clear the filters").click()
        page.wait_for_url("**#/audit-log")
        page.get_by_role("row", name="Zoe was here").wait_for()
        assert page.evaluate("window.owned") is None


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_others_than_operators_see_a_sentence_and_the_server_refuses_all_the_same(
    browser: "Browser", office: Office, role: Role
) -> None:
    with signed_in(browser, office, role) as page:
        for path in ("api-keys", "notifications", "schedules", "audit-log"):
            visit(page, office, path)
            page.get_by_text("Ask an operator.").wait_for()
            assert page.get_by_role("main").get_by_role("button").count() == 0, path
        page.get_by_text("Only operators can see who changed what").wait_for()
        for document in REFUSED:
            assert refusal(page, document, office.keys[role]) == "FORBIDDEN", document


def test_axe_finds_nothing_serious_in_the_forms_and_dialogs_of_the_settings(audited: Tab, office: Office) -> None:
    page = audited.page
    page.goto(office.shown.url)
    page.get_by_label("API key").fill(office.keys[Role.OPERATOR])
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1).wait_for()
    visit(page, office, "api-keys")
    page.get_by_role("button", name="New key").click()
    page.get_by_label("Name").fill("Editor")
    page.get_by_text("An active key has this name already.").wait_for()
    assert looked_over(audited, "a new key") == []
    page.get_by_role("button", name="Create").click()
    page.locator(".secret code").wait_for()
    page.get_by_role("button", name="Revoke Operator").click()
    assert looked_over(audited, "a secret, and a question") == []
    visit(page, office, "notifications")
    page.get_by_role("button", name="New channel").click()
    page.get_by_role("button", name="Create").click()
    page.get_by_role("alert").first.wait_for()
    assert looked_over(audited, "a new channel") == []
    visit(page, office, "schedules")
    page.get_by_role("button", name="New schedule").click()
    page.get_by_label("Crontab").fill("0 7 * * *")
    page.get_by_role("table", name="The next runs").wait_for()
    page.get_by_text("More", exact=True).click()
    assert looked_over(audited, "a new schedule") == []
    assert audited.refused == []
