"""Signed tokens for the links by which recipients unsubscribe. Nothing is stored for them, and they contain no address.

A token is the address's digest (see `email_suppressions`) and a signature, in base64. Whoever has it can unsubscribe that
address and nothing else, and needs no key. It has no end: a link must work in e-mails of any age.
"""

import base64
import hashlib
import hmac

from chalicelib.crm import email_suppressions
from chalicelib.crm.email_suppressions import DIGEST_BYTES, PURPOSE
from chalicelib.store import stage_secrets

_MAC_BYTES = 16
_LENGTH = 43
"""Characters of 32 bytes in base64, without padding."""


def token_for(email: str) -> str:
    """Return the token for an address, always the same. Raises Unavailable."""
    secret = stage_secrets.read(PURPOSE)
    digest = email_suppressions.digest_of(secret, email)
    return _to_text(digest + _mac(secret, digest))


def digest_in(token: str) -> bytes | None:
    """Return the digest of the address that the token stands for, or None if it is no token of this stage.

    A process reads the secret once; everything else costs no read. Raises Unavailable.
    """
    if len(token) != _LENGTH or not token.isascii():
        return None
    secret = stage_secrets.find(PURPOSE)
    raw = _from_text(token)
    if secret is None or raw is None:
        return None
    digest, mac = raw[:DIGEST_BYTES], raw[DIGEST_BYTES:]
    return digest if hmac.compare_digest(mac, _mac(secret, digest)) else None


def _mac(secret: bytes, digest: bytes) -> bytes:
    return hmac.digest(secret, b"unsubscribe\0" + digest, hashlib.sha256)[:_MAC_BYTES]


def _to_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _from_text(token: str) -> bytes | None:
    """Accept one spelling only: the decoder ignores characters outside its alphabet, and unused bits of the last one."""
    try:
        raw = base64.urlsafe_b64decode(token + "=")
    except ValueError:
        return None
    return raw if _to_text(raw) == token else None
