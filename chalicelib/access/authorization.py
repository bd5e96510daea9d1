"""Identify the caller of a request, and check what their role allows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from chalicelib.access import api_keys, authentication, rate_limit
from chalicelib.access.roles import Role
from chalicelib.errors import Forbidden, Unauthenticated
from chalicelib.settings import settings

_HOST = re.compile(r"([\w.-]+|\[[\da-f:.]+\])(:\d+)?", re.ASCII | re.IGNORECASE)
"""The name and the port in a Host header."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who runs operations: the holder of an API key, or a part of this system.

    `name` is recorded with whatever the caller changes.
    """

    id: str
    name: str
    role: Role
    key_name: str | None = None
    """The name of the key alone. None for a caller without a key."""

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
            raise Forbidden(f"This requires the role {role.name}; your key has the role {self.role.name}")


ANONYMOUS = Caller("", "anyone", Role.PUBLIC)
DEVELOPER = Caller("open", "open access", Role.OPERATOR)
"""A caller without a key, where settings allow that: in `chalice local` and in tests."""


def _check_host(host: str | None) -> None:
    """Refuse a name that is not loopback: through DNS rebinding it could be a web page's. Every browser sends a Host."""
    if host is not None and not _is_loopback(host):
        raise Forbidden(
            "Access is open to this machine only. Use http://127.0.0.1 or http://localhost as the address, "
            "or set CRM_OPEN_ACCESS=off and send a key"
        )


@lru_cache(maxsize=16)  # the same few addresses come again and again
def _is_loopback(host: str) -> bool:
    found = _HOST.fullmatch(host)
    name = found[1].strip("[]").lower() if found else ""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def identify(headers: Mapping[str, str]) -> Caller:
    """Return the caller whose key is in the Authorization header.

    Raises Forbidden for another host than this machine while access is open, Unauthenticated for a key that is unknown,
    expired or revoked, RateLimited, Unavailable.
    """
    if settings.open_access:
        _check_host(headers.get("host"))
    scheme, _, key = headers.get("authorization", "").strip().partition(" ")
    if not scheme:
        return DEVELOPER if settings.open_access else ANONYMOUS
    if scheme.lower() != "bearer":
        raise Unauthenticated
    found = authentication.authenticate(key.strip())
    rate_limit.take_token(api_keys.PARTITION, found.id)
    return Caller(found.id, f"{found.name} ({found.id})", found.role, found.name)
