"""What AWS charges in us-east-1, in one place.

AWS's public list prices (aws.amazon.com/<service>/pricing), DynamoDB on demand as since November 2024. Noted on `NOTED` from
what was published by then, not fetched from AWS: look there before a budget depends on them. `free` is what an account has
free every month for good, shared by all that runs in it; what is free in the first year only is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

NOTED = "2026-11-23"
MILLION = 1e6


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for one of what is metered."""

    service: str
    dollars: float
    free: float = 0


PRICES = {
    "write_units": Price("DynamoDB requests", 0.625 / MILLION),
    "read_units": Price("DynamoDB requests", 0.125 / MILLION),
    "stored_gb": Price("DynamoDB storage", 0.25, 25),
    "table_gb": Price("DynamoDB point-in-time recovery", 0.20),
    "invocations": Price("Lambda", 0.20 / MILLION, MILLION),
    "gb_seconds": Price("Lambda", 0.0000133334, 400_000),  # arm64
    "requests": Price("API Gateway (REST)", 3.50 / MILLION),
    "sqs_calls": Price("SQS", 0.40 / MILLION, MILLION),
    "alarm_metrics": Price("CloudWatch alarms, metrics, dashboard", 0.10, 10),
    "custom_metrics": Price("CloudWatch alarms, metrics, dashboard", 0.30, 10),
    "dashboards": Price("CloudWatch alarms, metrics, dashboard", 3.00, 3),
    "log_gb": Price("CloudWatch logs", 0.50, 5),
    "kept_log_gb": Price("CloudWatch logs", 0.03),
    "traces": Price("X-Ray", 5.00 / MILLION, 100_000),
}


def bill(quantities: Mapping[str, float], *, free: bool = False) -> dict[str, float]:
    """Dollars by service; with `free`, after what is free."""
    dollars = {price.service: 0.0 for price in PRICES.values()}
    for name, quantity in quantities.items():
        price = PRICES[name]
        dollars[price.service] += max(0.0, quantity - price.free * free) * price.dollars
    return dollars
