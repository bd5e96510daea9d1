"""A new job is one module, one entry in the catalogue and three lines in app.py; the rest follows from the entry."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy import chalice_files, package, policies
from tests.conftest import ROOT
from tests.deploy.building import Template, copy_of_checkout, of_type
from tests.deploy.kept import kept, sources_of

pytestmark = pytest.mark.no_database
MODULE = '''"""Counts products."""

from chalicelib.jobs.job import Preview, StepContext, StepResult

NAME = "stock_count"


def step(_context: StepContext) -> StepResult:
    return StepResult(None, ("counted",))


def preview(_execute: object, _now: object, _arguments: object) -> Preview:
    return Preview("Would count", ())
'''
ENTRY = """STOCK_COUNT = Job(
    name=stock_count.NAME,
    schedule=Schedule("30 3 * * *"),
    description="Counts products",
    step=stock_count.step,
    preview=stock_count.preview,
    catch_up=CatchUp.LATEST,
    overlap=Overlap.WAIT,
    grace=_HOUR,
    max_runs=6,
    window=_HOUR,
    permissions=Permissions(tables={"products": ("GetItem",)}),
    memory=256,
)
"""
LINES = """

@app.schedule(cron(catalog.STOCK_COUNT), name=catalog.STOCK_COUNT.name)
def stock_count(event: CloudWatchEvent) -> None:
    fire(catalog.STOCK_COUNT, event)
"""
PACKAGE = (
    "import sys; from pathlib import Path; from deploy import package; package.make_template('prod', Path(sys.argv[1]))"
)


def replace(file: Path, before: str, after: str) -> None:
    text = file.read_text("utf-8")
    assert text.count(before) == 1
    file.write_text(text.replace(before, after), "utf-8")


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Template:
    checkout = copy_of_checkout(tmp_path_factory.mktemp("job") / "checkout", "deploy")
    (checkout / "resources.yaml").write_bytes((ROOT / "resources.yaml").read_bytes())
    (checkout / "requirements.txt").write_text("")
    (checkout / "chalicelib/jobs/stock_count.py").write_text(MODULE)
    catalog = checkout / "chalicelib/jobs/catalog.py"
    replace(catalog, "order_reminders, weekly_report\n", "order_reminders, stock_count, weekly_report\n")
    replace(catalog, "\nJOBS = {", f"\n{ENTRY}JOBS = {{")
    replace(catalog, "CUSTOMER_CLEANUP, WEEKLY_REPORT)}", "CUSTOMER_CLEANUP, WEEKLY_REPORT, STOCK_COUNT)}")
    with (checkout / "app.py").open("a") as file:
        file.write(LINES)
    place = kept("new-job", [PACKAGE, *sources_of(checkout)], lambda place: make_template(checkout, place))
    return Template("prod", place / "sam.json")


def make_template(checkout: Path, out: Path) -> None:
    """With the changed checkout's own `deploy`, so in a process of its own."""
    command = [sys.executable, "-c", PACKAGE, str(out)]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def resource(packaged: Template, name: str) -> dict[str, Any]:
    found: dict[str, Any] = packaged.content["Resources"][name]["Properties"]
    return found


def test_a_sixth_job_has_its_function_schedule_role_and_log_group(packaged: Template) -> None:
    function = resource(packaged, "StockCount")
    assert function["FunctionName"] == "crm-prod-stock_count"
    assert (function["MemorySize"], function["Timeout"]) == (256, 300)
    assert function["ReservedConcurrentExecutions"]["Fn::If"][1] == 2
    assert function["Environment"]["Variables"] == {"CRM_STAGE": "prod"}
    assert function["EventInvokeConfig"] == {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600}
    assert function["Events"]["StockCountEvent"]["Properties"]["Schedule"] == "cron(30 3 * * ? *)"
    assert resource(packaged, "StockCountLog")["LogGroupName"] == "/aws/lambda/crm-prod-stock_count"
    (policy,) = resource(packaged, "StockCountRole")["Policies"]
    allowed = json.dumps(policy["PolicyDocument"])
    assert "table/crm-prod-products" in allowed
    assert "table/crm-prod-customers" not in allowed


def test_a_sixth_job_is_in_the_alarms_and_the_dashboard_within_the_limits(packaged: Template) -> None:
    alarms = of_type(packaged.content["Resources"], "AWS::CloudWatch::Alarm")
    watched = json.dumps(alarms["FunctionErrorsAlarm"])
    assert "crm-prod-stock_count" in watched
    assert "crm-prod-stock_count" in json.dumps(resource(packaged, "Dashboard"))
    for alarm in alarms.values():
        assert sum("MetricStat" in entry for entry in alarm.get("Metrics", ())) <= 10


def test_the_checked_in_files_are_complete() -> None:
    config = json.loads((ROOT / ".chalice" / "config.json").read_text("utf-8"))
    for stage in policies.STAGES:
        assert set(config["stages"][stage]["lambda_functions"]) == set(policies.NEEDS), "run make policies"


def test_what_config_json_has_stays_and_what_is_missing_is_added(tmp_path: Path) -> None:
    (tmp_path / ".chalice").mkdir()
    file = tmp_path / ".chalice" / "config.json"
    config = json.loads((package.ROOT / ".chalice" / "config.json").read_text("utf-8"))
    functions = config["stages"]["prod"]["lambda_functions"]
    before = {name: dict(entry) for name, entry in functions.items()}
    del functions["low_stock"], functions["work"], functions["api_handler"]
    functions["heartbeat"]["lambda_memory_size"] = 2048
    file.write_text(json.dumps(config))
    chalice_files.complete(tmp_path)
    after = json.loads(file.read_text("utf-8"))["stages"]["prod"]["lambda_functions"]
    before["heartbeat"]["lambda_memory_size"] = 2048
    assert after == before
