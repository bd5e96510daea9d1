"""Serve the console's files at /console. Browsers keep them until they change."""

import hashlib
from functools import cache
from pathlib import Path

from chalicelib.api.http.http_types import Request, Response

_DIRECTORY = Path(__file__).parent.parent.parent / "web" / "console"
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def serve(request: Request, *path: str) -> Response:
    """Serve one file. `path` is the part after /console/, such as ("vendor", "preact.js"); without it, serve the page."""
    name = "/".join(path) or "index.html"
    if name not in _names():
        return Response(404, "Not found", {"Content-Type": "text/plain; charset=utf-8", **_HEADERS})
    etag = _etag(name)
    headers = {"Content-Type": f"{_TYPES[Path(name).suffix]}; charset=utf-8", "ETag": etag, **_HEADERS}
    if etag in request.headers.get("if-none-match", ""):
        return Response(304, "", headers)
    return Response(200, (_DIRECTORY / name).read_text("utf-8"), headers)


def lead_to(path: str) -> Response:
    """Redirect a visitor of the API's bare address, whose path has the name of API Gateway's stage in front."""
    return Response(307, "", {"Location": f"{path.rstrip('/')}/console", **_HEADERS})


@cache
def _names() -> frozenset[str]:
    """Return the names of all files. Requests can name only these, so no other path is ever opened."""
    files = (file for file in _DIRECTORY.rglob("*") if file.suffix in _TYPES)
    return frozenset(file.relative_to(_DIRECTORY).as_posix() for file in files)


@cache
def _etag(name: str) -> str:
    return f'"{hashlib.sha256((_DIRECTORY / name).read_bytes()).hexdigest()[:32]}"'
