"""Serve GraphiQL to browsers at GET /graphql: one file that loads nothing from other hosts."""

import base64
import gzip
import hashlib
import re
from functools import cache
from pathlib import Path

from chalicelib.api.http import negotiation
from chalicelib.api.http.http_types import Request, Response
from chalicelib.settings import settings

_FILE = Path(__file__).parent.parent.parent / "web" / "graphiql.html.gz"
_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def is_asked_for(request: Request) -> bool:
    asks = request.method in {"GET", "HEAD"} and not {"query", "extensions"} & request.query.keys()
    return settings.graphiql and asks and negotiation.wants_page(request.headers.get("accept"))


def page(request: Request) -> Response:
    etag = _etag()
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": _policy(),
        "Cache-Control": "private, no-cache",
        "ETag": etag,
        "Vary": "Accept, Origin",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    if etag in request.headers.get("if-none-match", ""):
        return Response(304, "", headers)
    return Response(200, _read().decode(), headers)


def _read() -> bytes:
    return gzip.decompress(_FILE.read_bytes())


@cache
def _etag() -> str:
    return f'"{hashlib.sha256(_FILE.read_bytes()).hexdigest()[:32]}"'


@cache
def _policy() -> str:
    """Return the Content-Security-Policy. It allows scripts by their hashes, so that injected scripts do not run."""
    hashes = [base64.b64encode(hashlib.sha256(script).digest()).decode() for script in _SCRIPT.findall(_read())]
    scripts = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; font-src data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
