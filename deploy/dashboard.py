"""The dashboard of a stage. It lists functions and tables by name: a SEARCH for a quoted name finds no longer ones."""

import json
from typing import Any

from deploy.functions import FUNCTIONS, function_name

Place = tuple[int, int, int]
"""(column, row, width)"""


def dashboard(tables: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Name each function and table: a SEARCH for a quoted name finds only the name itself, not those that begin with it."""
    names = [properties["TableName"]["Fn::Sub"] for properties in tables.values()]
    functions = [function_name(each) for each in FUNCTIONS]
    units = [
        ["AWS/DynamoDB", f"Consumed{kind}CapacityUnits", "TableName", n] for n in names for kind in ("Read", "Write")
    ]
    api = ["ApiName", "crm-${Stage}", "Stage", "api"]
    beat = ["stage", "${Stage}", "job", "heartbeat"]
    runs = [["CRM", name, "stage", "${Stage}"] for name in ("RunSucceeded", "RunFailed", "JobLate")]
    queues = [
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", f"crm-${{Stage}}-{q}"]
        for q in ("jobs", "jobs-dead")
    ]
    troubles = [["AWS/Lambda", name, "FunctionName", each] for each in functions for name in ("Errors", "Throttles")]
    widgets = [
        _widget(
            (0, 0, 8),
            "API: requests and errors",
            "Sum",
            [["AWS/ApiGateway", n, *api] for n in ("Count", "4XXError", "5XXError")],
        ),
        _widget(
            (8, 0, 8),
            "API: milliseconds",
            "p99",
            [
                ["AWS/ApiGateway", "Latency", *api],
                ["CRM", "latency_ms", *beat, {"stat": "Maximum", "label": "heartbeat"}],
            ],
        ),
        _widget((16, 0, 8), "Alive (1) or down (0)", "Minimum", [["CRM", "up", *beat]]),
        _widget((0, 6, 8), "Runs", "Sum", runs),
        _widget((8, 6, 8), "Queue and dead letters", "Maximum", queues),
        _widget((16, 6, 8), "Functions: errors and throttles", "Sum", troubles),
        _widget(
            (0, 12, 12),
            "Functions: p99 milliseconds",
            "p99",
            [["AWS/Lambda", "Duration", "FunctionName", n] for n in functions],
        ),
        _widget((12, 12, 12), "DynamoDB units", "Sum", units),
    ]
    body = json.dumps({"widgets": widgets})
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {"DashboardName": _sub("crm-${Stage}"), "DashboardBody": _sub(body)},
    }


def _widget(place: Place, title: str, stat: str, metrics: list[list[Any]]) -> dict[str, Any]:
    x, y, width = place
    properties = {"region": "${AWS::Region}", "title": title, "stat": stat, "period": 300, "metrics": metrics}
    return {"type": "metric", "x": x, "y": y, "width": width, "height": 6, "properties": properties}


def _sub(text: str) -> Any:
    return {"Fn::Sub": text}
