"""Resolvers of API keys."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Unpack

from chalicelib import clock
from chalicelib.access import api_keys, authentication
from chalicelib.access.api_keys import ApiKey, IssuedKey
from chalicelib.access.roles import Role
from chalicelib.api.graphql.loaders import Info, context_of
from chalicelib.api.resolvers.arguments import PageArguments, page_args
from chalicelib.errors import InvalidInput
from chalicelib.store.pagination import Page, read_page

_MAX_OVERLAP_HOURS = 24 * 30


@dataclass(frozen=True, slots=True)
class Me:
    name: str
    role: str
    key_id: str | None


@dataclass(frozen=True, slots=True)
class KeyPayload:
    key: ApiKey


@dataclass(frozen=True, slots=True)
class NewKeyPayload:
    key: ApiKey
    secret: str | None


def all_keys(_root: object, _info: Info, **page: Unpack[PageArguments]) -> Page[ApiKey]:
    return read_page(api_keys.list_keys(), page_args(page))


def me(_root: object, info: Info) -> Me:
    caller = context_of(info).caller
    return Me(caller.key_name or caller.name, caller.role.name, caller.id if caller.key_name else None)


def state(row: ApiKey, _info: Info) -> str:
    if row.revoked_at:
        return "REVOKED"
    return "ACTIVE" if row.valid_at(clock.now()) else "EXPIRED"


def create_key(_root: object, info: Info, name: str, role: str, expiresAt: datetime | None = None) -> NewKeyPayload:
    return _with_secret(api_keys.create(name, Role[role], context_of(info).caller.name, expiresAt))


def rotate_key(_root: object, _info: Info, id: str, overlapHours: int | None = None) -> NewKeyPayload:  # noqa: A002
    hours = 0 if overlapHours is None else overlapHours
    if not 0 <= hours <= _MAX_OVERLAP_HOURS:
        raise InvalidInput(f"overlapHours must be from 0 to {_MAX_OVERLAP_HOURS}", field="overlapHours")
    rotated = api_keys.rotate(id, timedelta(hours=hours))
    authentication.forget(id)
    return _with_secret(rotated)


def revoke_key(_root: object, _info: Info, id: str) -> KeyPayload:  # noqa: A002
    revoked = api_keys.revoke(id)
    authentication.forget(id)
    return KeyPayload(revoked)


def _with_secret(issued: IssuedKey) -> NewKeyPayload:
    return NewKeyPayload(issued.api_key, issued.key or None)
