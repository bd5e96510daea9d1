"""An import interrupted by the network, the server or the user."""

import signal
import subprocess
import time
from collections import deque
from pathlib import Path

import pytest

from crmctl.importer import Sender
from crmctl.prepared_rows import PreparedRows
from tests.crmctl.fake_api import (
    FakeApi,
    cuts_response,
    drops_connection,
    loses_response,
    refuses,
    rejects_batches_above,
    responds,
)
from tests.crmctl.import_files import PRODUCTS, ROOT, RunImport, command, counts, many_customers, rejected, write


@pytest.mark.parametrize(
    "fault",
    [
        drops_connection,
        loses_response,
        cuts_response,
        responds(503, "busy", "text/plain"),
        responds(502, "<html>", "text/html"),
        responds(429, "{}", Retry_After="0"),
        responds(200, '{"data": {"bulkCr'),
        refuses("The database did not answer", "UNAVAILABLE", data=None),
        refuses("Internal error", "INTERNAL", data={"bulkCreateCustomers": None}),
    ],
)
def test_transient_failure_is_retried_without_duplicates(api: FakeApi, run_import: RunImport, fault: object) -> None:
    api.faults = deque([fault, fault, None, fault])  # type: ignore[list-item]
    result = run_import()

    assert result.exit_code == 0, result.output
    assert "Retrying in" in result.stderr
    assert {kind: len(rows) for kind, rows in api.rows.items()} == {"customers": 2, "products": 2, "orders": 2}


def test_only_rows_with_transient_errors_are_retried(api: FakeApi, run_import: RunImport) -> None:
    api.row_errors = {"bob@example.com": deque(["UNAVAILABLE", "CONFLICT", "INTERNAL"])}
    assert run_import().exit_code == 0
    sent = [[row["name"] for row in rows] for rows in api.inputs("bulkCreateCustomers")]
    assert sent == [["Alice", "Bob"], ["Bob"], ["Bob"], ["Bob"]]


def test_row_that_keeps_failing_is_rejected_with_its_code(api: FakeApi, run_import: RunImport) -> None:
    api.row_errors = {"PEN": deque(["CONFLICT"] * 9)}
    assert run_import().exit_code == 1
    assert rejected(Path("products.rejected.csv")) == [(3, "CONFLICT", "Temporary failure.")]
    assert len(api.row_errors["PEN"]) == 4


def test_too_large_request_is_split_and_too_large_row_rejected(api: FakeApi, run_import: RunImport) -> None:
    api.faults = deque([None, rejects_batches_above(1)])
    assert run_import().exit_code == 0
    api.faults = deque([None, rejects_batches_above(0)])
    assert run_import().exit_code == 1
    assert [code for _, code, _ in rejected(Path("customers.rejected.csv"))] == ["TOO_LARGE"] * 2


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (responds(401, "<h1>no</h1>", "text/html"), "--key"),
        (refuses("A valid key is needed", "UNAUTHENTICATED", 401), "A valid key is needed"),
        (refuses("Editors only", "FORBIDDEN", data=None), "CRM_KEY"),
        (responds(403, '{"message": "Forbidden"}'), "--key"),
        (responds(200, "<html>Welcome</html>", "text/html"), "not a GraphQL endpoint"),
        (responds(404, '{"message": "Not Found"}'), "not a GraphQL endpoint"),
        (responds(200, "[1]"), "not a GraphQL endpoint"),
        (responds(301, Location="https://crm.example/graphql"), "Pass that address"),
        (refuses("Syntax Error", "BAD", 400), "(HTTP 400): Syntax Error"),
        (responds(200, '{"data": null}'), "no reason given"),
    ],
)
def test_permanent_error_stops_the_import_with_its_reason(
    api: FakeApi, run_import: RunImport, fault: object, message: str
) -> None:
    api.faults = deque([fault])  # type: ignore[list-item]
    result = run_import("--key", "crm_1_secret")

    assert result.exit_code == 2
    assert message in result.stderr
    assert "Nothing was imported." in result.stderr
    assert "crm_1_secret" not in result.output
    assert len(api.requests) == 1


def test_an_older_server_stops_the_import_which_says_so(api: FakeApi, run_import: RunImport) -> None:
    api.faults = deque([None, refuses("Cannot query field 'phoneNote' on type 'Customer'", "BAD", 400)])
    result = run_import()
    assert result.exit_code == 2
    assert "is older than this crmctl" in " ".join(result.stderr.split())
    assert "Cannot query field 'phoneNote'" in " ".join(result.stderr.split())


def test_a_response_without_a_result_for_every_row_stops_the_import(api: FakeApi, run_import: RunImport) -> None:
    api.faults = deque([None, responds(200, '{"data": {"bulkCreateCustomers": {"results": []}}}')])
    result = run_import()

    assert result.exit_code == 2
    assert "does not have a result for every row" in result.stderr
    assert "Nothing was imported." in result.stderr


def test_import_that_stops_half_way_continues_when_repeated(api: FakeApi, files: Path, run_import: RunImport) -> None:
    write(files, products=PRODUCTS + "BAD,Free,0,1\n")
    api.faults = deque([None, None, None, *[responds(503)] * 6])
    stopped = run_import()

    assert stopped.exit_code == 2
    assert "Gave up after 6 attempts" in stopped.stderr
    assert "Repeat the command to continue" in stopped.stderr
    assert counts(stopped.stdout) == {"customers": (2, 0, 0), "products": (2, 0, 1), "orders": (0, 0, 0)}
    assert Path("products.rejected.csv").exists()
    assert counts(run_import().stdout) == {"customers": (0, 2, 0), "products": (0, 2, 1), "orders": (2, 0, 0)}


def test_ctrl_c_reports_what_is_done_and_repeating_continues(
    api: FakeApi, files: Path, tmp_path: Path, run_import: RunImport
) -> None:
    write(files, customers=many_customers(3000))
    api.request_seconds = 0.1
    with subprocess.Popen(
        command(api, files, "--rejects", str(tmp_path)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while len(api.requests) < 3:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=10)

    assert process.returncode == 130, errors
    assert "Repeat the command to continue" in errors
    assert counts(output) == {"customers": (len(api.rows["customers"]), 0, 0)}
    api.request_seconds = 0
    done = len(api.rows["customers"])
    assert counts(run_import().stdout)["customers"] == (3000 - done, done, 0)


def test_ctrl_c_writes_rejects_so_far(files: Path, run_import: RunImport, monkeypatch: pytest.MonkeyPatch) -> None:
    send_all = Sender.send_all

    def interrupt_the_products(sender: Sender, prepared: PreparedRows) -> None:
        if prepared.kind == "products":
            raise KeyboardInterrupt
        send_all(sender, prepared)

    write(files, customers="name,email,phone,created_at\nCarl,carl@example.com,,soon\n")
    monkeypatch.setattr(Sender, "send_all", interrupt_the_products)
    result = run_import()
    assert result.exit_code == 130
    assert "Repeat the command to continue" in result.stderr
    assert [code for _, code, _ in rejected(Path("customers.rejected.csv"))] == ["INVALID_DATE"]
