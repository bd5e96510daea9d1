"""The conditions that the model of the lists is made of."""

from datetime import datetime
from typing import Any

from chalicelib.crm import change_times, text


def has(part: str | None, *names: str) -> bool:
    return any(text.search_key(part or "") in text.search_key(name) for name in names)


def is_within(value: Any, low: Any, high: Any = None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def is_between(moment_: str, since: str | None, before: str | None) -> bool:
    at = datetime.fromisoformat(moment_)
    return (not since or datetime.fromisoformat(since) <= at) and (not before or at < datetime.fromisoformat(before))


def is_changed_since(row: change_times.Row, given: dict[str, Any]) -> bool:
    return is_between(row.updated_at, given.get("updatedAfter"), None)


def day(moment_: str) -> str:
    return moment_[:10]
