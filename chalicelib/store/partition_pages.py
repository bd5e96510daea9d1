"""Read one partition of `ops` in pages of whole rows, for the server's own work: without signed cursors or filters."""

from chalicelib.store import reads
from chalicelib.store.reads import Item
from chalicelib.store.tables import AuxRow


def read(
    pk: str, after: str = "", *, prefix: str = "", limit: int = 100, up: bool = True
) -> tuple[list[Item], str | None]:
    """Return the rows after a sort key, and the sort key to go on after; None at the end. Raises Unavailable.

    With `prefix`, only rows whose sort keys begin with it. A row that is deleted meanwhile does no harm.
    """
    condition, values = "pk = :pk", {":pk": {"S": pk}}
    if prefix:
        condition += " AND begins_with(sk, :prefix)"
        values[":prefix"] = {"S": prefix}
    start = {"ExclusiveStartKey": {"pk": {"S": pk}, "sk": {"S": after}}} if after else {}
    response = reads.call(
        "query",
        TableName=reads.table_name(AuxRow),
        KeyConditionExpression=condition,
        ExpressionAttributeValues=values,
        ScanIndexForward=up,
        ConsistentRead=True,
        Limit=limit,
        **start,
    )
    last = response.get("LastEvaluatedKey")
    return response["Items"], last["sk"]["S"] if last else None
