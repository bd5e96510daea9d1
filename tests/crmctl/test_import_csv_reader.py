"""CSV files in any dialect and encoding are read. What is malformed is refused with the place and the remedy."""

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crmctl.imports.csv_reader import read_csv
from crmctl.imports.file_error import ImportFileError
from tests.crmctl.import_files import CUSTOMERS

pytestmark = pytest.mark.no_database
HEADER = b"name,email,phone,created_at\n"
ROW = b"Alice,alice@example.com,,2025-01-31\n"


def rows_of(data: bytes, directory: Path, **options: str) -> list[tuple[str, ...]]:
    path = directory / "customers.csv"
    path.write_bytes(data)
    table = read_csv(path, **options)
    return [table.columns, *(row.cells for row in table.rows)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (HEADER + ROW + b"Bob,bob@example.com\n", "line 3 has 2; the header has 4"),
        (HEADER + b"a,b,c,d,e\n" * 7, "line 6 has 5, and more lines"),
        (HEADER + ROW + b"Ren\x81,r@example.com,,2025-01-31\n", "not UTF-8: line 3, byte 68 of the file (0x81)"),
        (
            HEADER
            + "\u041f\u0440\u0438\u0432\u0435\u0442\u0441\u0442\u0432\u0438\u0435,r@example.com,,\n".encode("cp1251")
            * 9,
            "Set --encoding",
        ),
        (b"\xff\xfe" + "name,email\nA".encode("utf-16-le") + b"\x00", "not UTF-16"),
        (HEADER + b"Al\0ice,,,\n", "NUL byte on line 2"),
        (HEADER + ROW + b'"Bob,b@example.com,,\nC,d,e,f\n', "the row that starts on line 3"),
        (HEADER + b"x" * 2_100_000 + b",,,\n", "field larger than field limit"),
    ],
)
def test_malformed_file_is_rejected_with_the_place(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(ImportFileError) as raised:
        rows_of(data, tmp_path)
    assert message in str(raised.value)
    assert "customers.csv" in str(raised.value)


def test_directory_or_missing_file_is_rejected(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(ImportFileError, match="cannot be read"):
            read_csv(path)


def test_unknown_encoding_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="'latin-99' is not an encoding"):
        rows_of(HEADER + ROW, tmp_path, encoding="latin-99")


def test_the_user_may_say_encoding_and_delimiter(tmp_path: Path) -> None:
    data = "name:email\n\u041f\u0440\u0438:a,b;c\n".encode("cp1251")
    assert rows_of(data, tmp_path, encoding="cp1251", delimiter=":")[1] == ("\u041f\u0440\u0438", "a,b;c")


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_lines_are_counted_with_any_line_ends(tmp_path: Path, ends: str) -> None:
    path = tmp_path / "customers.csv"
    text = 'email, phone ,name\n\na@example.com,1,"Ann\nLee"\n,,\nb@example.com,2, Bob \n'
    path.write_bytes(text.replace("\n", ends).encode("utf-8-sig"))
    table = read_csv(path)
    assert table.columns == ("email", "phone", "name")
    assert [(row.line, row.cells[2]) for row in table.rows] == [(3, f"Ann{ends}Lee"), (6, " Bob ")]


def test_a_line_that_names_the_delimiter_is_no_header(tmp_path: Path) -> None:
    for line in ("sep=;", '"sep=;"', "SEP=;"):
        path = tmp_path / "customers.csv"
        path.write_text(f"{line}\nname;a,b,c,d\nAnn;1\n", encoding="utf-16")
        table = read_csv(path)
        assert (table.columns, table.form) == (("name", "a,b,c,d"), "UTF-16, semicolons")
        assert [(row.line, row.cells) for row in table.rows] == [(3, ("Ann", "1"))]


def test_columns_of_rejected_rows_are_left_out(tmp_path: Path) -> None:
    for extra in ("line,code,reason", "line,code,reason,because"):
        commas = "," * extra.count(",")
        (columns, row) = rows_of(f"name,email,{extra}\nAnn,a@example.com,{commas}\n".encode(), tmp_path)
        assert (columns, row) == (("name", "email"), ("Ann", "a@example.com"))
    assert rows_of(b"name,line\nAnn,7\n", tmp_path)[0] == ("name", "line")


def test_rows_keep_cells_unchanged(tmp_path: Path) -> None:
    assert rows_of(CUSTOMERS.replace("Alice", " Alice ").encode(), tmp_path)[1][0] == " Alice "


WORDS = st.text(st.sampled_from("abcdefghij ,;|\"'\t\n-0123456789"), max_size=8)
WESTERN = st.builds("{}{}".format, st.just("word"), st.text(st.sampled_from("äöüßéèñçÆøœŽ€™"), max_size=2))
ANY = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
DIALECTS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(",;\t|"),
        "lineterminator": st.sampled_from(["\n", "\r\n", "\r"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    }
)
CELLS = {"utf-8": WORDS | ANY, "utf-8-sig": WORDS | ANY, "utf-16": WORDS | ANY, "cp1252": WORDS | WESTERN}


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[tuple[str, str, str]]]:
    encoding = draw(st.sampled_from(sorted(CELLS)))
    cell = CELLS[encoding]
    name = cell.map(lambda text: f"x{text}x")  # a row without any text is skipped
    return encoding, draw(st.lists(st.tuples(name, cell, cell), min_size=1, max_size=6))


@settings(max_examples=100)
@given(table=tables(), dialect=DIALECTS, names_delimiter=st.booleans())
@example(
    table=("cp1252", [("xéx", "", "")]),
    dialect={"delimiter": ";", "lineterminator": "\r", "quoting": 0},
    names_delimiter=True,
)
def test_a_table_in_any_dialect_and_encoding_comes_back_the_same(
    table: tuple[str, list[tuple[str, str, str]]], dialect: dict[str, str | int], *, names_delimiter: bool
) -> None:
    encoding, rows = table
    text = io.StringIO(newline="")
    if names_delimiter:
        text.write(f"sep={dialect['delimiter']}{dialect['lineterminator']}")
    if any("\n" in cell for row in rows for cell in row):
        dialect = {
            **dialect,
            "quoting": csv.QUOTE_ALL,
        }  # Python's writer would quote only breaks like its own line ends
    csv.writer(text, **dialect).writerows([("name", "email", "phone"), *rows])  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as directory:
        found = rows_of(text.getvalue().encode(encoding), Path(directory))
    assert found == [("name", "email", "phone"), *rows]
