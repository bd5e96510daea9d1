"""The environment of boto3 and chalicelib under `chalice local`, in which nothing can reach real AWS."""

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
    # Otherwise botocore puts the account id into DynamoDB's host name.
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
    # With it botocore calls real AWS in spite of the endpoint.
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)


class JobsMode(Enum):
    """Which jobs run under `chalice local`."""

    ALL = "on"
    ON_DEMAND = "asked"
    """Only runs that somebody starts, none on schedule. For tests that count what a job did."""
    OFF = "off"


def read_jobs_mode(environment: Mapping[str, str]) -> JobsMode:
    text = environment.get(JOBS) or JobsMode.ALL.value
    try:
        return JobsMode(text.lower())
    except ValueError:
        raise LocalError(f"{JOBS} must be on, asked or off, not {text!r}.") from None


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def prepare_environment(environment: MutableMapping[str, str], host: str) -> str | None:
    """Set everything but the emulator's endpoint. Return the endpoint that the developer chose, if any.

    `host` is where the server listens. The API is open without keys on loopback only.
    """
    _refuse_remote_endpoints(environment)
    read_jobs_mode(environment)
    for name in DROPPED:
        environment.pop(name, None)
    environment.update(FIXED)
    environment.setdefault("CRM_STAGE", "local")
    environment.setdefault("CRM_LOCAL_WEBHOOKS", "true")
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
                f"{name} names the host {host!r}, which is not this machine. Tables would be created there.\n"
                f"If that host is your emulator, set {ALLOW_REMOTE}=1. Otherwise unset {name}."
            )


def _bypass_proxy(environment: MutableMapping[str, str]) -> None:
    """Exclude loopback from HTTP_PROXY: botocore would send even loopback requests there."""
    for name in ("NO_PROXY", "no_proxy"):
        others = [entry for entry in environment.get(name, "").split(",") if entry.strip()]
        environment[name] = ",".join([*others, "127.0.0.1", "localhost", "::1"])
