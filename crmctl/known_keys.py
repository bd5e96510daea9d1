"""Which customers and products that the orders of a dry run name are there, or would be.

Kept in the workspace, because a file may name any number of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from crmctl.imports.workspace import Workspace


@dataclass(frozen=True, slots=True)
class KnownKeys:
    workspace: Workspace
    kind: str

    def get(self, key: str) -> bool | None:
        """Return whether the row is in the CRM or would be created by this import, None if nobody has asked yet."""
        found = self.workspace.query(
            "SELECT 1 FROM results WHERE kind = ? AND key = ? UNION ALL "
            "SELECT is_there FROM known_keys WHERE kind = ? AND key = ? LIMIT 1",
            (self.kind, key, self.kind, key),
        )
        return bool(found[0][0]) if found else None

    def add(self, keys: Iterable[tuple[str, bool]]) -> None:
        self.workspace.execute_many(
            "INSERT OR REPLACE INTO known_keys VALUES (?, ?, ?)", [(self.kind, *each) for each in keys]
        )
