"""Who calls, and what they may do."""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.access import api_keys, rate_limit
from chalicelib.access.api_keys import Role
from chalicelib.errors import Forbidden, Unauthenticated
from chalicelib.settings import settings


@dataclass(frozen=True, slots=True)
class Caller:
    """`name` is what is written down of who did something."""

    id: str
    name: str
    role: Role

    @property
    def is_anonymous(self) -> bool:
        return self.role is Role.PUBLIC

    def check(self, role: Role) -> None:
        """Raises Unauthenticated, Forbidden."""
        if role > self.role:
            if self.is_anonymous:
                raise Unauthenticated
            raise Forbidden(f"This needs a key with the role {role.name}, and yours has {self.role.name}")


ANONYMOUS = Caller("", "anyone", Role.PUBLIC)
DEVELOPER = Caller("open", "open access", Role.OPERATOR)
"""Who calls without a key where that is allowed: `chalice local`, and tests."""


def identify(headers: Mapping[str, str]) -> Caller:
    """Raises Unauthenticated for a key that does not open, RateLimited, Unavailable."""
    scheme, _, key = headers.get("authorization", "").strip().partition(" ")
    if not scheme:
        return DEVELOPER if settings.open_access else ANONYMOUS
    if scheme.lower() != "bearer":
        raise Unauthenticated
    found = api_keys.authenticate(key.strip())
    rate_limit.take(api_keys.PARTITION, found.id)
    api_keys.record_last_use(found)
    return Caller(found.id, f"{found.name} ({found.id})", found.role)
