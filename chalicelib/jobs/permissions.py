"""What a job's steps may do in AWS, besides keeping their run in the ledger. `deploy` makes the role of its function from it."""

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
