"""API keys: made, found, changed for another, revoked. The secret is told once and kept as a hash only.

A key reads `crm_<id>_<secret>`; the secret has 256 random bits, so a plain SHA-256 of it cannot be searched. A row
`(key, id)` of `ops` holds the rest, the bucket that limits its requests included.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.access.roles import Role
from chalicelib.crm import text
from chalicelib.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from chalicelib.store import reads, tables, timestamps
from chalicelib.store.connection import client
from chalicelib.store.index_scan import IndexRange
from chalicelib.store.pagination import Listing
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale, Transaction, new_token

PARTITION = "key"
OVERLAP = timedelta(hours=24)
"""How long the old secret of a rotated key still works, unless it is told otherwise."""
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ID_LENGTH = 12
_MAX_KEY_LENGTH = 100
_AS_JSON = re.compile(rf'"crm_[{_ALPHABET}]{{{_ID_LENGTH}}}_[A-Za-z0-9_-]{{43}}"')
_USED_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: str
    name: str
    role: Role
    created_at: str
    created_by: str
    digest: str
    token: str
    old_digest: str | None = None
    """Of the secret before the last rotation, good until `old_until`."""
    old_until: str | None = None
    expires_at: str | None = None
    revoked_at: str | None = None
    last_used_at: str | None = None

    def __repr__(self) -> str:
        return f"ApiKey({self.id!r}, {self.name!r}, {self.role.name})"

    def valid_at(self, moment: datetime) -> bool:
        now = timestamps.to_text(moment)
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def matches_secret(self, secret: str, moment: datetime) -> bool:
        digest = _digest(secret)
        old = self.old_digest if self.old_until and self.old_until > timestamps.to_text(moment) else None
        # Both are always compared: the time it takes says nothing.
        return hmac.compare_digest(digest, self.digest) | hmac.compare_digest(digest, old or "")


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """`key` is what the caller must keep: nobody can tell it again."""

    api_key: ApiKey
    key: str

    def __repr__(self) -> str:
        return f"IssuedKey({self.api_key!r})"


def key_id_from(seed: str) -> str:
    """Return the id that belongs to `seed`, always the same: two callers with one seed cannot both create a key."""
    digest = hashlib.sha256(seed.encode()).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:_ID_LENGTH])


def create(
    name: str, role: Role, actor: str, expires_at: datetime | None = None, *, key_id: str | None = None
) -> IssuedKey:
    """Create a key. Raises InvalidInput, and Stale if there is a key with `key_id` already."""
    if role is Role.PUBLIC:
        raise InvalidInput("A key has the role VIEWER, EDITOR or OPERATOR", field="role")
    now = clock.now()
    if expires_at and expires_at <= now:
        raise InvalidInput("A key must expire in the future", field="expires_at")
    secret = secrets.token_urlsafe(32)
    api_key = ApiKey(
        id=key_id or "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH)),
        name=text.checked_name(name),
        role=role,
        created_at=timestamps.to_text(now),
        created_by=actor,
        digest=_digest(secret),
        expires_at=timestamps.to_text(expires_at) if expires_at else None,
        token=new_token(),
    )
    write = Transaction(was_applied=lambda: _was_written(api_key))
    write.put(_row(api_key), tables.AuxRow.pk.does_not_exist())
    write.commit()
    return IssuedKey(api_key, _key(api_key, secret))


def find(key_id: str) -> ApiKey | None:
    item = reads.get_op(PARTITION, key_id) if len(key_id) == _ID_LENGTH and text.fits_key(key_id) else None
    return _load(item) if item else None


def stored_keys() -> Iterator[ApiKey]:
    """Yield every key, revoked and expired ones too, as they are now (consistent)."""
    rows = reads.query(
        TableName=reads.table_name(tables.AuxRow),
        KeyConditionExpression="pk = :key",
        ExpressionAttributeValues={":key": {"S": PARTITION}},
        ConsistentRead=True,
    )
    return map(_load, rows)


def listing() -> Listing[ApiKey]:
    path = IndexRange(tables.AuxRow, None, "pk", "sk", (PARTITION,), id_name="sk")
    return Listing(path=path, descending=False, query="keys", fetch=_find_all, passes=lambda _: True, exact=True)


def rotate(key_id: str, overlap: timedelta = OVERLAP) -> IssuedKey:
    """A new secret for the same key; the old one works on for `overlap`. Raises NotFound, InvalidInput."""
    secret = secrets.token_urlsafe(32)
    for _ in retry_delays():
        old = _require(key_id)
        now = clock.now()
        if not old.valid_at(now):
            raise InvalidInput("The key is revoked or has expired: create another", field="id")
        token, until = new_token(), timestamps.to_text(now + overlap)
        row = tables.AuxRow
        content = _content(old) | {"digest": _digest(secret), "old_digest": old.digest, "old_until": until}
        if _change(old, token, [row.content.set(content)]):
            return IssuedKey(_require(key_id), _key(old, secret))
    raise Conflict


def revoke(key_id: str) -> ApiKey:
    """From now on the key is refused. Raises NotFound."""
    for _ in retry_delays():
        old = _require(key_id)
        if old.revoked_at:
            return old
        content = _content(old) | {"revoked_at": timestamps.to_text(clock.now())}
        if _change(old, new_token(), [tables.AuxRow.content.set(content)]):
            return _require(key_id)
    raise Conflict


def authenticate(key: str) -> ApiKey:
    """Raises Unauthenticated, the same for every key that does not open, whatever is wrong with it."""
    prefix, _, rest = key.partition("_")
    key_id, _, secret = rest.partition("_")
    found = find(key_id) if prefix == "crm" and len(key) <= _MAX_KEY_LENGTH else None
    now = clock.now()
    # One that is not known is compared with something, too.
    matches = (found or _NOBODY).matches_secret(secret, now)
    if found is None or not matches or not found.valid_at(now):
        raise Unauthenticated
    return found


def redact_keys(text: str) -> str:
    """JSON with null in place of each key: what is told once must not be stored."""
    return _AS_JSON.sub("null", text)


def record_last_use(api_key: ApiKey) -> None:
    """Keep when a key was last used, to the hour. Nobody waits for it, and nobody is refused because it failed."""
    now = clock.now()
    if api_key.last_used_at and api_key.last_used_at > timestamps.to_text(now - _USED_EVERY):
        return
    try:
        client().update_item(
            TableName=reads.table_name(tables.AuxRow),
            Key={"pk": {"S": PARTITION}, "sk": {"S": api_key.id}},
            UpdateExpression="SET used_at = :now",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":now": {"S": timestamps.to_text(now)}},
        )
    except (BotoCoreError, ClientError):
        return


def _require(key_id: str) -> ApiKey:
    found = find(key_id)
    if found is None:
        raise NotFound(f"There is no key {key_id!r}", field="id")
    return found


def _change(old: ApiKey, token: str, actions: list[Action]) -> bool:
    """Whether nobody else changed it meanwhile."""

    def applied() -> bool:
        stored = find(old.id)
        return stored is not None and stored.token == token

    write = Transaction(was_applied=applied)
    row = tables.AuxRow
    write.update(row(pk=PARTITION, sk=old.id), [*actions, row.token.set(token)], row.token == old.token)
    try:
        write.commit()
    except Stale:
        return False
    return True


def _find_all(key_ids: Iterable[str]) -> dict[str, ApiKey]:
    keys = [{"pk": {"S": PARTITION}, "sk": {"S": key_id}} for key_id in key_ids]
    return {item["sk"]["S"]: _load(item) for item in reads.get_all(tables.AuxRow, keys)}


def _was_written(api_key: ApiKey) -> bool:
    stored = find(api_key.id)
    return stored is not None and stored.token == api_key.token


def _key(api_key: ApiKey, secret: str) -> str:
    return f"crm_{api_key.id}_{secret}"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _content(api_key: ApiKey) -> dict[str, str | None]:
    return {
        "name": api_key.name,
        "role": api_key.role.name,
        "created_at": api_key.created_at,
        "created_by": api_key.created_by,
        "digest": api_key.digest,
        "old_digest": api_key.old_digest,
        "old_until": api_key.old_until,
        "expires_at": api_key.expires_at,
        "revoked_at": api_key.revoked_at,
    }


def _row(api_key: ApiKey) -> tables.AuxRow:
    return tables.AuxRow(pk=PARTITION, sk=api_key.id, content=_content(api_key), token=api_key.token)


def _load(item: reads.Item) -> ApiKey:
    content = reads.json_of(item, "content")
    return ApiKey(
        id=item["sk"]["S"],
        token=item["token"]["S"],
        last_used_at=reads.text(item, "used_at"),
        **{**content, "role": Role[content["role"]]},
    )


_NOBODY = ApiKey(
    id="", name="", role=Role.PUBLIC, created_at="", created_by="", digest=_digest(secrets.token_urlsafe(32)), token=""
)
