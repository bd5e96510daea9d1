"""What does an import do when the network, the server or its user interrupts it?"""

import signal
import subprocess
import time
from collections import deque
from pathlib import Path

import pytest

from crmctl import import_command
from crmctl.client import Client
from crmctl.importer import send_all
from tests.crmctl.fake_api import (
    FakeApi,
    answers,
    breaks_off_the_answer,
    drops_the_connection,
    loses_the_answer,
    refuses,
    too_large_above,
)
from tests.crmctl.import_files import PRODUCTS, ROOT, RunImport, command, counts, many_customers, rejected, write


@pytest.mark.parametrize(
    "fault",
    [
        drops_the_connection,
        loses_the_answer,
        breaks_off_the_answer,
        answers(503, "busy", "text/plain"),
        answers(502, "<html>", "text/html"),
        answers(429, "{}", Retry_After="0"),
        answers(200, '{"data": {"bulkCr'),
        refuses("The database did not answer", "UNAVAILABLE", data=None),
        refuses("Internal error", "INTERNAL", data={"bulkCreateCustomers": None}),
    ],
)
def test_a_request_that_failed_for_the_moment_is_repeated_and_creates_nothing_twice(
    api: FakeApi, run_import: RunImport, fault: object
) -> None:
    api.faults = deque([fault, fault, None, fault])  # type: ignore[list-item]
    result = run_import()

    assert result.exit_code == 0, result.output
    assert "Trying again in" in result.stderr
    assert {kind: len(rows) for kind, rows in api.rows.items()} == {"customers": 2, "products": 2, "orders": 2}


def test_only_the_rows_that_met_with_bad_luck_are_sent_again(api: FakeApi, run_import: RunImport) -> None:
    api.row_errors = {"bob@example.com": deque(["UNAVAILABLE", "CONFLICT", "INTERNAL"])}
    assert run_import().exit_code == 0
    sent = [[row["name"] for row in rows] for rows in api.inputs("bulkCreateCustomers")]
    assert sent == [["Alice", "Bob"], ["Bob"], ["Bob"], ["Bob"]]


def test_a_row_that_never_has_luck_is_rejected_with_the_last_code(api: FakeApi, run_import: RunImport) -> None:
    api.row_errors = {"PEN": deque(["CONFLICT"] * 9)}
    assert run_import().exit_code == 1
    assert rejected(Path("products.rejected.csv")) == [(3, "CONFLICT", "Bad luck.")]
    assert len(api.row_errors["PEN"]) == 4


def test_a_request_that_is_too_large_is_cut_and_a_row_that_is_too_large_rejected(
    api: FakeApi, run_import: RunImport
) -> None:
    api.faults = deque([too_large_above(1)])
    assert run_import().exit_code == 0
    api.faults = deque([too_large_above(0)])
    assert run_import().exit_code == 1
    assert [code for _, code, _ in rejected(Path("customers.rejected.csv"))] == ["TOO_LARGE"] * 2


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (answers(401, "<h1>no</h1>", "text/html"), "--key"),
        (refuses("A valid key is needed", "UNAUTHENTICATED", 401), "A valid key is needed"),
        (refuses("Editors only", "FORBIDDEN", data=None), "CRM_KEY"),
        (answers(403, '{"message": "Forbidden"}'), "--key"),
        (answers(200, "<html>Welcome</html>", "text/html"), "no GraphQL endpoint"),
        (answers(404, '{"message": "Not Found"}'), "no GraphQL endpoint"),
        (answers(200, "[1]"), "no GraphQL endpoint"),
        (answers(301, Location="https://crm.example/graphql"), "Use that address"),
        (refuses("Cannot query field 'bulkCreateCustomers'", "BAD", 400), "(HTTP 400): Cannot query field"),
        (answers(200, '{"data": null}'), "it gives no reason"),
        (answers(200, '{"data": {"bulkCreateCustomers": {"results": []}}}'), "what became of each row"),
    ],
)
def test_an_answer_that_another_try_would_not_change_stops_the_import_and_says_why(
    api: FakeApi, run_import: RunImport, fault: object, said: str
) -> None:
    api.faults = deque([fault])  # type: ignore[list-item]
    result = run_import("--key", "crm_1_secret")

    assert result.exit_code == 2
    assert said in result.stderr
    assert "Nothing was imported." in result.stderr
    assert "crm_1_secret" not in result.output
    assert len(api.requests) == 1


def test_an_import_that_stops_half_way_says_so_and_goes_on_when_repeated(
    api: FakeApi, files: Path, run_import: RunImport
) -> None:
    write(files, products=PRODUCTS + "BAD,Free,0,1\n")
    api.faults = deque([None, None, *[answers(503)] * 6])
    stopped = run_import()

    assert stopped.exit_code == 2
    assert "Gave up after 6 attempts" in stopped.stderr
    assert "Repeat the command to continue" in stopped.stderr
    assert counts(stopped.stdout) == {"customers": (2, 0, 0), "products": (2, 0, 1), "orders": (0, 0, 0)}
    assert Path("products.rejected.csv").exists()
    assert counts(run_import().stdout) == {"customers": (0, 2, 0), "products": (0, 2, 1), "orders": (2, 0, 0)}


def test_ctrl_c_says_what_is_done_and_that_repeating_continues(
    api: FakeApi, files: Path, tmp_path: Path, run_import: RunImport
) -> None:
    write(files, customers=many_customers(3000))
    api.seconds_a_request = 0.1
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
    api.seconds_a_request = 0
    done = len(api.rows["customers"])
    assert counts(run_import().stdout)["customers"] == (3000 - done, done, 0)


def test_ctrl_c_writes_the_rejects_so_far(files: Path, run_import: RunImport, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt_the_products(client: Client, kind: str, *args: object, **options: object) -> None:
        if kind == "products":
            raise KeyboardInterrupt
        send_all(client, kind, *args, **options)  # type: ignore[arg-type]

    write(files, customers="name,email,phone,created_at\nCarl,carl@example.com,,soon\n")
    monkeypatch.setattr(import_command, "send_all", interrupt_the_products)
    result = run_import()
    assert result.exit_code == 130
    assert "Repeat the command to continue" in result.stderr
    assert [code for _, code, _ in rejected(Path("customers.rejected.csv"))] == ["INVALID_DATE"]
