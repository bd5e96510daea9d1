"""Let web pages of the origins in CRM_CORS_ORIGINS call the API. https://fetch.spec.whatwg.org/#http-cors-protocol"""

from chalicelib.api.http.http_types import Request, Response
from chalicelib.settings import settings

_METHODS = "GET, POST"
_HEADERS = "Accept, Authorization, Content-Type, Idempotency-Key, X-Request-Id"
_EXPOSED = "X-Request-Id, Retry-After, Idempotency-Replayed"


def headers(request: Request) -> dict[str, str]:
    """Return the CORS headers of a response. Errors need them, too: otherwise a page could not read the error."""
    origin = _allowed(request)
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _EXPOSED} if origin else {}


def preflight(request: Request) -> Response:
    allowed = {"Allow": f"{_METHODS}, OPTIONS", "Vary": "Origin"}
    if _allowed(request):
        allowed |= {
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _HEADERS,
            "Access-Control-Max-Age": "600",
        }
    return Response(204, "", allowed)


def _allowed(request: Request) -> str | None:
    origin = request.headers.get("origin", "")
    return origin if origin and origin in {entry.strip() for entry in settings.cors_origins.split(",")} else None
