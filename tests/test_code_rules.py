"""The rules for the code: sizes, words, and how much of it the type checker can see."""

import ast
import re
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from io import StringIO
from itertools import islice
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parent.parent
PRODUCT = ("app.py", "chalicelib", "localdev", "crmctl", "deploy")
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
MAX_MEDIAN_FUNCTION_LINES = 10
MIN_TESTS_PER_SOURCE = 1.2
MAX_ANY_PER_1000_LINES = 12
pytestmark = pytest.mark.no_database

# Names that this project used before it took the field's words. A name of one ordinary word is not here: it may be right
# elsewhere.
RETIRED_NAMES = frozenset(
    [
        "proven",
        "is_passing",
        "booked",
        "may_exist",
        "made_from",
        "fold",
        "fold_phone",
        "put_off",
        "show_again",
        "note_use",
        "is_stranger",
        "without_ledger",
        "same_day",
        "PastOrder",
        "PastLine",
        "OverLimit",
        "Issued",
        "Credential",
        "Redriven",
        "lane",
        "lanes",
        "_afresh",
        "_carries",
        "_sets",
        "_complain",
        "_tell",
        "looked_at",
        "_account",
        "act_s",
        "act_k",
        "list_s",
        "created_k",
        "name_k",
        "phone_k",
        "stock_s",
        "price_k",
        "date_k",
        "total_k",
        "email_n",
        "STRANGER",
        "LONGEST",
        "complaints",
    ]
)
RETIRED_PATTERN = re.compile(r"_?(MOST|LONGEST)_[A-Z_]+")
RETIRED_LETTERS = re.compile(rf"\b(?:{'|'.join(sorted(RETIRED_NAMES))}|{RETIRED_PATTERN.pattern})\b")
RETIRED_MODULES = frozenset(
    [
        "chalicelib.crm.database",
        "chalicelib.crm.answers",
        "chalicelib.crm.walk",
        "chalicelib.crm.listing",
        "chalicelib.crm.plans",
        "chalicelib.crm.moments",
        "chalicelib.crm.history",
        "chalicelib.crm.credentials",
        "chalicelib.crm.bucket",
        "chalicelib.crm.claims",
        "chalicelib.crm.archive",
        "chalicelib.jobs.requests",
        "chalicelib.jobs.control",
        "chalicelib.jobs.report_letter",
        "chalicelib.jobs.mail",
        "chalicelib.jobs.watch",
        "chalicelib.jobs.runs",
        "chalicelib.api.price",
        "chalicelib.api.faults",
        "chalicelib.api.message",
        "chalicelib.api.persisted",
        "crmctl.records",
        "crmctl.csvfiles",
        "crmctl.inflight",
        "crmctl.running",
        "localdev.pump",
        "localdev.keeper",
        "localdev.lambdas",
        "localdev.session",
        "deploy.data",
    ]
)
RETIRED_PHRASES = (
    "is asked for",
    "it is tried again",
    "is no moment",
    "mend the cause",
    "a line each",
    "a token a page",
    "comes along with",
    "gone round",
    "to complain of",
    "let no run",
    "let the runs of",
    "have dead letters",
    "have the key refused",
    "a fault of ours",
    "short of lambda time",
    "nobody knows",
    "it takes the place of",
    "what callers are told",
    "ours for the time of",
    "look first whether",
    "whatever is wrong with",
    "takes its stock or does not exist",
    "that no index serves",
)
_PROSE = {".py", ".md", ".graphql", ".js", ".html", ".mjs", ".yaml", ".yml", ".toml", ""}


def tracked(*roots: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", *roots], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def python_files(*roots: str) -> list[Path]:
    return [file for file in tracked(*roots) if file.suffix == ".py"]


def relative(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@cache
def text_of(file: Path) -> str:
    return file.read_text("utf-8")


@cache
def functions(file: Path) -> list[tuple[str, int]]:
    """(name, lines) of each function."""
    return [
        (node.name, (node.end_lineno or 0) - node.lineno + 1)
        for node in ast.walk(ast.parse(text_of(file)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def has_docstring(file: Path) -> bool:
    """Look at its first statement only: to parse all files takes seconds."""
    first = [*islice((token for token in tokens(file) if token.type not in {tokenize.COMMENT, tokenize.NL}), 2)]
    is_text = [token.type for token in first] == [tokenize.STRING, tokenize.NEWLINE]
    return is_text and bool(ast.literal_eval(first[0].string))


def tokens(file: Path) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(StringIO(text_of(file)).readline)


def names(file: Path) -> Iterator[str]:
    for token in tokens(file):
        if token.type == tokenize.NAME:
            yield token.string


def lines(files: list[Path]) -> int:
    return sum(len(text_of(file).splitlines()) for file in files)


def test_files_are_short_and_say_what_they_are_for() -> None:
    files = python_files()
    assert not {relative(file): size for file in files if (size := lines([file])) > MAX_FILE_LINES}
    assert not [relative(file) for file in files if text_of(file) and not has_docstring(file)]


def test_functions_are_short() -> None:
    found = {
        f"{relative(file)}:{name}": length
        for file in python_files(*PRODUCT, "benchmarks")
        for name, length in functions(file)
        if length > MAX_FUNCTION_LINES
    }
    assert not found


def test_half_of_all_functions_have_at_most_ten_lines() -> None:
    assert (
        median(length for file in python_files(*PRODUCT) for _, length in functions(file)) <= MAX_MEDIAN_FUNCTION_LINES
    )


def test_there_is_more_test_than_source() -> None:
    assert lines(python_files("tests")) >= MIN_TESTS_PER_SOURCE * lines(python_files(*PRODUCT))


def test_any_is_rare_enough_for_the_type_checker_to_see_the_seams() -> None:
    files = python_files("chalicelib")
    found = sum(name == "Any" for file in files for name in names(file))
    rate = found * 1000 / lines(files)
    print(f"{found} times Any in chalicelib, {rate:.1f} per 1,000 lines")
    assert rate <= MAX_ANY_PER_1000_LINES


def retired_names(file: Path) -> set[str]:
    """Look for the letters first: to take all files apart into tokens takes seconds."""
    if not RETIRED_LETTERS.search(text_of(file)):
        return set()
    return {name for name in names(file) if name in RETIRED_NAMES or RETIRED_PATTERN.fullmatch(name)}


def test_no_retired_name_comes_back() -> None:
    files = [file for file in python_files() if file != Path(__file__)]
    found = {relative(file): retired for file in files if (retired := retired_names(file))}
    modules = {relative(file).removesuffix(".py").replace("/", ".") for file in python_files()}
    assert not found
    assert not modules & RETIRED_MODULES


def retired_phrases(text: str) -> list[str]:
    """Look for the letters first: patterns over all texts take ten times as long."""
    text = text.lower()
    return [phrase for phrase in RETIRED_PHRASES if phrase in text and re.search(rf"\b{phrase}\b", text)]


def test_a_retired_phrase_is_found_as_whole_words() -> None:
    assert retired_phrases("Then it Gone Round.") == ["gone round"]
    assert retired_phrases("undergone rounds") == []


def test_no_retired_phrase_comes_back() -> None:
    found = [
        f"{relative(file)}: {phrase}"
        for file in tracked()
        if file.suffix in _PROSE and file != Path(__file__) and not {"vendor", "CHANGELOG.md"} & set(file.parts)
        for phrase in retired_phrases(text_of(file))
    ]
    assert not found, "\n".join(found)
