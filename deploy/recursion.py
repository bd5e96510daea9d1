"""Lets the consumer of a stage that `chalice deploy` has made send itself on as often as a long run needs.

Lambda stops a loop through a queue after about 16 times, an hour of a run, unless the function allows it. The packaged stack says so
in its template, and Chalice has no option for it. The guard against endless loops is the ledger, which limits the attempts of a run.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

from typing import Any

import boto3
from botocore.exceptions import ClientError

from deploy.functions import CONSUMER, function_name


def allow(stage: str) -> bool:
    """Return whether the consumer was there to be changed. Safe to repeat."""
    client: Any = boto3.client("lambda")
    name = function_name(CONSUMER, stage)
    try:
        client.get_function_concurrency(FunctionName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return False
    client.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")
    return True
