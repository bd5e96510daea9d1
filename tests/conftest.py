"""Fixtures: the tables on moto in process, or on a MiniStack of its own (`pytest --backend=ministack`)."""

import os

os.environ.update(
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_ACCOUNT_ID_ENDPOINT_MODE="disabled",
    AWS_EC2_METADATA_DISABLED="true",
    CRM_OPEN_ACCESS="true",
    CRM_STAGE="test",
)
