"""Commands whose first response is lost take effect once, against the real API."""

import json
import re
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.crm import deleted_customers
from chalicelib.jobs import job_state, run_records
from crmctl import keys
from crmctl.cli import main
from crmctl.client import Client
from tests.builders import a_customer, a_product, time_is
from tests.crmctl.api_server import ApiServer
from tests.crmctl.fake_api import FakeApi, drops_connection, loses_response, refuses, responds

NOON = "2026-11-23T12:00:00"


def test_run_is_started_once(crm: ApiServer) -> None:
    a_product("Lamp", stock=3)
    crm.lost_responses = 1
    result = crm.crmctl("run", "low_stock")
    assert result.exit_code == 0, result.output
    assert "Retrying" in result.stderr
    assert "restocked 1" in result.stdout
    assert len(run_records.latest("low_stock", 5)) == 1


def test_report_is_created_once(crm: ApiServer) -> None:
    with time_is(NOON):
        crm.lost_responses = 1
        assert crm.crmctl("remake-report", "2026-W47").exit_code == 0
        reports = json.loads(crm.crmctl("reports", "--json").stdout)
    assert [report["revision"] for report in reports] == [1]


def test_customer_is_restored_without_an_error(crm: ApiServer) -> None:
    ann = a_customer("Ann", "ann@example.com")
    deleted_customers.delete(ann.id)
    crm.lost_responses = 1
    result = crm.crmctl("restore", ann.id)
    assert (result.exit_code, result.stdout) == (0, f"Ann <ann@example.com> restored: {ann.id}\n")


def test_job_is_paused_and_resumed(crm: ApiServer) -> None:
    crm.lost_responses = 1
    assert crm.crmctl("pause", "low_stock", "--reason", "stock-taking").exit_code == 0
    assert job_state.find("low_stock").pause
    crm.lost_responses = 1
    assert crm.crmctl("resume", "low_stock").exit_code == 0
    assert not job_state.find("low_stock").pause


def test_one_key_is_created_and_its_printed_secret_works(crm: ApiServer) -> None:
    crm.lost_responses = 1
    result = crm.crmctl("keys", "create", "web shop", "--role", "editor")
    assert result.exit_code == 0, result.output
    assert api_keys.authenticate(result.stdout.strip()).role is Role.EDITOR
    assert len(json.loads(crm.crmctl("keys", "list", "--json").stdout)) == 1


def test_rotated_key_keeps_the_secret_in_use(crm: ApiServer) -> None:
    old = api_keys.create("shop", Role.VIEWER, "test")
    crm.lost_responses = 1
    result = crm.crmctl("keys", "rotate", old.api_key.id)
    new = result.stdout.strip()
    assert new != old.key
    assert f"The response with the secret of {old.api_key.id} was lost. Issuing another secret." in result.stderr
    assert api_keys.authenticate(new).id == api_keys.authenticate(old.key).id == old.api_key.id


@pytest.mark.no_database
@pytest.mark.parametrize("command", [("create", "web shop", "--role", "editor"), ("rotate", "0123456789ab")])
def test_secret_that_is_lost_twice_is_explained(api: FakeApi, command: tuple[str, ...]) -> None:
    key = {"id": "0123456789ab", "name": "web shop", "role": "EDITOR"}
    replayed = responds(
        200, json.dumps({"data": {"issued": {"key": key, "secret": None}}}), Idempotency_Replayed="true"
    )
    api.faults.extend([drops_connection, replayed, drops_connection, replayed])
    result = CliRunner().invoke(main, ["keys", *command, "--url", api.url])
    assert result.exit_code != 0
    assert "the response with it was lost twice. Run `crmctl keys rotate 0123456789ab`" in " ".join(
        result.output.split()
    )
    first, again, second, third = [headers["Idempotency-Key"] for headers in api.headers]
    assert (first, second) == (again, third)
    assert first != second


@pytest.mark.no_database
def test_every_mutation_outside_imports_is_sent_once() -> None:
    """Each command's mutation goes through `execute_once`; the rows of imports recognise themselves."""
    plain = {
        (file.name, match[1])
        for file in Path(keys.__file__).parent.glob("*.py")
        for match in re.finditer(r"client\.execute\(\s*(\w+)", file.read_text("utf-8"))
    }
    mutations = {
        (file, name)
        for file, name in plain
        if "mutation" in str(getattr(import_module(f"crmctl.{file.removesuffix('.py')}"), name, ""))
    }
    assert {file for file, _ in mutations} <= {"import_updates.py"}
    assert len(plain) >= 6


def test_key_is_revoked(crm: ApiServer) -> None:
    doomed = api_keys.create("shop", Role.VIEWER, "test")
    crm.lost_responses = 1
    assert crm.crmctl("keys", "revoke", doomed.api_key.id).exit_code == 0


@pytest.mark.no_database
def test_attempts_of_one_command_share_an_idempotency_key(api: FakeApi) -> None:
    mutation = "mutation { bulkCreateCustomers }"
    api.faults.extend([refuses("busy", "UNAVAILABLE"), refuses("busy", "IN_PROGRESS", 409), loses_response, None] * 2)
    client = Client(api.url)
    for _ in range(2):
        client.execute_once(mutation, {"input": []})
    client.execute(mutation, {"input": []})
    sent = [headers.get("Idempotency-Key") for headers in api.headers]
    first, second = sent[0], sent[4]
    assert sent == [first] * 4 + [second] * 4 + [None]
    assert first
    assert second
    assert first != second
