"""The AWS permissions of a job's steps, besides those for its runs. `deploy` makes the role of its function from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    """DynamoDB's actions, by the table's name without its prefix."""
    indexes: tuple[str, ...] = ()
    """The tables whose indexes are queried."""
    sends_email: bool = False
    takes_dead_letters: bool = False
    """It receives and deletes the dead letters of both queues."""
    publishes: bool = False
    """It tells the topic of alerts."""
