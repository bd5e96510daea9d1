"""Log lines and metrics: JSON and EMF for CloudWatch on Lambda, plain lines on a console.

E-mail addresses and API keys are removed from every line, except that lines marked as personal keep the addresses.
"""

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.base import SingleMetric

from chalicelib.settings import settings

NAMESPACE = "CRM"
# Without the backslash after an address: in JSON it belongs to the quote that follows.
_EMAIL = re.compile(r"[^\s\"'<>,;:=(\[{]+@[^\s\"'<>,;:)\]}\\]+")
_KEY = re.compile(r"crm_[A-Za-z0-9]+_[A-Za-z0-9_\-]+")
_log = logging.getLogger("crm")
_keys: ContextVar[dict[str, object]] = ContextVar("keys", default={})  # noqa: B039 - never changed, only replaced


class _Json(LambdaPowertoolsFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return _redacted(super().format(record), record)


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return _redacted(super().format(record), record)


def _redacted(text: str, record: logging.LogRecord) -> str:
    text = _KEY.sub("crm_***", text)
    return text if getattr(record, "personal", False) else _EMAIL.sub("***@***", text)


def start() -> None:
    """Send the log of this process to the standard output, in the format of its environment."""
    root = logging.getLogger()
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Json(service="crm", stage=settings.stage) if settings.on_lambda else _Plain("%(message)s"))
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    _log.setLevel(logging.INFO)


def info(message: str, **keys: object) -> None:
    _log.info(message, extra=_keys.get() | keys)


def warn(message: str, *, exc_info: BaseException | None = None, **keys: object) -> None:
    _log.warning(message, extra=_keys.get() | keys, exc_info=exc_info)


def error(message: str, *, exc_info: BaseException | None = None, **keys: object) -> None:
    _log.error(message, extra=_keys.get() | keys, exc_info=exc_info)


@contextmanager
def about(**keys: str) -> Iterator[None]:
    """Add these keys to each line that is logged meanwhile."""
    before = _keys.set(_keys.get() | keys)
    try:
        yield
    finally:
        _keys.reset(before)


def key(name: str) -> str | None:
    """Return what `about` adds to each line under this name."""
    found = _keys.get().get(name)
    return found if isinstance(found, str) else None


def count(
    name: str, value: float = 1, unit: MetricUnit = MetricUnit.Count, *, total: bool = False, **dimensions: str
) -> None:
    """Record a value of the metric `name`, by stage and `dimensions`. Does nothing outside Lambda.

    With `total` it is also recorded by stage alone: an alarm over all jobs then needs one metric, and may have only ten.
    """
    if not settings.on_lambda:
        return
    metric = SingleMetric(namespace=NAMESPACE)
    metric.add_metric(name=name, unit=unit, value=value)
    for key, text in {"stage": settings.stage, **dimensions}.items():
        metric.add_dimension(key, text)
    record = metric.serialize_metric_set()
    if total:
        record["_aws"]["CloudWatchMetrics"][0]["Dimensions"].append(["stage"])
    print(json.dumps(record, separators=(",", ":")))  # noqa: T201 - CloudWatch reads metrics from standard output
