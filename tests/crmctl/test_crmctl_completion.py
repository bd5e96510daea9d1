"""Completion in the shell, and `crmctl open`."""

import re
import webbrowser

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.jobs import catalog, ledger, run_records
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from crmctl import logins
from crmctl.cli import main
from crmctl.logins import Login
from crmctl.open_command import PAGES
from tests.conftest import ROOT
from tests.crmctl.api_server import ApiServer

SLOTS = ("2026-11-27T00:00:00Z", "2026-11-26T00:00:00Z")


def complete(*words: str) -> dict[str, str | None]:
    """{value: help} for the last word."""
    found = ShellComplete(main, {}, "crmctl", "_CRMCTL_COMPLETE").get_completions(list(words[:-1]), words[-1])
    return {item.value: item.help for item in found}


@pytest.fixture
def url(crm: ApiServer) -> str:
    for slot in SLOTS:
        ledger.end(
            run_records.new("low_stock", Slot(slot), Trigger.SCHEDULE), Status.FAILED, error="no disk \x1b[31m today"
        )
    return crm.url


def test_jobs_slots_schedules_and_keys_are_completed(url: str) -> None:
    assert list(complete("--url", url, "run", "")) == list(catalog.JOBS)
    assert list(complete("pause", "--url", url, "low")) == ["low_stock"]
    for command in ("logs", "retry", "cancel", "open"):
        assert list(complete(command, "--url", url, "low_stock", "2026-11-2")) == list(SLOTS)
    assert list(complete("--url", url, "retry", "low_stock", "2026-11-27")) == [SLOTS[0]]
    assert complete("--url", url, "schedules", "edit", "low") == {"low_stock.default": catalog.LOW_STOCK.schedule.words}
    key = api_keys.create("web shop", Role.EDITOR, "test").api_key.id
    assert complete("--url", url, "keys", "revoke", "") == {key: "web shop, EDITOR"}


def test_texts_that_could_control_the_terminal_are_left_out(url: str) -> None:
    assert set(complete("--url", url, "logs", "low_stock", "").values()) == {None}


@pytest.mark.no_database
def test_without_an_api_nothing_is_completed_and_nothing_fails() -> None:
    assert complete("--url", "http://127.0.0.1:1", "run", "") == {}
    assert complete("--stage", "nowhere", "run", "") == {}


@pytest.mark.no_database
def test_stages_are_completed() -> None:
    logins.save("prod", Login("https://crm.example/graphql", None))
    assert list(complete("--stage", "")) == ["prod"]
    assert list(complete("logout", "p")) == ["prod"]


@pytest.mark.parametrize(
    ("words", "page"),
    [
        ((), ""),
        (("queue",), "#/queue"),
        (("jobs",), "#/overview"),
        (("ord_01M8EE0VG05E5ZRMRQ5MJB7VZ2",), "#/orders/ord_01M8EE0VG05E5ZRMRQ5MJB7VZ2"),
        (("2026-W47",), "#/reports/2026-W47"),
        (("low_stock",), "#/jobs/low_stock"),
        (("low_stock", "2026-11-27"), "#/runs/low_stock/2026-11-27T00%3A00%3A00Z"),
    ],
)
def test_the_page_of_a_thing_is_opened(
    crm: ApiServer, url: str, words: tuple[str, ...], page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def remember(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", remember)
    assert crm.crmctl("open", *words).exit_code == 0
    assert opened == [url.replace("/graphql", "/console") + page]
    assert crm.crmctl("open", *words, "--print").stdout == opened[0] + "\n"
    assert len(opened) == 1


@pytest.mark.no_database
def test_the_console_has_the_pages() -> None:
    """And every page of the console can be opened."""
    script = (ROOT / "chalicelib/web/console/pages.js").read_text("utf-8")
    (pages,) = re.findall(r"^export const PAGES = \{(.*?)\};$", script, re.MULTILINE | re.DOTALL)
    assert set(re.findall(r'([a-z-]+)"?: \[', pages)) == set(PAGES)


def test_what_has_no_page_is_refused(crm: ApiServer, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _address: False)
    for words, message in (
        (("nope",), "There is no job 'nope'"),
        (("low_stock", "2026-11-20"), "low_stock has no run of 2026-11-20T00:00:00Z"),
        (("low_stock",), f"No browser can be started. Open {url.replace('/graphql', '/console')}#/jobs/low_stock"),
    ):
        refused = crm.crmctl("open", *words)
        assert refused.exit_code == 2
        assert message in refused.stderr
    assert "open" in CliRunner().invoke(main, ["--help"]).output
