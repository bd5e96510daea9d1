"""Automatic persisted queries: a client sends a document once, and then only its SHA-256, so that a query fits into a URL.

https://www.apollographql.com/docs/apollo-server/performance/apq describes the protocol. Documents are kept in the table
`ops` for a month, and in memory. They are kept and found only for callers with an API key, so that nobody else can fill the table or have it
read.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache

from chalicelib import clock
from chalicelib.access.authorization import Caller
from chalicelib.errors import InvalidInput, PersistedQueryNotFound, Unauthenticated
from chalicelib.store import kept_responses, reads, tables

MAX_STORED_BYTES = 100_000
"""Of the JSON that is stored, where a character can take twelve bytes."""
_KEPT = timedelta(days=30)
_HASH = re.compile(r"[0-9a-f]{64}")


def wanted_hash(extensions: Mapping[str, object] | None) -> str | None:
    """Return the hash of the document that the client wants, if any. Raises InvalidInput for an unknown version."""
    asked = (extensions or {}).get("persistedQuery")
    if asked is None:
        return None
    if not isinstance(asked, Mapping) or asked.get("version") != 1 or not isinstance(asked.get("sha256Hash"), str):
        raise InvalidInput("persistedQuery must be {version: 1, sha256Hash: ...}", field="extensions")
    return str(asked["sha256Hash"]).lower()


def find(digest: str, caller: Caller) -> str:
    """Return the document with this hash. Raises PersistedQueryNotFound, and Unauthenticated for a caller without a key.

    What anybody may ask for fits into a URL, and reading must not cost more than asking.
    """
    if caller.is_anonymous:
        raise Unauthenticated
    try:
        return _stored(digest)
    except KeyError:
        raise PersistedQueryNotFound from None


def check_hash(digest: str, text: str) -> None:
    """Raises InvalidInput if the hash is not that of the document."""
    if hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != digest:
        raise InvalidInput("sha256Hash is not the hash of the query", field="extensions")


def keep(digest: str, text: str) -> None:
    """Keep a valid document under its hash, unless it is too large: then clients go on sending it in full."""
    content = {"text": text}
    if len(json.dumps(content)) > MAX_STORED_BYTES:
        return
    try:
        _stored(digest)
    except KeyError:
        tables.AuxRow(kept_responses.DOCUMENTS, digest, content=content, ttl=clock.now() + _KEPT).save()


@lru_cache(maxsize=256)
def _stored(digest: str) -> str:
    """Read a document. Raises KeyError, which is not cached, so that a document is found as soon as it is there."""
    item = reads.get_op(kept_responses.DOCUMENTS, digest) if _HASH.fullmatch(digest) else None
    if item is None:
        raise KeyError(digest)
    text: str = reads.json_of(item, "content")["text"]
    return text
