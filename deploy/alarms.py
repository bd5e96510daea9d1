"""Alarms over several metrics, made from the lists that they name. An alarm is paid for each of its metrics.

An alarm has at most 10 metrics, a hard limit of CloudWatch, so longer lists become several alarms:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
"""

from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib.store import throttles
from deploy.functions import FUNCTIONS, function_name

MAX_METRICS = 10
ALARM = "AWS::CloudWatch::Alarm"
FEW = frozenset(
    {"DeadLettersAlarm", "JobsFailedAlarm", "JobsLateAlarm", "ApiDownAlarm", "HeartbeatSilentAlarm", "ApiErrorsAlarm"}
)
"""What a stage with `"alarms": "few"` has: 8 metrics. The heartbeat and the watchdog notice most of what the others tell."""
_THROTTLES = "DynamoDB throttled us: ReadThrottleEvents and WriteThrottleEvents say which table or index"
Metric = dict[str, Any]


def metric(namespace: str, name: str, **dimensions: Any) -> Metric:
    found = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    return {"Namespace": namespace, "MetricName": name, "Dimensions": found}


def sub(text: str) -> Any:
    return {"Fn::Sub": text}


def alarms() -> dict[str, Any]:
    """Return the alarms, by logical id."""
    stage = {"stage": {"Ref": "Stage"}}
    failed = [metric("CRM", name, **stage) for name in ("RunFailed", "JobFailing")]
    late = [metric("CRM", name, **stage) for name in ("JobLate", "JobTooFrequent")]
    errors = [metric("AWS/Lambda", "Errors", FunctionName=sub(function_name(each))) for each in FUNCTIONS]
    return {
        **_alarms(
            "JobsFailed", "jobs-failed", "A run failed, or the last run of a job did: query jobs and jobRuns", failed
        ),
        **_alarms(
            "JobsLate", "jobs-late", "A run is late, was missed, or runs too often: query jobs and jobRuns", late
        ),
        **_alarms(
            "FunctionErrors", "function-errors", "A function failed or ran out of time: its log says why", errors
        ),
        **_alarms("Throttles", "throttles", _THROTTLES, [metric("CRM", throttles.METRIC, **stage)]),
    }


def only_few(resources: dict[str, Any]) -> dict[str, Any]:
    """Return the resources without the alarms that a small stage can do without."""
    return {name: entry for name, entry in resources.items() if entry["Type"] != ALARM or name in FEW}


def _alarms(logical_id: str, name: str, description: str, metrics: Sequence[Metric]) -> dict[str, Any]:
    chunks = [metrics[start : start + MAX_METRICS] for start in range(0, len(metrics), MAX_METRICS)]
    found = {}
    for number, chunk in enumerate(chunks, 1):
        more = "" if number == 1 else str(number)
        found[f"{logical_id}{more}Alarm"] = {
            "Type": ALARM,
            "Properties": {
                "AlarmName": sub(f"crm-${{Stage}}-{name}{more and '-' + more}"),
                "AlarmDescription": description,
                "AlarmActions": [{"Ref": "Topic"}],
                "ComparisonOperator": "GreaterThanThreshold",
                "Threshold": 0,
                "EvaluationPeriods": 1,
                "TreatMissingData": "notBreaching",
                "Metrics": list(_sum_of(chunk)),
            },
        }
    return found


def _sum_of(metrics: Sequence[Metric]) -> Iterator[dict[str, Any]]:
    yield {"Id": "total", "Expression": "SUM(METRICS())", "Label": "all of them"}
    for number, each in enumerate(metrics):
        stat = {"Stat": "Sum", "Period": 300, "Metric": each}
        yield {"Id": f"m{number}", "ReturnData": False, "MetricStat": stat}
