"""Has the stage an API key? If not, make an operator's and print it: `python -m deploy.first_key`, settings in the environment.

A process of its own: chalicelib reads its settings once, and whoever deploys has others.
"""

from chalicelib.crm import credentials, reads, tables
from chalicelib.crm.credentials import Role


def first_key() -> str | None:
    """None if the stage has keys."""
    known = reads.call(
        "query",
        TableName=reads.table_name(tables.Op),
        KeyConditionExpression="pk = :key",
        ExpressionAttributeValues={":key": {"S": credentials.PARTITION}},
        ConsistentRead=True,
        Limit=1,
    )
    return None if known["Items"] else credentials.create("first operator", Role.OPERATOR, "make deploy").key


if __name__ == "__main__":
    print(first_key() or "", end="")
