"""Clients of AWS services other than DynamoDB: one per service, created on first use."""

from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

from chalicelib.settings import settings


@cache
def client(service: str, tries: int = 2) -> Any:
    """Return the client of a service. Use `tries=1` for requests that botocore must not repeat."""
    config = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": tries, "mode": "standard"})
    return botocore.session.get_session().create_client(service, region_name=settings.region, config=config)
