"""Which environment do boto3 and chalicelib see under `chalice local`, so that nothing can reach real AWS?"""

import ipaddress
import os
from collections.abc import Mapping, MutableMapping
from enum import Enum
from urllib.parse import urlsplit

from localdev.console import LocalError

ENDPOINT = "AWS_ENDPOINT_URL"
ALLOW_REMOTE = "CRM_ALLOW_REMOTE_ENDPOINT"
API_URL = "CRM_API_URL"
JOBS = "CRM_JOBS"

FIXED = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    # Else botocore puts the account id into the host name of DynamoDB.
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
}

DROPPED = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ACCOUNT_ID",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    # botocore would answer it by calling real AWS in spite of the endpoint.
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)


class Jobs(Enum):
    """Which jobs run by themselves under `chalice local`."""

    ALL = "on"
    ASKED_FOR = "asked"
    """Those that somebody asks for, and none at its time: for tests that count what a job did."""
    OFF = "off"


def jobs_mode(environment: Mapping[str, str]) -> Jobs:
    text = environment.get(JOBS) or Jobs.ALL.value
    try:
        return Jobs(text.lower())
    except ValueError:
        raise LocalError(f"{JOBS} must be on, asked or off, not {text!r}.") from None


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def prepare(environment: MutableMapping[str, str], host: str) -> str | None:
    """Set everything but the emulator's endpoint; give back the endpoint that the developer chose, if any.

    `host` is where the server listens: the API is open without keys on loopback only.
    """
    _refuse_remote_endpoints(environment)
    jobs_mode(environment)
    for name in DROPPED:
        environment.pop(name, None)
    environment.update(FIXED)
    environment.setdefault("CRM_STAGE", "local")
    if is_loopback(host):
        environment.setdefault("CRM_OPEN_ACCESS", "true")
    region = environment.get("CRM_REGION") or "us-east-1"
    environment["AWS_DEFAULT_REGION"] = environment["AWS_REGION"] = region
    _bypass_proxy(environment)
    return environment.get(ENDPOINT) or None


def _refuse_remote_endpoints(environment: MutableMapping[str, str]) -> None:
    for name in sorted(environment):
        url = environment[name]
        if name != ENDPOINT and not name.startswith(ENDPOINT + "_"):
            continue
        try:
            host = urlsplit(url).hostname
        except ValueError:
            host = None
        if not url:
            del environment[name]
        elif host is None:
            raise LocalError(f"{name} must be a URL such as http://127.0.0.1:4566, not {url!r}.")
        elif not is_loopback(host) and environment.get(ALLOW_REMOTE) != "1":
            raise LocalError(
                f"{name} names the host {host!r}, which is not this machine, and tables would be made there.\n"
                f"If that host is an emulator that you mean to use, set {ALLOW_REMOTE}=1; otherwise unset {name}."
            )


def _bypass_proxy(environment: MutableMapping[str, str]) -> None:
    """Unless told not to, botocore sends even loopback requests to HTTP_PROXY."""
    for name in ("NO_PROXY", "no_proxy"):
        others = [entry for entry in environment.get(name, "").split(",") if entry.strip()]
        environment[name] = ",".join([*others, "127.0.0.1", "localhost", "::1"])
