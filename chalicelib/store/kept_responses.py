"""The keys and the compressed form of responses that are stored for 24 hours, for their Idempotency-Key.

They are rows `(idempotency#caller, Idempotency-Key)` of `ops`. `api.http.idempotency` has the protocol, reads and writes
them. An erasure takes a person out of the responses, so it needs the form as well.
"""

import base64
import zlib
from datetime import timedelta

KEPT = timedelta(hours=24)
DOCUMENTS = "document"
"""The partition of persisted documents, see `api.http.persisted_queries`."""
_PREFIX = "idempotency#"


def partition(caller_id: str) -> str:
    return f"{_PREFIX}{caller_id}"


def pack(response: str) -> str:
    """Return a response, which is JSON, as it is stored."""
    return base64.b64encode(zlib.compress(response.encode())).decode()


def unpack(packed: str) -> str:
    return zlib.decompress(base64.b64decode(packed)).decode()
