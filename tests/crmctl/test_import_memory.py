"""Files may be larger than the memory: an import holds a few rows at a time."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.crmctl.fake_api import FakeApi
from tests.crmctl.import_files import ROOT, command, counts

MAX_GROWTH_KILOBYTES = 12_000
_MEASURED = """
import resource, sys
from crmctl.cli import main
try:
    main()
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def peak_kilobytes(api: FakeApi, directory: Path, rows: int) -> int:
    """Import so many customers, most of whose bytes are in a column that is ignored."""
    directory.mkdir()
    with (directory / "customers.csv").open("w") as file:
        file.write("name,email,notes\n")
        file.writelines(f"N{number},n{number}@example.com,{'x' * 1_000}\n" for number in range(rows))
    words = command(api, directory, "--rejects", str(directory))
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *words[5:]], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert counts(done.stdout) == {"customers": (rows, 0, 0)}
    return int(done.stderr.split()[-1])


@pytest.mark.no_database
def test_memory_does_not_grow_with_the_file(api: FakeApi, tmp_path: Path) -> None:
    small = peak_kilobytes(api, tmp_path / "small", 100)
    api.rows["customers"].clear()
    large = peak_kilobytes(api, tmp_path / "large", 10_000)  # 10 MB, which a list of rows would at least double
    assert large - small < MAX_GROWTH_KILOBYTES, f"{small:,} KB with 0.1 MB, {large:,} KB with 10 MB"
