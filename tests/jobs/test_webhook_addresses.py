"""Which URLs webhooks may have: https to public addresses, however an address is written."""

import socket
from dataclasses import replace

import pytest

from chalicelib.errors import InvalidInput
from chalicelib.jobs import webhook_addresses
from chalicelib.jobs.webhook_addresses import AddressRefused
from chalicelib.settings import settings

pytestmark = pytest.mark.no_database
HOSTS = {
    "loopback": "127.0.0.1",
    "loopback, another": "127.8.9.10",
    "loopback, short": "127.1",
    "loopback, decimal": "2130706433",
    "loopback, hexadecimal": "0x7f000001",
    "loopback, octal": "0177.0.0.1",
    "loopback, IPv6": "[::1]",
    "loopback, mapped": "[::ffff:127.0.0.1]",
    "loopback, mapped, hexadecimal": "[::ffff:7f00:1]",
    "loopback, compatible": "[::127.0.0.1]",
    "loopback, NAT64": "[64:ff9b::7f00:1]",
    "loopback, 6to4": "[2002:7f00:1::]",
    "loopback, Teredo": "[2001:0:7f00:1::]",
    "any": "0.0.0.0",  # noqa: S104 - refused
    "any, short": "0",
    "any, IPv6": "[::]",
    "metadata of AWS": "169.254.169.254",
    "metadata of AWS, decimal": "2852039166",
    "metadata of AWS, IPv6": "[fd00:ec2::254]",
    "metadata of AWS, mapped": "[::ffff:a9fe:a9fe]",
    "link-local, IPv6": "[fe80::1]",
    "private 10": "10.1.2.3",
    "private 172": "172.16.0.1",
    "private 192": "192.168.1.1",
    "private, mapped": "[::ffff:10.1.2.3]",
    "unique local": "[fc00::1]",
    "carrier-grade NAT": "100.64.0.1",
    "multicast": "224.0.0.1",
    "multicast, IPv6": "[ff02::1]",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "documentation": "192.0.2.1",
    "documentation, IPv6": "[2001:db8::1]",
    "benchmarks": "198.18.0.1",
}
URLS = {
    "http": "http://example.com/",
    "file": "file:///etc/passwd",
    "no scheme": "example.com/hook",
    "gopher": "gopher://example.com/",
    "no host": "https:///hook",
    "user": "https://user@example.com/",
    "password": "https://:pass@example.com/",
    "fragment": "https://example.com/#x",
    "port": "https://example.com:99999/",
    "port 0": "https://example.com:0/",
    "blank": "https://example.com/a b",
    "line": "https://example.com/a\r\nX-Header: 1",
    "backslash": "https://example.com\\@127.0.0.1/",
    "zone": "https://[fe80::1%25lo]/",
    "escaped host": "https://127%2e0.0.1/",
    "bracket": "https://[::1/",
    "not ASCII": "https://exämple.com/",
    "long": "https://example.com/" + "x" * 1000,
    "empty": "",
}


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS.keys())
@pytest.mark.parametrize("port", ["", ":8443"])
def test_an_address_that_is_not_public_is_refused_when_it_is_saved_and_when_it_is_used(host: str, port: str) -> None:
    url = f"https://{host}{port}/hook"
    with pytest.raises(InvalidInput) as refused:
        webhook_addresses.checked(url)
    assert refused.value.field == "url"
    with pytest.raises(AddressRefused):
        webhook_addresses.resolve(webhook_addresses.parse(url))


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS.keys())
def test_a_name_that_stands_for_such_an_address_is_refused(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = socket.getaddrinfo(host.strip("[]"), 443, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: entries)
    with pytest.raises(AddressRefused, match="public addresses only"):
        webhook_addresses.resolve(webhook_addresses.parse("https://innocent.example.com/"))


@pytest.mark.parametrize("url", URLS.values(), ids=URLS.keys())
def test_what_is_no_plain_https_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        webhook_addresses.checked(url)
    assert url == "" or url not in refused.value.message


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8"])
def test_public_addresses_are_accepted(address: str) -> None:
    assert webhook_addresses.is_public(address)


def test_a_name_is_not_resolved_when_it_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever saves a channel must not wait for a name server, nor learn what a name stands for here."""
    resolve = socket.getaddrinfo

    def numeric_only(*given: object, **more: object) -> object:
        assert more.get("flags") == socket.AI_NUMERICHOST
        return resolve(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", numeric_only)
    assert webhook_addresses.checked(" https://example.com/x ") == "https://example.com/x"


def test_locally_http_reaches_loopback_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_addresses, "settings", replace(settings, local_webhooks=True))
    assert webhook_addresses.checked("http://127.0.0.1:9000/hook") == "http://127.0.0.1:9000/hook"
    parsed = webhook_addresses.parse("http://localhost:9000/hook")
    assert set(webhook_addresses.resolve(parsed)) <= {"127.0.0.1", "::1"}
    for url in ("http://8.8.8.8/", "http://10.0.0.1/", "http://169.254.169.254/", "https://127.0.0.1/"):
        with pytest.raises(InvalidInput):
            webhook_addresses.checked(url)
