"""The clock of this machine, in one place, so that tests can set it."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)
