"""Which addresses a webhook may have, so that nobody can make us call what only we can reach.

A URL has https and names a host. All addresses that the host's name stands for must be public ones. They are checked when
they are used: the caller connects to an address that was checked, and not to the name again, which may stand for another
by then. Only `chalice local` also allows plain http, and that to loopback alone.
"""

import ipaddress
import socket
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

from chalicelib.errors import InvalidInput
from chalicelib.settings import settings

MAX_URL = 1000
_UNICAST = ipaddress.ip_network("2000::/3")
"""What is assigned of IPv6. Outside of it are addresses that stand for one of IPv4, such as 64:ff9b::7f00:1."""
_6TO4 = ipaddress.ip_network("2002::/16")
_NOT_PUBLIC = "The URL's host must have public addresses only"


class AddressRefused(Exception):
    """The webhook's address is none that we connect to; the text says why, and names no address"""


@dataclass(frozen=True, slots=True)
class WebhookUrl:
    """The parts of a URL that was checked. Path and query can be secret."""

    is_tls: bool
    host: str
    port: int
    path: str = field(repr=False)


def checked(url: str) -> str:
    """Return the URL of a webhook, without the blanks around it. Raises InvalidInput, which does not quote it."""
    url = url.strip()
    try:
        parsed = parse(url)
        if _is_numeric(parsed):
            resolve(parsed)
    except AddressRefused as refused:
        raise InvalidInput(str(refused), field="url") from None
    return url


def parse(url: str) -> WebhookUrl:
    """Return the parts of a URL. Raises AddressRefused."""
    if len(url) > MAX_URL or not url.isascii() or any(not "!" <= character <= "~" for character in url):
        raise AddressRefused(f"The URL must have at most {MAX_URL} printable ASCII characters, and no blanks")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused("That is not a URL such as https://example.com/hook") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.local_webhooks):
        raise AddressRefused("The URL must begin with https://")
    if not parts.hostname or "%" in parts.netloc or "\\" in url:
        raise AddressRefused("That is not a URL such as https://example.com/hook")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise AddressRefused("The URL must have no user name, no password and no fragment")
    return _parsed(parts, port)


def resolve(url: WebhookUrl) -> list[str]:
    """Return the addresses of the host, at least one, all of them checked. Raises AddressRefused."""
    try:
        found = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressRefused("The URL's host has no address") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if url.is_tls and not all(map(is_public, addresses)):
        raise AddressRefused(_NOT_PUBLIC)
    if not url.is_tls and not all(ipaddress.ip_address(address).is_loopback for address in addresses):
        raise AddressRefused("Without https, the URL's host must be this machine")
    return addresses


def is_public(address: str) -> bool:
    """Return whether an address belongs to the public internet, also if one of IPv4 is written as one of IPv6."""
    found: IPv4Address | IPv6Address = ipaddress.ip_address(address)
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            found = found.ipv4_mapped
        elif found.scope_id or found not in _UNICAST or found in _6TO4:
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def _parsed(parts: SplitResult, port: int | None) -> WebhookUrl:
    is_tls = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if port == 0:
        raise AddressRefused("The URL's port must be from 1 to 65535")
    return WebhookUrl(is_tls, parts.hostname or "", port or (443 if is_tls else 80), path)


def _is_numeric(url: WebhookUrl) -> bool:
    """Return whether the host is an address in any form, such as 2130706433. Asks no name server."""
    try:
        socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return False
    return True
