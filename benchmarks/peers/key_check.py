"""The check of an API key that every peer makes, as this project makes it: by hash, remembered for ten seconds, with a rate limit.

Where a key's row is stored, and how a request is taken from its bucket, is each peer's own.
"""

import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field

OK, UNAUTHORIZED, TOO_MANY = 200, 401, 429
RATE, BURST = 1000, 200
"""Requests per second and at once: so many that no contestant meets its limit while it is measured."""
COST = 1_000_000 // RATE
"""Microseconds until the bucket is full again after one request."""
_REMEMBERED = 10.0
_SCHEME = "Bearer crm_"


@dataclass(slots=True)
class KeyCheck:
    find_digest: Callable[[str], str | None]
    """Read the hash of the secret of the key with this id."""
    take_token: Callable[[str, int], bool]
    """Take a request from the bucket of the key with this id, at this microsecond."""
    _remembered: dict[str, tuple[str, float]] = field(default_factory=dict)

    def status(self, authorization: str) -> int:
        """Return the HTTP status for this Authorization header."""
        key_id, _, secret = authorization.removeprefix(_SCHEME).partition("_")
        digest = self._digest(key_id) if authorization.startswith(_SCHEME) and key_id else None
        given = hashlib.sha256(secret.encode()).hexdigest()
        if digest is None or not hmac.compare_digest(digest, given):
            return UNAUTHORIZED
        return OK if self.take_token(key_id, time.time_ns() // 1000) else TOO_MANY

    def _digest(self, key_id: str) -> str | None:
        now = time.monotonic()
        digest, read_at = self._remembered.get(key_id, (None, 0.0))
        if digest is None or now - read_at > _REMEMBERED:
            digest = self.find_digest(key_id)
            if digest is not None:
                self._remembered[key_id] = (digest, now)
        return digest
