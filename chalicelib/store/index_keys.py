"""Keys of indexes: sort keys that are unique, and partitions that rows are spread over.

A sort key is `value + SEPARATOR + id`, so that a cursor over ties neither repeats nor skips a row: DynamoDB leaves the
order of equal sort keys open.
"""

import hashlib

SEPARATOR = "\x1f"
"""Below every character that a normalised value can hold, so `ann` sorts before `ann lee`."""


def sort_key(value: str, row_id: str) -> str:
    return f"{value}{SEPARATOR}{row_id}"


def shard(prefix: str, row_id: str, shards: int) -> str:
    """The partition of a row in a sharded index: spread by a hash that is the same on every machine."""
    return f"{prefix}{int.from_bytes(hashlib.blake2b(row_id.encode(), digest_size=4).digest()) % shards}"


def shards(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]
