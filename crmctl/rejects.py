"""Write the rejected rows of an import, with the reasons, and the warnings."""

import csv
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from crmctl.imports.source_table import REJECT_COLUMNS
from crmctl.imports.workspace import Workspace

_REJECTS = """
    SELECT cells, line, code, reason, because FROM rejects JOIN rows USING (kind, line) WHERE kind = ? AND line > 0 ORDER BY line
"""


def rejects_path(directory: Path, kind: str) -> Path:
    return directory / f"{kind}.rejected.csv"


def warnings_path(directory: Path, kind: str) -> Path:
    return directory / f"{kind}.warnings.csv"


def write_rejects(directory: Path, kind: str, columns: Sequence[str], workspace: Workspace) -> Path:
    """Write the original rows in the order of the file, with line number, code, reason and cause."""
    found = workspace.stream(_REJECTS, (kind,))
    rows = ([*json.loads(cells), *reject] for cells, *reject in found)
    return _write(rejects_path(directory, kind), [*columns, *REJECT_COLUMNS], rows)


def write_warnings(directory: Path, kind: str, workspace: Workspace) -> Path:
    rows = workspace.stream("SELECT line, warning FROM warnings WHERE kind = ? ORDER BY line", (kind,))
    return _write(warnings_path(directory, kind), ["line", "warning"], rows)


def _write(target: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Replace the file atomically."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target
