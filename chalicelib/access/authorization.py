"""Identify the caller of a request, and check what their role allows."""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.access import api_keys, rate_limit
from chalicelib.access.roles import Role
from chalicelib.errors import Forbidden, Unauthenticated
from chalicelib.settings import settings


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who runs operations: the holder of an API key, or a part of this system.

    `name` is recorded with whatever the caller changes.
    """

    id: str
    name: str
    role: Role

    @classmethod
    def system(cls, name: str) -> "Caller":
        """Return a part of this system, such as `job:low_stock`. It may do what an operator may do."""
        return cls(name, name, Role.OPERATOR)

    @property
    def is_anonymous(self) -> bool:
        return self.role is Role.PUBLIC

    def check(self, role: Role) -> None:
        """Refuse a caller whose role is below `role`. Raises Unauthenticated, Forbidden."""
        if role > self.role:
            if self.is_anonymous:
                raise Unauthenticated
            raise Forbidden(f"This needs a key with the role {role.name}, and yours has {self.role.name}")


ANONYMOUS = Caller("", "anyone", Role.PUBLIC)
DEVELOPER = Caller("open", "open access", Role.OPERATOR)
"""A caller without a key, where settings allow that: in `chalice local` and in tests."""


def identify(headers: Mapping[str, str]) -> Caller:
    """Return the caller whose key is in the Authorization header.

    Raises Unauthenticated for a key that is unknown, expired or revoked, RateLimited, Unavailable.
    """
    scheme, _, key = headers.get("authorization", "").strip().partition(" ")
    if not scheme:
        return DEVELOPER if settings.open_access else ANONYMOUS
    if scheme.lower() != "bearer":
        raise Unauthenticated
    found = api_keys.authenticate(key.strip())
    rate_limit.take(api_keys.PARTITION, found.id)
    api_keys.record_last_use(found)
    return Caller(found.id, f"{found.name} ({found.id})", found.role)
