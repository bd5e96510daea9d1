"""Write the rejected rows of an import, with the reasons."""

import csv
import os
from pathlib import Path

from crmctl.csv_files import Table
from crmctl.import_rows import Reject


def rejects_path(directory: Path, kind: str) -> Path:
    return directory / f"{kind}.rejected.csv"


def write_rejects(directory: Path, table: Table, rejects: list[Reject]) -> Path:
    """Write the rows in the order of the file, with line number, code and reason. Replaces the file atomically."""
    rows = [(row, reject) for reject in rejects for row in reject.rows]
    rows.sort(key=lambda pair: pair[0].line)
    target = rejects_path(directory, table.kind)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*table.columns, "line", "code", "reason"])
            writer.writerows([*row.cells, row.line, reject.code, reject.reason] for row, reject in rows)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target
