"""Index keys: unique sort keys, and the shards that the rows of an index are spread over.

A sort key is `value + SEPARATOR + id`. It must be unique, because DynamoDB does not define the order of equal sort keys,
and a cursor between them could repeat or skip a row.
"""

import hashlib

SEPARATOR = "\x1f"
"""Sorts before every character that a normalized value can contain, so `ann` comes before `ann lee`."""


def sort_key(value: str, row_id: str) -> str:
    return f"{value}{SEPARATOR}{row_id}"


def shard(prefix: str, row_id: str, shards: int) -> str:
    """Return the hash key of a row in a sharded index: the prefix and a number from a hash that all machines share."""
    return f"{prefix}{int.from_bytes(hashlib.blake2b(row_id.encode(), digest_size=4).digest()) % shards}"


def shards(prefix: str, count: int) -> list[str]:
    """Return the hash keys of all shards."""
    return [f"{prefix}{number}" for number in range(count)]
