"""A request and an answer, whatever the server in front."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}")


@dataclass(frozen=True)
class Request:
    """Header names in lower case; `query` are the parameters of the URL; Lambda hands text over as the body."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes | str

    @cached_property
    def id(self) -> str:
        """The caller's X-Request-Id, if it is one, or our own: it is in the answer and in each line of the log."""
        sent = self.headers.get("x-request-id", "")
        return sent if _ID.fullmatch(sent) else secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: str
    headers: dict[str, str]
