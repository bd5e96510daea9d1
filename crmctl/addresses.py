"""Addresses of APIs: complete what was typed, and suggest the right one for a wrong path."""

import difflib
import ipaddress
from urllib.parse import SplitResult, urlsplit

GRAPHQL = "graphql"
_BESIDE = ("console", "graphiql", "health")


def complete_url(text: str) -> str:
    """Return an address with scheme and path: a bare host is enough. What is no address stays as it is."""
    url = text if "://" in text else f"{'http' if is_loopback(f'http://{text}') else 'https'}://{text}"
    try:
        parts = urlsplit(url)
    except ValueError:
        return text
    if not parts.hostname or parts.path.strip("/") or parts.query:
        return url if parts.hostname else text
    return parts._replace(path=_path_of_bare(parts)).geturl()


def _path_of_bare(parts: SplitResult) -> str:
    """Return the path of the API. API Gateway has the stage in front of it, as we deploy it."""
    is_gateway = ".execute-api." in (parts.hostname or "")
    return f"/api/{GRAPHQL}" if is_gateway else f"/{GRAPHQL}"


def suggest_url(url: str) -> str | None:
    """Return the address that was probably meant, or None if the path is that of an API already."""
    parts = urlsplit(url)
    *parents, last = parts.path.strip("/").split("/")
    if last == GRAPHQL:
        return None
    if last not in _BESIDE and not difflib.get_close_matches(last, [GRAPHQL], cutoff=0.7):
        parents.append(last)
    path = "/".join(filter(None, [*parents, GRAPHQL]))
    return parts._replace(path=f"/{path}", query="", fragment="").geturl()


def is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
