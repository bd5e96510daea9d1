"""Has the stage an API key? If not, make an operator's and print it: `python -m deploy.first_key`, settings in the environment.

A process of its own: chalicelib reads its settings once, and whoever deploys has others.
"""

from chalicelib.access import api_keys
from chalicelib.access.api_keys import Role
from chalicelib.store import reads, tables


def first_key() -> str | None:
    """None if the stage has keys."""
    known = reads.call(
        "query",
        TableName=reads.table_name(tables.AuxRow),
        KeyConditionExpression="pk = :key",
        ExpressionAttributeValues={":key": {"S": api_keys.PARTITION}},
        ConsistentRead=True,
        Limit=1,
    )
    return None if known["Items"] else api_keys.create("first operator", Role.OPERATOR, "make deploy").key


if __name__ == "__main__":
    print(first_key() or "", end="")
