"""Malformed CSV files are rejected, with a message that names the place."""

from pathlib import Path

import pytest

from crmctl.csv_files import CsvFileError, read_table
from tests.crmctl.import_files import CUSTOMERS

HEADER = b"name,email,phone,created_at\n"
ROW = b"Alice,alice@example.com,,2025-01-31\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty. Its first line must be: name,email,phone,created_at"),
        (b"\n\n", "is empty"),
        (HEADER, "has a header but no rows"),
        (b"name,email,phone\nA,b,c\n", "missing 'created_at'. Expected: name,email,phone,created_at"),
        (b"name,email,phone,created_at,age\n", "unknown 'age'"),
        (b"name,email,phone,created_at,\n", "unknown ''"),
        (b"name,email,phone,created_at,email\n", "duplicate 'email'"),
        (b"name;email;phone;created_at\n", "Separate the columns with commas"),
        (HEADER + ROW + b"Bob,bob@example.com\n", "line 3 has 2; the header has 4"),
        (HEADER + b"a,b,c,d,e\n" * 7, "line 6 has 5, and 2 more lines"),
        (HEADER + ROW + b"Ren\xe9,r@example.com,,2025-01-31\n", "not UTF-8: line 3, byte 68 of the file (0xe9)"),
        (b"\xef\xbb\xbf" + HEADER + ROW + b"Ren\xe9,,,\n", "not UTF-8: line 3, byte 71 of the file (0xe9)"),
        ("name,email".encode("utf-16"), "not UTF-8: line 1, byte 1 of the file"),
        (HEADER + b"Al\0ice,,,\n", "NUL byte on line 2"),
        (HEADER + ROW + b'"Bob,b@example.com,,\nC,d,e,f\n', "the row that starts on line 3"),
        (HEADER + b"x" * 200_000 + b",,,\n", "field larger than field limit"),
    ],
)
def test_malformed_file_is_rejected_with_the_place(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes(data)
    with pytest.raises(CsvFileError) as raised:
        read_table(path, "customers")
    assert message in str(raised.value)
    assert str(path) in str(raised.value)


def test_directory_instead_of_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(CsvFileError, match="cannot be read"):
        read_table(tmp_path, "customers")


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_bom_line_endings_blank_lines_and_column_order_do_not_matter(tmp_path: Path, ends: str) -> None:
    path = tmp_path / "customers.csv"
    text = (
        'email, phone ,created_at,name\n\na@example.com,1,2025-01-31,"Ann\nLee"\n\nb@example.com,2,2025-01-31, Bob \n'
    )
    path.write_bytes(text.replace("\n", ends).encode("utf-8-sig"))
    table = read_table(path, "customers")
    assert [row.line for row in table.rows] == [3, 6]
    assert [table.values(row)["name"] for row in table.rows] == [f"Ann{ends}Lee", "Bob"]


def test_rows_keep_cells_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_text(CUSTOMERS.replace("Alice", " Alice "), encoding="utf-8")
    assert read_table(path, "customers").rows[0].cells[0] == " Alice "
