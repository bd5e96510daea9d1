"""HTTP requests and responses, independent of the server."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}")


@dataclass(frozen=True)
class Request:
    """An HTTP request. Header names are in lower case; `query` has the parameters of the URL. Lambda passes text as the body."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes | str

    @cached_property
    def id(self) -> str:
        """The client's X-Request-Id if it is valid, otherwise a new id. The response and each log line contain it."""
        sent = self.headers.get("x-request-id", "")
        return sent if _ID.fullmatch(sent) else secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: str
    headers: dict[str, str]
