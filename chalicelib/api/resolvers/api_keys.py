"""Resolvers of API keys."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib import clock
from chalicelib.access import api_keys
from chalicelib.access.api_keys import ApiKey, IssuedKey
from chalicelib.access.roles import Role
from chalicelib.api.graphql.loaders import Info, context_of
from chalicelib.errors import InvalidInput
from chalicelib.store.pagination import Page, PageArgs, read_page

_MAX_OVERLAP_HOURS = 24 * 30


def all_keys(_root: Any, _info: Info, **window: Any) -> Page[ApiKey]:
    return read_page(api_keys.listing(), PageArgs(**window))


def state(row: ApiKey, _info: Info) -> str:
    if row.revoked_at:
        return "REVOKED"
    return "ACTIVE" if row.valid_at(clock.now()) else "EXPIRED"


def create_key(_root: Any, info: Info, name: str, role: str, expiresAt: datetime | None = None) -> dict[str, Any]:
    return _shown(api_keys.create(name, Role[role], context_of(info).caller.name, expiresAt))


def rotate_key(_root: Any, _info: Info, id: str, overlapHours: int | None = None) -> dict[str, Any]:  # noqa: A002
    hours = 0 if overlapHours is None else overlapHours
    if not 0 <= hours <= _MAX_OVERLAP_HOURS:
        raise InvalidInput(f"overlapHours must be from 0 to {_MAX_OVERLAP_HOURS}", field="overlapHours")
    return _shown(api_keys.rotate(id, timedelta(hours=hours)))


def revoke_key(_root: Any, _info: Info, id: str) -> dict[str, Any]:  # noqa: A002
    return {"key": api_keys.revoke(id)}


def _shown(issued: IssuedKey) -> dict[str, Any]:
    return {"key": issued.api_key, "secret": issued.key}
