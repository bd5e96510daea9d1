"""API keys: create, find, rotate and revoke them. The secret is shown once, and only its hash is stored.

A row `(key, id)` of `ops` holds everything about a key, including the bucket of the rate limit.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import clock
from chalicelib.access import key_format
from chalicelib.access.roles import Role
from chalicelib.crm import text
from chalicelib.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from chalicelib.store import change_marks, reads, tables, timestamps
from chalicelib.store.change_marks import Values
from chalicelib.store.connection import client
from chalicelib.store.index_scan import IndexRange
from chalicelib.store.pagination import Listing
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale, Transaction, new_token

PARTITION = "key"
OVERLAP = timedelta(hours=24)
"""How long the old secret of a rotated key stays valid by default."""
_MAX_OLD_SECRETS = 20
_LAST_USE_PRECISION = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    id: str
    name: str
    role: Role
    created_at: str
    created_by: str
    digest: str
    token: str
    old_digests: tuple[tuple[str, str], ...] = ()
    """(digest, until) of each secret before a rotation: it stays valid until that time, whatever rotations follow."""
    expires_at: str | None = None
    revoked_at: str | None = None
    last_used_at: str | None = None

    def __repr__(self) -> str:
        return f"ApiKey({self.id!r}, {self.name!r}, {self.role.name})"

    def valid_at(self, moment: datetime) -> bool:
        now = timestamps.to_text(moment)
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def matches_secret(self, secret: str, moment: datetime) -> bool:
        digest, now = key_format.digest_of(secret), timestamps.to_text(moment)
        valid = [self.digest, *(old for old, until in self.old_digests if until > now)]
        # Compare all of them always, so that the time it takes reveals nothing.
        return sum(hmac.compare_digest(digest, each) for each in valid) > 0


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """`key` is what the caller must keep: it cannot be shown again. It is empty for a request that is replayed."""

    api_key: ApiKey
    key: str

    def __repr__(self) -> str:
        return f"IssuedKey({self.api_key!r})"


def create(
    name: str, role: Role, actor: str, expires_at: datetime | None = None, *, key_id: str | None = None
) -> IssuedKey:
    """Create a key. Raises InvalidInput, and Stale if there is a key with `key_id` already."""
    if role is Role.PUBLIC:
        raise InvalidInput("The role of a key must be VIEWER, EDITOR or OPERATOR", field="role")
    now = clock.now()
    if expires_at and expires_at <= now:
        raise InvalidInput("The expiry time must be in the future", field="expires_at")
    key_id = key_id or key_format.id_from(change_marks.token())
    made = find(key_id) if change_marks.is_replay() else None
    if made:
        return IssuedKey(made, "")
    secret = key_format.new_secret()
    api_key = ApiKey(
        id=key_id,
        name=text.checked_name(name),
        role=role,
        created_at=timestamps.to_text(now),
        created_by=actor,
        digest=key_format.digest_of(secret),
        expires_at=timestamps.to_text(expires_at) if expires_at else None,
        token=new_token(),
    )
    after = {"name": api_key.name, "role": role.name, "expiresAt": api_key.expires_at}
    write = Transaction(was_applied=lambda: _was_written(api_key), subject=_subject(key_id), after=after)
    write.put(_row(api_key), tables.AuxRow.pk.does_not_exist())
    write.commit()
    return IssuedKey(api_key, key_format.join(key_id, secret))


def find(key_id: str) -> ApiKey | None:
    item = reads.get_op(PARTITION, key_id) if len(key_id) == key_format.ID_LENGTH and text.fits_key(key_id) else None
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


def list_keys() -> Listing[ApiKey]:
    index_range = IndexRange(tables.AuxRow, None, "pk", "sk", (PARTITION,), id_name="sk")
    return Listing(
        index_range=index_range, descending=False, query="keys", fetch=_find_all, passes=lambda _: True, exact=True
    )


def rotate(key_id: str, overlap: timedelta = OVERLAP) -> IssuedKey:
    """Issue a new secret for the same key. The present one stays valid for `overlap`, and earlier ones until their own time.

    Without an overlap all old secrets end at once. Raises NotFound, InvalidInput.
    """
    secret = key_format.new_secret()
    for _ in retry_delays():
        old = _require(key_id)
        if change_marks.is_done(_subject(key_id)):
            return IssuedKey(old, "")
        now = clock.now()
        if not old.valid_at(now):
            raise InvalidInput("The key is revoked or has expired. Create another key", field="id")
        content = _content(old) | {
            "digest": key_format.digest_of(secret),
            "old_digests": _old_digests(old, now, overlap),
        }
        after = {"oldSecretsUntil": [until for _, until in content["old_digests"]]}
        if _change(old, content, {"oldSecretsUntil": [until for _, until in old.old_digests]}, after):
            return IssuedKey(_require(key_id), key_format.join(key_id, secret))
    raise Conflict


def revoke(key_id: str) -> ApiKey:
    """Revoke a key. Raises NotFound."""
    for _ in retry_delays():
        old = _require(key_id)
        if old.revoked_at:
            return old
        content = _content(old) | {"revoked_at": timestamps.to_text(clock.now())}
        if _change(old, content, {"revokedAt": None}, {"revokedAt": content["revoked_at"]}):
            return _require(key_id)
    raise Conflict


def is_key_of(api_key: ApiKey, key: str, moment: datetime) -> bool:
    """Return whether `key` is a key of this record that is valid at `moment`."""
    return api_key.matches_secret(key_format.split(key)[1], moment) and api_key.valid_at(moment)


def authenticate(key: str) -> ApiKey:
    """Read the key's record. Raises Unauthenticated: invalid, expired and revoked keys get the same answer."""
    found = find(key_format.split(key)[0])
    # An unknown key is compared too, so that the time it takes reveals nothing.
    if not is_key_of(found or _UNKNOWN_KEY, key, clock.now()) or found is None:
        raise Unauthenticated
    return found


def record_last_use(api_key: ApiKey) -> None:
    """Record when the key was last used, to the hour. A failure is ignored: it must not fail the request."""
    now = clock.now()
    if api_key.last_used_at and api_key.last_used_at > timestamps.to_text(now - _LAST_USE_PRECISION):
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


def _old_digests(key: ApiKey, now: datetime, overlap: timedelta) -> list[tuple[str, str]]:
    """Return (digest, until) of the secrets that stay valid beside a new one. Raises InvalidInput if there are too many."""
    if not overlap:
        return []
    valid = [(digest, until) for digest, until in key.old_digests if until > timestamps.to_text(now)]
    if len(valid) >= _MAX_OLD_SECRETS:
        raise InvalidInput(
            f"The key has {len(valid)} old secrets that are still valid. Rotate with overlapHours: 0 to revoke them, or create another key",
            field="overlap_hours",
        )
    return [*valid, (key.digest, timestamps.to_text(now + overlap))]


def _require(key_id: str) -> ApiKey:
    found = find(key_id)
    if found is None:
        raise NotFound(f"There is no key {key_id!r}", field="id")
    return found


def _change(old: ApiKey, content: Mapping[str, object], before: Values, after: Values) -> bool:
    """Write the new content. Return False if another request changed the key first.

    `before` and `after` are for the change row, which must not tell secrets or their digests.
    """
    token = new_token()

    def applied() -> bool:
        stored = find(old.id)
        return stored is not None and stored.token == token

    write = Transaction(was_applied=applied, subject=_subject(old.id), before=before, after=after)
    row = tables.AuxRow
    write.update(row(pk=PARTITION, sk=old.id), [row.content.set(content), row.token.set(token)], row.token == old.token)
    try:
        write.commit()
    except Stale:
        return False
    return True


def _subject(key_id: str) -> str:
    return f"key:{key_id}"


def _find_all(key_ids: Iterable[str]) -> dict[str, ApiKey]:
    keys = [{"pk": {"S": PARTITION}, "sk": {"S": key_id}} for key_id in key_ids]
    return {item["sk"]["S"]: _load(item) for item in reads.get_all(tables.AuxRow, keys)}


def _was_written(api_key: ApiKey) -> bool:
    return reads.has_token(tables.AuxRow, api_key.token, pk=PARTITION, sk=api_key.id)


def _content(api_key: ApiKey) -> dict[str, Any]:
    return {
        "name": api_key.name,
        "role": api_key.role.name,
        "created_at": api_key.created_at,
        "created_by": api_key.created_by,
        "digest": api_key.digest,
        "old_digests": api_key.old_digests,
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
        **{
            **content,
            "role": Role[content["role"]],
            "old_digests": tuple((digest, until) for digest, until in content["old_digests"]),
        },
    )


_UNKNOWN_KEY = ApiKey(
    id="",
    name="",
    role=Role.PUBLIC,
    created_at="",
    created_by="",
    digest=key_format.digest_of(key_format.new_secret()),
    token="",
)
