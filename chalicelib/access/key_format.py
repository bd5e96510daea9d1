"""The form of an API key: `crm_<id>_<secret>`. Make keys, take them apart, and find them in a text.

The secret has 256 random bits, so its SHA-256, which is all that is stored of it, cannot be reversed by guessing.
"""

import hashlib
import re
import secrets

ID_LENGTH = 12
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_MAX_LENGTH = 100
_IN_JSON = re.compile(rf'"crm_[{_ALPHABET}]{{{ID_LENGTH}}}_[A-Za-z0-9_-]{{43}}"')


def id_from(seed: str) -> str:
    """Return the id that belongs to `seed`, always the same: two callers with one seed cannot both create a key."""
    digest = hashlib.sha256(seed.encode()).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:ID_LENGTH])


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def join(key_id: str, secret: str) -> str:
    return f"crm_{key_id}_{secret}"


def split(key: str) -> tuple[str, str]:
    """Return the id and the secret that a key contains; empty if it has not the form of a key."""
    prefix, _, rest = key.partition("_")
    key_id, _, secret = rest.partition("_")
    return (key_id, secret) if prefix == "crm" and len(key) <= _MAX_LENGTH else ("", "")


def redact(text: str) -> str:
    """Replace each key in a JSON text by null: a key that is shown once must not be stored."""
    return _IN_JSON.sub("null", text)
