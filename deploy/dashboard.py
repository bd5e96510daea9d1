"""The dashboard of a stage. It lists functions and tables by name: a SEARCH for a quoted name finds no longer ones."""

import json
from typing import Any

from deploy.functions import FUNCTIONS, function_name

_QUEUES = ("jobs", "jobs-dead", "email-events", "email-events-dead")
Place = tuple[int, int, int]
"""(column, row, width)"""


def dashboard(tables: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Name each function and table: a SEARCH for a quoted name finds only the name itself, not those that begin with it."""
    names = [properties["TableName"]["Fn::Sub"] for properties in tables.values()]
    functions = [function_name(each) for each in FUNCTIONS]
    body = json.dumps({"widgets": [*_api_and_jobs(), *_resources(names, functions)]})
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {"DashboardName": _sub("crm-${Stage}"), "DashboardBody": _sub(body)},
    }


def _api_and_jobs() -> list[dict[str, Any]]:
    """The widgets that show how the API and the jobs are doing."""
    api = ["ApiName", "crm-${Stage}", "Stage", "api"]
    beat = ["stage", "${Stage}", "job", "heartbeat"]
    runs = [["CRM", name, "stage", "${Stage}"] for name in ("RunSucceeded", "RunFailed", "JobLate")]
    requests = [["AWS/ApiGateway", name, *api] for name in ("Count", "4XXError", "5XXError")]
    latency: list[list[Any]] = [
        ["AWS/ApiGateway", "Latency", *api],
        ["CRM", "latency_ms", *beat, {"stat": "Maximum", "label": "heartbeat"}],
    ]
    return [
        _widget((0, 0, 8), "API: requests and errors", "Sum", requests),
        _widget((8, 0, 8), "API: milliseconds", "p99", latency),
        _widget((16, 0, 8), "Alive (1) or down (0)", "Minimum", [["CRM", "up", *beat]]),
        _widget((0, 6, 8), "Runs", "Sum", runs),
    ]


def _resources(tables: list[str], functions: list[str]) -> list[dict[str, Any]]:
    """The widgets that show what queues, functions and tables do."""
    visible = "ApproximateNumberOfMessagesVisible"
    queues = [["AWS/SQS", visible, "QueueName", f"crm-${{Stage}}-{name}"] for name in _QUEUES]
    troubles = [["AWS/Lambda", name, "FunctionName", each] for each in functions for name in ("Errors", "Throttles")]
    durations = [["AWS/Lambda", "Duration", "FunctionName", each] for each in functions]
    units = [
        ["AWS/DynamoDB", f"Consumed{kind}CapacityUnits", "TableName", name]
        for name in tables
        for kind in ("Read", "Write")
    ]
    return [
        _widget((8, 6, 8), "Queue and dead letters", "Maximum", queues),
        _widget((16, 6, 8), "Functions: errors and throttles", "Sum", troubles),
        _widget((0, 12, 12), "Functions: p99 milliseconds", "p99", durations),
        _widget((12, 12, 12), "DynamoDB units", "Sum", units),
    ]


def _widget(place: Place, title: str, stat: str, metrics: list[list[Any]]) -> dict[str, Any]:
    x, y, width = place
    properties = {"region": "${AWS::Region}", "title": title, "stat": stat, "period": 300, "metrics": metrics}
    return {"type": "metric", "x": x, "y": y, "width": width, "height": 6, "properties": properties}


def _sub(text: str) -> Any:
    return {"Fn::Sub": text}
