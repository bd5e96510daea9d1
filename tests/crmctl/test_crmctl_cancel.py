"""`crmctl cancel`: what it prints, and its exit status."""

from chalicelib.jobs import catalog, ledger, operator_actions
from chalicelib.jobs.run_records import Status
from tests.crmctl.api_server import ApiServer
from tests.jobs.job_runs import find_run


def test_a_waiting_run_is_cancelled(crm: ApiServer) -> None:
    crm.consuming = False
    slot = operator_actions.run_now(catalog.LOW_STOCK, "ann", {}).slot
    result = crm.crmctl("cancel", "low_stock", slot, "--reason", "wrong prices")
    assert result.exit_code == 0
    assert "CANCELLED (OPERATOR by ann): cancelled by open access: wrong prices" in result.stdout
    assert find_run("low_stock", slot).status is Status.CANCELLED
    again = crm.crmctl("cancel", "low_stock", slot, "--reason", "wrong prices")
    assert again.exit_code == 2
    assert "has the state CANCELLED" in again.stderr
    assert "CANCELLED" in crm.crmctl("runs", "low_stock", "--status", "cancelled").stdout


def test_a_run_in_progress_ends_later(crm: ApiServer) -> None:
    crm.consuming = False
    slot = operator_actions.run_now(catalog.LOW_STOCK, "ann", {}).slot
    assert ledger.claim(catalog.LOW_STOCK, slot)
    result = crm.crmctl("cancel", "low_stock", slot, "--reason", "wrong prices")
    assert result.exit_code == 0
    assert "RUNNING" in result.stdout
    assert "It ends after the step that it is taking." in result.stdout


def test_a_reason_is_required(crm: ApiServer) -> None:
    result = crm.crmctl("cancel", "low_stock", "2026-11-22T12:00")
    assert result.exit_code == 2
    assert "--reason" in result.stderr
    assert not crm.requests
