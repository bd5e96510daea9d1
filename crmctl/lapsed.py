"""Say at the end of an import which customers the clean-up will consider, and when."""

from datetime import UTC, datetime, timedelta

from crmctl.import_rows import normalize
from crmctl.tally import RowResult, Tally

YEAR = timedelta(days=365)


def lapsed_notice(customers: Tally, orders: Tally) -> str | None:
    """Return how many of the customers had no order for a year, and when the clean-up first considers one of them."""
    since = datetime.now(UTC) - YEAR
    last_orders: dict[str, datetime] = {}
    for result in orders.accepted:
        email, moment = normalize(result.record.input["customerEmail"]), _parse(result.record.input["orderDate"])
        last_orders[email] = max(moment, last_orders.get(email, moment))
    lapsed = [result for result in customers.accepted if _last_activity(result, last_orders) < since]
    if not lapsed:
        return None
    first = min(result.row["inactiveFrom"] for result in lapsed)
    return (
        f"{len(lapsed):,} of {len(customers.accepted):,} customers have had no order for a year. "
        f"The clean-up will first consider them on {first}."
    )


def _last_activity(result: RowResult, last_orders: dict[str, datetime]) -> datetime:
    """Return the last order, or the creation. The row was read before the orders of the files were imported."""
    moments = [_parse(result.record.input["createdAt"])]
    if result.row["lastOrderAt"] is not None:
        moments.append(_parse(result.row["lastOrderAt"]))
    if result.record.key in last_orders:
        moments.append(last_orders[result.record.key])
    return max(moments)


def _parse(moment: str) -> datetime:
    return datetime.fromisoformat(moment)
