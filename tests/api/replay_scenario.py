"""A mutation that dies in the middle: what it starts from, who meddles with its row, and what must be true at the end."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.api.graphql_client import Reply

Ids = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`was_made` tells whether the first attempt made its change, `meddle` is the other client, `is_right` judges the end.

    `is_right` gets the ids, whether the change was made before the other client came, and the reply to the repetition.
    """

    document: str
    prepare: Callable[[], Ids]
    was_made: Callable[[Ids], bool]
    is_right: Callable[[Ids, bool, Reply], bool]
    meddle: Callable[[Ids], object] = lambda _: None


def nothing() -> Ids:
    return {}
