"""`crmctl export person` and `crmctl erase`, against the real API."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from chalicelib.api.http import endpoint
from chalicelib.crm import customer_references, customers, deleted_customers, orders
from chalicelib.jobs import backoff, erasure, run_records
from chalicelib.privacy import erased_people, erasures
from chalicelib.store import change_marks, tables
from crmctl.cli import main
from tests.builders import a_customer, a_product, rows_of
from tests.crmctl.api_server import ApiServer

REASON = ("--reason", "asked by letter")


@pytest.fixture(autouse=True)
def _indexes_without_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "INDEX_LAG", 0.0)


def ann_with_orders(count: int = 1) -> str:
    with change_marks.made_by("test"):
        ann = a_customer("Ann Leeson", "ann@leeson.example", phone="+49 30 1234567")
        customers.update(ann.id, {"name": "Ann Leesen"})
    customer_references.link("shop:7", ann.id)
    lamp = a_product(stock=500)
    for _ in range(count):
        orders.place(ann.id, {lamp.id: 1})
    return ann.id


@pytest.mark.parametrize("who", ["ANN@leeson.example", "id"])
def test_everything_about_a_person_is_written(crm: ApiServer, tmp_path: Path, who: str) -> None:
    customer_id = ann_with_orders(101)
    file = tmp_path / "ann.json"
    done = crm.crmctl("export", "person", customer_id if who == "id" else who, "--output", str(file))
    assert (done.exit_code, done.stdout) == (0, ""), done.output
    found = json.loads(file.read_text())
    assert (found["customerId"], found["customer"]["name"]) == (customer_id, "Ann Leesen")
    assert found["names"] == ["Ann Leesen", "Ann Leeson"]
    assert (found["references"], found["orderCount"], len(found["orders"])) == (["shop:7"], 101, 101)
    assert found["orders"][0]["lines"][0]["name"] == "Lamp"
    assert {"SEARCH_WORD", "CHANGE"} == {trace["kind"] for trace in found["traces"]}
    assert done.stderr == f"101 orders and {len(found['traces'])} traces written.\n"


def test_orders_that_are_too_large_for_one_answer_are_read_in_smaller_parts(
    crm: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann_with_orders(9)
    monkeypatch.setattr(endpoint, "MAX_RESPONSE_BYTES", 2_000)
    found = json.loads(crm.crmctl("export", "person", "ann@leeson.example").stdout)
    assert len({order["id"] for order in found["orders"]}) == 9


def test_a_deleted_customer_is_found_by_the_address(crm: ApiServer) -> None:
    customer_id = ann_with_orders()
    deleted_customers.delete(customer_id)
    found = json.loads(crm.crmctl("export", "person", "ann@leeson.example").stdout)
    assert (found["customer"], found["deletedCustomer"]["name"]) == (None, "Ann Leesen")


@pytest.mark.parametrize("words", [("person",), ("customers", "ann@leeson.example")])
def test_only_a_person_has_an_address(crm: ApiServer, words: tuple[str, ...]) -> None:
    done = crm.crmctl("export", *words)
    assert (done.exit_code, "Give an e-mail address or an id" in done.stderr) == (2, True)


def test_an_unknown_person_is_an_error(crm: ApiServer) -> None:
    for command in (("export", "person", "bob@example.com"), ("erase", "bob@example.com", *REASON)):
        done = crm.crmctl(*command)
        assert (done.exit_code, done.stderr) == (2, "Error: Nothing is kept about 'bob@example.com'.\n")


def test_a_dry_run_shows_what_would_be_erased(crm: ApiServer) -> None:
    customer_id = ann_with_orders()
    before = rows_of(tables.AuxRow)
    done = crm.crmctl("erase", "ann@leeson.example", *REASON, "--dry-run")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith(
        "Ann Leesen <ann@leeson.example> would be erased for good. 1 order would stay, without a person\n"
    )
    assert "SEARCH_WORD: leesen" in done.stdout
    assert customers.find(customer_id)
    new = {key[0].partition("#")[0] for key in rows_of(tables.AuxRow).keys() - before.keys()}
    assert new <= {"idempotency"}, "the response of the preview itself"


def test_an_erasure_asks_first(crm: ApiServer) -> None:
    customer_id = ann_with_orders()
    for answer, expected in (("n\n", "Nothing was erased."), ("", "There was no answer.")):
        words = ["erase", "ann@leeson.example", *REASON, "--url", crm.url]
        done = CliRunner().invoke(main, words, input=answer)
        assert done.exit_code == 2
        assert expected in done.stderr
    assert customers.find(customer_id)
    done = CliRunner().invoke(main, ["erase", "ann@leeson.example", *REASON, "--url", crm.url], input="y\n")
    assert done.exit_code == 0, done.output
    assert f"Erased {customer_id}" in done.stdout
    assert rows_of(tables.Customer) == {}


def test_an_erasure_without_a_question(crm: ApiServer) -> None:
    customer_id = ann_with_orders()
    done = crm.crmctl("erase", customer_id, *REASON, "--yes")
    assert done.exit_code == 0, done.output
    left = json.loads(crm.crmctl("export", "person", customer_id).stdout)
    assert (left["customer"], left["names"], len(left["orders"])) == (None, [], 1)
    again = crm.crmctl("erase", customer_id, *REASON, "--yes")
    assert (again.exit_code, "There is no customer" in again.stderr) == (2, True)


def test_a_reason_that_names_the_person_is_refused(crm: ApiServer) -> None:
    ann_with_orders()
    done = crm.crmctl("erase", "ann@leeson.example", "--reason", "Ann Leesen has called", "--yes")
    assert (done.exit_code, "it must not name the person" in done.stderr) == (2, True)


def test_an_erasure_that_failed_is_continued_with_run(crm: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    customer_id = ann_with_orders()

    def fail(*_: object) -> None:
        raise ValueError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(erasures, "_read", fail)
        patch.setattr(backoff, "MAX_ATTEMPTS_WITHOUT_PROGRESS", 1)
        failed = crm.crmctl("erase", customer_id, *REASON, "--yes")
    assert failed.exit_code == 1, failed.output
    slot = run_records.latest("erasure", 1)[0].slot
    assert f"continue it with: crmctl run erasure --slot {slot}" in failed.stderr.replace("\n", " ")
    status = crm.crmctl("status")
    assert (status.exit_code, "erasure" in status.stdout) == (1, True)
    assert "FAILED" in crm.crmctl("runs", "erasure").stdout
    done = crm.crmctl("run", "erasure", "--slot", slot)
    assert (done.exit_code, f"Erased {customer_id}" in done.stdout) == (0, True), done.output
    assert f"Erased {customer_id}" in crm.crmctl("logs", "erasure").stdout
    assert erased_people.find(customer_id) is None


def test_nothing_else_starts_an_erasure(crm: ApiServer) -> None:
    for command in (("run", "erasure"), ("pause", "erasure", "--reason", "x"), ("run", "erasure", "--dry-run")):
        done = crm.crmctl(*command)
        assert (done.exit_code, "There is no job 'erasure'" in done.stderr) == (2, True), done.output


def test_the_log_of_a_job_that_does_not_exist_is_an_error(crm: ApiServer) -> None:
    done = crm.crmctl("logs", "nothing")
    assert (done.exit_code, "There is no job 'nothing'" in done.stderr) == (2, True), done.output
