"""Clients of the AWS services besides DynamoDB: one a service, made when it is first needed."""

from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

from chalicelib.settings import settings


@cache
def client(service: str, tries: int = 2) -> Any:
    """`tries=1` for what must not be sent twice by botocore itself."""
    config = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": tries, "mode": "standard"})
    return botocore.session.get_session().create_client(service, region_name=settings.region, config=config)
