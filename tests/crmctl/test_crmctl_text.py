"""Names, reasons and log lines cannot control the terminal."""

import json
import os
import subprocess
import sys
from collections import deque

import pytest
from click.testing import CliRunner

from chalicelib.crm import deleted_customers
from chalicelib.jobs import job_state
from crmctl.cli import main
from crmctl.text import escape_unprintable
from crmctl.time_arguments import format_duration, format_time
from tests.builders import a_customer, a_product
from tests.crmctl.api_server import ApiServer
from tests.crmctl.fake_api import FakeApi, refuses, responds
from tests.crmctl.import_files import ROOT

HOSTILE = "[red]Lamp[/red] :boom: \x1b]0;owned\x07\x1b[31m \u202eevil\u200f\r\n\x9b2J\x7f end"
SHOWN = r"[red]Lamp[/red] :boom: \x1b]0;owned\x07\x1b[31m \u202eevil\u200f\r\n\x9b2J\x7f end"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (HOSTILE, SHOWN),
        ("Renée 山田\u3000太郎 100\u00a0%", "Renée 山田\u3000太郎 100\u00a0%"),
        ("می\u200cخرم 👩\u200d🚀", "می\u200cخرم 👩\u200d🚀"),
        ("\ud800 \ue000 \u2028", r"\ud800 \ue000 \u2028"),
    ],
)
def test_control_characters_are_escaped_and_names_unchanged(text: str, shown: str) -> None:
    assert escape_unprintable(text) == shown


def a_list_of(name: str, *words: str, api: FakeApi, **env: str) -> str:
    row = {"id": "1", "sku": None, "name": name, "price": "1", "stock": 2}
    page = {"edges": [{"node": row}], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    api.faults = deque([responds(200, json.dumps({"data": {"list": page}}))])
    result = CliRunner().invoke(main, ["low-stock", *words, "--url", api.url], env=env)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_hostile_name_is_escaped_in_a_table(api: FakeApi) -> None:
    output = a_list_of(HOSTILE, api=api)
    assert SHOWN in output
    assert output.replace("\n", "").isprintable()


def test_hostile_name_adds_no_escape_sequence_on_a_terminal(api: FakeApi) -> None:
    harmless = a_list_of("x" * len(SHOWN), api=api, FORCE_COLOR="1", COLUMNS="200")
    hostile = a_list_of(HOSTILE, api=api, FORCE_COLOR="1", COLUMNS="200")
    assert "\x1b[1m" in harmless
    assert SHOWN in hostile
    assert hostile.count("\x1b") == harmless.count("\x1b")


def test_narrow_terminal_cuts_nothing_off(api: FakeApi) -> None:
    name = "a-very-long-name-without-a-single-space-" * 4
    output = a_list_of(name, api=api, FORCE_COLOR="1", COLUMNS="50")
    assert name in output


def test_json_keeps_names_but_contains_no_control_character(api: FakeApi) -> None:
    output = a_list_of(HOSTILE, "--json", api=api)
    assert json.loads(output)[0]["name"] == HOSTILE
    assert output.isascii()
    assert output.replace("\n", "").isprintable()


def test_hostile_texts_from_the_real_api_are_escaped(crm: ApiServer) -> None:
    a_product("[red]Lamp[/red]", stock=0)
    customer = a_customer("[bold]Ann[/bold] \u200fevil")
    deleted_customers.delete(customer.id)
    pause = job_state.pause("heartbeat", HOSTILE, "[red]ann").pause
    outputs = [
        crm.crmctl("jobs"),
        crm.crmctl("pause", "weekly_report", "--reason", HOSTILE),
        crm.crmctl("run", "heartbeat"),
        crm.crmctl("run", "low_stock", "--dry-run"),
        crm.crmctl("run", "low_stock"),
        crm.crmctl("runs", "low_stock", "--lines"),
        crm.crmctl("deleted-customers"),
        crm.crmctl("restore", customer.id),
    ]
    assert pause
    for result in outputs:
        assert result.output.replace("\n", "").isprintable()
    assert [result.exit_code for result in outputs] == [0, 2, 2, 0, 0, 0, 0, 0]
    assert f"paused by [red]ann since {format_time(pause.since)}: {SHOWN}" in outputs[0].stdout
    assert outputs[1].stderr == "Error: Reason contains control characters\n"
    assert f"Error: heartbeat is paused by [red]ann: {SHOWN}. Resume it first\n" == outputs[2].stderr
    assert all("[red]Lamp[/red]" in result.stdout for result in outputs[3:6])
    assert all(r"[bold]Ann[/bold] \u200fevil" in result.stdout for result in outputs[6:])


def test_api_error_messages_are_escaped(api: FakeApi) -> None:
    api.faults = deque([refuses(HOSTILE, "UNAVAILABLE", data=None), refuses(HOSTILE, "BAD", 400)])
    result = CliRunner().invoke(main, ["jobs", "--url", api.url])
    assert result.stderr.count(SHOWN) == 2
    assert len(result.stderr.splitlines()) == 2


def test_characters_missing_in_the_encoding_do_not_end_a_list(crm: ApiServer) -> None:
    a_product("山田 Lamp", stock=0)
    done = subprocess.run(
        [sys.executable, "-m", "crmctl", "low-stock", "--url", crm.url],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert rb"\u5c71\u7530 Lamp" in done.stdout


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "-"),
        (0.0, "0 ms"),
        (0.0254, "25 ms"),
        (4.24, "4.2 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (200, "3 min 20 s"),
        (3599.6, "1 h 00 min"),
        (7300, "2 h 01 min"),
    ],
)
def test_durations_are_short(seconds: float | None, shown: str) -> None:
    assert format_duration(seconds) == shown


def test_times_are_shown_to_the_minute_in_utc() -> None:
    assert format_time("2026-11-22T08:00:59.999999Z") == "2026-11-22 08:00 UTC"
    assert format_time("2026-11-22T08:00:00+02:00") == "2026-11-22 06:00 UTC"
