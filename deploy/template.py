"""What does the packaged stack look like, beside what Chalice writes?

`resources.yaml` and `deploy/stack.yaml` become one file for `chalice package --merge-template`. The stage's name is
written out in it: CloudFormation takes over tables that are there already only under names that are literal.
"""

import json
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

from chalice.package import TemplateDeepMerger, YAMLTemplateSerializer

from chalicelib.jobs import catalog
from chalicelib.jobs.job import CatchUp
from deploy import address, alarms, dashboard, email_reports, quota, stage_options
from deploy.functions import DISPATCH, FUNCTIONS, function_name, log_id, logical_id

ROOT = Path(__file__).resolve().parent.parent
RESOURCES = ROOT / "resources.yaml"
CONFIG = ROOT / ".chalice" / "config.json"
STACK = Path(__file__).with_name("stack.yaml")
_ARN = "arn:*:"
_ANYWHERE = ":*:*:"
TABLE = "AWS::DynamoDB::Table"
_INVOKED_BY = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${RestAPI}/STAGE/*"


def read(file: Path) -> dict[str, Any]:
    """Short forms such as !Ref come in their long form. The result is the caller's own, to change."""
    return deepcopy(_parse(file.read_text("utf-8"), str(file)))


@lru_cache(maxsize=8)
def _parse(text: str, name: str) -> dict[str, Any]:
    """Parse each text once: `deploy up` needs the templates again and again, each time 0.06 s (measured)."""
    loaded: dict[str, Any] = YAMLTemplateSerializer().load_template(text, name)
    return loaded


def to_merge(stage: str, config: Path | None = None) -> dict[str, Any]:
    """Return what Chalice shall merge into the template of `stage`. `config` is Chalice's, if it is not that of this checkout."""
    functions = {"Resources": {logical_id(name): {"Properties": _properties(name, stage)} for name in FUNCTIONS}}
    merged, config = read(STACK), config or CONFIG
    of_email = email_reports.functions(stage, config)
    of_address, of_api = address.to_merge(stage, config), _api(stage, config)
    for more in (of_address, of_api, functions, of_email, _all_resources(stage, config)):
        merged = TemplateDeepMerger().merge(merged, more)
    return _for_stage(merged, stage)


def resources(stage: str) -> dict[str, Any]:
    """Return resources.yaml, with all that is generated, as a template of its own for `chalice deploy`."""
    return _for_stage(_all_resources(stage, CONFIG), stage)


def _all_resources(stage: str, config: Path) -> dict[str, Any]:
    found = read(RESOURCES)
    entries = found["Resources"]
    tables = {name: entry["Properties"] for name, entry in entries.items() if entry["Type"] == TABLE}
    for name in FUNCTIONS:
        entries[log_id(name)] = _log_group(name)
    entries |= alarms.alarms()
    entries |= email_reports.resources(stage, config)
    options = stage_options.load(stage, config)
    if options.dashboard:
        entries["Dashboard"] = dashboard.dashboard(tables)
    if options.few_alarms:
        found["Resources"] = alarms.only_few(entries)
    return found


def _api(stage: str, config: Path) -> dict[str, Any]:
    """Return what the options of the stage decide about the API."""
    return {"Resources": {"RestAPI": {"Properties": {"TracingEnabled": stage_options.load(stage, config).traced}}}}


def _properties(function: str, stage: str) -> dict[str, Any]:
    """A late heartbeat says nothing, and the other jobs' slots are caught up by the watchdog."""
    found: dict[str, Any] = {
        "FunctionName": {"Fn::Sub": function_name(function)},
        "Environment": {"Variables": {"CRM_STAGE": stage}},
    }
    if function in catalog.JOBS:
        age = 3600 if catalog.JOBS[function].catch_up is not CatchUp.NONE else 300
        found["EventInvokeConfig"] = {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": age}
    if function == DISPATCH:  # the next minute makes up for one that failed
        found["EventInvokeConfig"] = {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
    return found


def _log_group(function: str) -> dict[str, Any]:
    """The functions may not make log groups themselves, so none is left without an end."""
    properties = {
        "LogGroupName": {"Fn::Sub": f"/aws/lambda/{function_name(function)}"},
        "RetentionInDays": {"Fn::If": ["IsProd", 90, 14]},
    }
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": {"Fn::If": ["IsProd", "RetainExceptOnCreate", "Delete"]},
        "UpdateReplacePolicy": {"Fn::If": ["IsProd", "Retain", "Delete"]},
        "Properties": properties,
    }


def _for_stage(template: dict[str, Any], stage: str) -> dict[str, Any]:
    del template["Parameters"]["Stage"]
    del template["Conditions"]["IsProd"]
    written: dict[str, Any] = _write_out(template, stage)
    return written


def _write_out(node: Any, stage: str) -> Any:
    """The stage as text, what depends on it decided, and text with nothing left to substitute as plain text."""
    if isinstance(node, dict):
        if node == {"Ref": "Stage"}:
            return stage
        if set(node) == {"Fn::If"} and node["Fn::If"][0] == "IsProd":
            return _write_out(node["Fn::If"][1 if stage == "prod" else 2], stage)
        if set(node) == {"Fn::Sub"} and isinstance(node["Fn::Sub"], str):
            text = node["Fn::Sub"].replace("${Stage}", stage)
            return {"Fn::Sub": text} if "${" in text else text
        return {key: _write_out(value, stage) for key, value in node.items()}
    if isinstance(node, list):
        return [_write_out(value, stage) for value in node]
    return node


def finish(template: dict[str, Any]) -> dict[str, Any]:
    """Limit roles to this account and region, and the API's permission to its one stage."""
    permission = template["Resources"]["APIHandlerInvokePermission"]["Properties"]
    permission["SourceArn"] = {
        "Fn::Sub": _INVOKED_BY.replace("STAGE", template["Resources"]["RestAPI"]["Properties"]["StageName"])
    }
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::IAM::Role":
            for entry in resource["Properties"].get("Policies", ()):
                for statement in entry["PolicyDocument"]["Statement"]:
                    statement["Resource"] = _here(statement["Resource"])
    _wait_for_tables(template)
    address.finish(template)
    quota.make_optional(template)
    return template


def _wait_for_tables(template: dict[str, Any]) -> None:
    """Let functions come after tables and their indexes, so that no code asks for an index that is not there yet."""
    tables = sorted(name for name, entry in template["Resources"].items() if entry["Type"] == TABLE)
    for entry in template["Resources"].values():
        if entry["Type"] == "AWS::Serverless::Function":
            entry["DependsOn"] = tables


def _here(arn: str) -> Any:
    if not arn.startswith(_ARN) or _ANYWHERE not in arn:
        return arn
    service, rest = arn.removeprefix(_ARN).split(_ANYWHERE, 1)
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}"}


def dump(template: dict[str, Any]) -> str:
    return json.dumps(template, indent=1)


def body(template: dict[str, Any]) -> str:
    """Return the template as the body of a request, which may have 51,200 bytes: without blanks that nobody reads."""
    return json.dumps(template, separators=(",", ":"))
