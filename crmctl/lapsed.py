"""Say at the end of an import which customers the clean-up will consider, and when."""

from datetime import UTC, datetime, timedelta

from crmctl.imports.workspace import Workspace
from crmctl.text import counted

YEAR = timedelta(days=365)
# The last order of the files, or what the CRM had before them: the rows were read before the orders were imported.
_LAPSED = """
    SELECT COUNT(*), MIN(inactive_from) FROM results LEFT JOIN last_orders USING (key)
    WHERE kind = 'customers' AND inactive_from IS NOT NULL AND MAX(active_at, COALESCE(at, '')) < ?
"""


def lapsed_notice(workspace: Workspace) -> str | None:
    """Return how many of the customers had no order for a year, and when the clean-up first considers one of them."""
    since = (datetime.now(UTC) - YEAR).replace(tzinfo=None).isoformat()
    ((lapsed, first),) = workspace.query(_LAPSED, (since,))
    if not lapsed:
        return None
    ((customers,),) = workspace.query("SELECT COUNT(*) FROM results WHERE kind = 'customers'")
    return (
        f"{lapsed:,} of {counted(customers, 'customer')} {'has' if lapsed == 1 else 'have'} had no order for a year. "
        f"The clean-up will first consider {'this one' if lapsed == 1 else 'them'} on {first}."
    )
