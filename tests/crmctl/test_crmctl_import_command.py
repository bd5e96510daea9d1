"""`crmctl import` as a command: its options, its help, and what it prints with and without a terminal."""

import runpy
import subprocess
import sys
from collections import deque
from pathlib import Path

import pytest

from crmctl.imports.fields import FIELDS
from tests.crmctl.fake_api import FakeApi, responds
from tests.crmctl.import_files import (
    PRODUCTS,
    ROOT,
    RunImport,
    command,
    counts,
    write,
)

SHARED = ROOT.parent / "shared" / "data"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--url", "ftp://127.0.0.1:8000"], "is not a URL"),
        (["--url", "http://[::1/graphql"], "is not a URL"),
        (["--url", "127.0.0.1:1"], "Nothing listens at 127.0.0.1:1"),
        (["--key", "crm_1 abc"], "characters that no API key has"),
        (["--rejects", "files/orders.csv/out"], "cannot be written"),
        (["--workers", "0"], "--workers"),
    ],
)
def test_invalid_options_exit_with_2_and_a_message(run_import: RunImport, options: list[str], message: str) -> None:
    result = run_import(*options)
    assert result.exit_code == 2
    assert message in result.stderr


def test_rejects_that_cannot_be_written_are_an_error(files: Path, run_import: RunImport) -> None:
    write(files, products=PRODUCTS + "BAD,Free,0,1\n")
    Path("products.rejected.csv").mkdir()
    result = run_import()
    assert result.exit_code == 2
    assert "The rejected products could not be written" in result.stderr


def test_output_without_terminal_is_plain_lines(api: FakeApi, files: Path) -> None:
    result = subprocess.run(command(api, files), cwd=ROOT, capture_output=True, text=True, check=True)

    assert result.stderr.splitlines() == ["customers: 2 of 2", "products: 2 of 2", "orders: 2 of 2"]
    assert "\x1b" not in result.stdout
    assert counts(result.stdout)["orders"] == (2, 0, 0)


def test_terminal_shows_progress_bar_and_readable_messages(
    api: FakeApi, run_import: RunImport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    api.faults = deque([responds(503)])
    result = run_import()
    assert result.exit_code == 0
    assert "responded with HTTP 503. Retrying in" in result.stderr
    assert "━━" in result.stderr


def test_help_names_every_file_column_and_exit_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["crmctl", "import", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("crmctl", run_name="__main__")
    message = capsys.readouterr().out
    assert ended.value.code == 0
    columns = "".join(message.split())  # of 80 columns
    assert all(",".join(names) in columns for each in FIELDS.values() for names in (each.required, each.optional))
    assert "Exit status: 0" in message
